//! The definitions of 2023: gnoliyil/fuchsia.

use super::super::tool::End;
use super::common::{
    AccelerationMode, ConfigGet, Daemon, DaemonCommand, EmuList, EmuStop, RegistrationList,
    RepositoryCreate, Version,
};
use super::{
    Action, Globals, PackageBuild, TestRun, TopLevel, command_group, commands, from_args,
    unknown_tool,
};
use std::net::SocketAddr;
use std::path::PathBuf;

// command/src/ffx.rs
#[derive(argh::FromArgs)]
#[argh(description = "as in the source")]
#[allow(dead_code)]
pub struct Ffx {
    #[argh(option, short = 'c', description = "as in the source")]
    config: Vec<String>,
    #[argh(option, short = 'e', description = "as in the source")]
    env: Option<String>,
    #[argh(option, description = "as in the source")]
    machine: Option<String>,
    #[argh(option, description = "as in the source")]
    stamp: Option<String>,
    #[argh(option, short = 't', description = "as in the source")]
    target: Option<String>,
    #[argh(option, short = 'T', description = "as in the source")]
    timeout: Option<f64>,
    #[argh(option, short = 'l', description = "as in the source")]
    log_level: Option<String>,
    #[argh(option, description = "as in the source")]
    isolate_dir: Option<PathBuf>,
    #[argh(switch, short = 'v', description = "as in the source")]
    verbose: bool,
    #[argh(positional, greedy, description = "as in the source")]
    subcommand: Vec<String>,
}

impl TopLevel for Ffx {
    fn split(self) -> (Globals, Vec<String>) {
        let globals = Globals {
            isolate_dir: self.isolate_dir,
            target: self.target,
            machine: self.machine,
        };
        (globals, self.subcommand)
    }
}

commands! {
    // plugins/config/src/args.rs
    ConfigSet = "set" {
        [positional] name: (String),
        [positional] value: (String),
        [option, short = 'l'] level: (Option<String>),
        [option, short = 'b'] build_dir: (Option<String>),
    }
    // plugins/emulator/commands/start/src/args.rs
    EmuStart = "start" {
        [positional] product_bundle: (Option<String>),
        [option, default = "AccelerationMode"] accel: (AccelerationMode),
        [option] config: (Option<PathBuf>),
        [switch] console: (bool),
        [switch] debugger: (bool),
        [option] device: (Option<String>),
        [switch] device_list: (bool),
        [switch] dry_run: (bool),
        [switch] edit: (bool),
        [option] engine: (Option<String>),
        [option] gpu: (Option<String>),
        [switch, short = 'H'] headless: (bool),
        [option] hidpi_scaling: (Option<bool>),
        [option, short = 'c'] kernel_args: (Vec<String>),
        [option, short = 'l'] log: (Option<PathBuf>),
        [switch, short = 'm'] monitor: (bool),
        [option] name: (Option<String>),
        [option] net: (Option<String>),
        [option] port_map: (Vec<String>),
        [switch] reuse: (bool),
        [switch] stage: (bool),
        [option, short = 's'] startup_timeout: (Option<u64>),
        [switch, short = 'V'] verbose: (bool),
    }
    // src/sys/pkg/lib/package-tool/src/args.rs
    RepositoryPublish = "publish" {
        [option] signing_keys: (Option<PathBuf>),
        [option] trusted_keys: (Option<PathBuf>),
        [option] trusted_root: (Option<PathBuf>),
        [option] package: (Vec<PathBuf>),
        [option] package_list: (Vec<PathBuf>),
        [option] package_archive: (Vec<PathBuf>),
        [switch] time_versioning: (bool),
        [switch] refresh_root: (bool),
        [switch] clean: (bool),
        [option] depfile: (Option<PathBuf>),
        [option] copy_mode: (Option<String>),
        [option] delivery_blob_type: (Option<u32>),
        [switch] watch: (bool),
        [switch] ignore_missing_packages: (bool),
        [positional] repo_path: (PathBuf),
    }
    // plugins/repository/server/start/src/args.rs
    ServerStart = "start" {
        [option] address: (Option<SocketAddr>),
    }
    // plugins/repository/server/stop/src/args.rs
    ServerStop = "stop" {}
    // plugins/repository/server/status/src/args.rs
    ServerStatus = "status" {}
    // plugins/target/repository/register/src/args.rs
    Register = "register" {
        [option, short = 'r'] repository: (Option<String>),
        [option] storage_type: (Option<String>),
        [option] alias: (Vec<String>),
        [option] alias_conflict_mode: (Option<String>),
    }
    // src/sys/pkg/lib/package-tool/src/args.rs
    Build = "build" {
        [option, short = 'o', default = "PathBuf::from(\"./out\")"] out: (PathBuf),
        [option] api_level: (Option<u64>),
        [option] abi_revision: (Option<u64>),
        [option] published_name: (Option<String>),
        [option] repository: (Option<String>),
        [switch] depfile: (bool),
        [switch] meta_far_merkle: (bool),
        [switch] blobs_json: (bool),
        [switch] blobs_manifest: (bool),
        [option] subpackages_build_manifest_path: (Option<PathBuf>),
        [positional] package_build_manifest_path: (PathBuf),
    }
    // plugins/test/src/args.rs
    Run = "run" {
        [positional] test_args: (Vec<String>),
        [option] test_file: (Option<String>),
        [option, short = 't'] timeout: (Option<u32>),
        [option] test_filter: (Vec<String>),
        [option] realm: (Option<String>),
        [switch] run_disabled: (bool),
        [option] parallel: (Option<u16>),
        [option] max_severity_logs: (Option<String>),
        [switch] continue_on_timeout: (bool),
        [option] stop_after_failures: (Option<u32>),
        [option] count: (Option<u32>),
        [option] experimental_parallel_execution: (Option<u16>),
        [switch] filter_ansi: (bool),
        [option] min_severity_logs: (Vec<String>),
        [switch] show_full_moniker_in_logs: (bool),
        [option] output_directory: (Option<PathBuf>),
        [switch] disable_output_directory: (bool),
    }
}

command_group! { Config = "config" { ConfigCommand: Set(ConfigSet), Get(ConfigGet), } }
command_group! { Emu = "emu" { EmuCommand: List(EmuList), Start(EmuStart), Stop(EmuStop), } }
command_group! { Server = "server" { ServerCommand: Start(ServerStart), Stop(ServerStop), Status(ServerStatus), } }
command_group! { Repository = "repository" { RepositoryCommand: Create(RepositoryCreate), Publish(RepositoryPublish), Server(Server), } }
command_group! { TargetRepository = "repository" { TargetRepositoryCommand: Register(Register), List(RegistrationList), } }
command_group! { Target = "target" { TargetCommand: Repository(TargetRepository), } }
command_group! { Package = "package" { PackageCommand: Build(Build), } }
command_group! { Test = "test" { TestCommand: Run(Run), } }

/// Parses a command.
pub fn parse(words: &[&str]) -> Result<Action, End> {
    let command = ["ffx", words.first().copied().unwrap_or_default()];
    let rest = words.get(1..).unwrap_or_default();
    Ok(match words.first().copied() {
        Some("version") => {
            from_args::<Version>(&command, rest)?;
            Action::Version
        }
        Some("config") => match from_args::<Config>(&command, rest)?.command {
            ConfigCommand::Set(set) => Action::ConfigSet {
                name: set.name,
                value: set.value,
            },
            ConfigCommand::Get(_) => Action::ConfigGet,
        },
        Some("emu") => match from_args::<Emu>(&command, rest)?.command {
            EmuCommand::List(_) => Action::EmuList,
            EmuCommand::Start(start) => Action::EmuStart(super::EmuStart {
                bundle: start.product_bundle.map(PathBuf::from),
                name: start.name.unwrap_or_else(|| "fuchsia-emulator".to_owned()),
                engine: start.engine,
                net: start.net,
                headless: start.headless,
                log: start.log,
            }),
            EmuCommand::Stop(stop) => Action::EmuStop { name: stop.name },
        },
        Some("repository") => match from_args::<Repository>(&command, rest)?.command {
            RepositoryCommand::Create(create) => Action::RepositoryCreate {
                directory: create.repo_path,
            },
            RepositoryCommand::Publish(publish) => Action::RepositoryPublish {
                packages: publish.package,
                repository: publish.repo_path,
            },
            RepositoryCommand::Server(_) => {
                return Err(End::user("No repository server is running"));
            }
        },
        Some("target") => match from_args::<Target>(&command, rest)?.command {
            TargetCommand::Repository(repository) => match repository.command {
                TargetRepositoryCommand::Register(register) => Action::Register {
                    repository: register.repository,
                },
                TargetRepositoryCommand::List(_) => Action::RegistrationList,
            },
        },
        Some("package") => {
            let PackageCommand::Build(build) = from_args::<Package>(&command, rest)?.command;
            let level = build
                .api_level
                .map_or("14".to_owned(), |level| level.to_string());
            Action::PackageBuild(PackageBuild {
                manifest: build.package_build_manifest_path,
                out: build.out,
                level,
                published_name: build.published_name,
            })
        }
        Some("test") => {
            let TestCommand::Run(run) = from_args::<Test>(&command, rest)?.command;
            let mut args = run.test_args.into_iter();
            let url = args
                .next()
                .ok_or_else(|| End::user("No tests specified!"))?;
            Action::TestRun(TestRun {
                url,
                args: args.collect(),
                output_directory: run.output_directory,
                realm: run.realm,
            })
        }
        Some("daemon") => match from_args::<Daemon>(&command, rest)?.command {
            DaemonCommand::Stop(_) => Action::DaemonStop,
            DaemonCommand::Start(_) => return Err(End::user("the fake has no daemon")),
        },
        word => return Err(unknown_tool(word)),
    })
}
