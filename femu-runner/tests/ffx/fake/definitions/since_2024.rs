//! The definitions of the versions of 2024 and 2026, without their differences, and the parser for both.

use super::commands;
use std::net::SocketAddr;
use std::path::PathBuf;

commands! {
    // src/sys/pkg/lib/package-tool/src/args.rs
    RepositoryPublish = "publish" {
        [option] signing_keys: (Option<PathBuf>),
        [option] trusted_keys: (Option<PathBuf>),
        [option] trusted_root: (Option<PathBuf>),
        [option] package: (Vec<PathBuf>),
        [option] package_list: (Vec<PathBuf>),
        [option] package_archive: (Vec<PathBuf>),
        [option] product_bundle: (Vec<PathBuf>),
        [switch] time_versioning: (bool),
        [option] metadata_current_time: (Option<String>),
        [switch] refresh_root: (bool),
        [switch] clean: (bool),
        [option] depfile: (Option<PathBuf>),
        [option] copy_mode: (Option<String>),
        [option] delivery_blob_type: (Option<u32>),
        [switch] watch: (bool),
        [switch] ignore_missing_packages: (bool),
        [option] blob_manifest: (Option<PathBuf>),
        [option] blob_repo_dir: (Option<PathBuf>),
        [positional] repo_path: (PathBuf),
    }
    // plugins/repository/server/stop/src/args.rs
    ServerStop = "stop" {
        [switch] all: (bool),
        [option] product_bundle: (Option<PathBuf>),
        [option, short = 'p'] port: (Option<u16>),
        [positional] name: (Option<String>),
    }
    // plugins/repository/server/list/src/args.rs
    ServerList = "list" {
        [switch] full: (bool),
        [option] name: (Vec<String>),
    }
    // src/sys/pkg/lib/package-tool/src/args.rs
    Build = "build" {
        [option, short = 'o', default = "PathBuf::from(\"./out\")"] out: (PathBuf),
        [option] api_level: (String),
        [option] published_name: (Option<String>),
        [option] repository: (Option<String>),
        [switch] depfile: (bool),
        [switch] blobs_json: (bool),
        [switch] blobs_manifest: (bool),
        [option] subpackages_build_manifest_path: (Option<PathBuf>),
        [positional] package_build_manifest_path: (PathBuf),
    }
}

/// The default of `--address`.
pub fn default_address() -> SocketAddr {
    "[::]:8083".parse().unwrap()
}

/// The definitions of a version, with the options that other versions do not have, and the function
/// `parse`.
macro_rules! definitions_since_2024 {
    (
        ffx: {$($ffx:tt)*}
        config_set: {$($config_set:tt)*}
        emu_start: {$($emu_start:tt)*}
        server_start: {$($server_start:tt)*}
        register: {$($register:tt)*}
        run: {$($run:tt)*}
    ) => {
        // command/src/ffx.rs
        #[derive(argh::FromArgs)]
        #[argh(description = "as in the source")]
        #[allow(dead_code, clippy::struct_excessive_bools)]
        pub struct Ffx {
            #[argh(option, short = 'c', description = "as in the source")]
            config: Vec<String>,
            #[argh(option, short = 'e', description = "as in the source")]
            env: Option<String>,
            #[argh(option, description = "as in the source")]
            env_root: Option<PathBuf>,
            #[argh(option, description = "as in the source")]
            machine: Option<String>,
            #[argh(switch, description = "as in the source")]
            schema: bool,
            #[argh(option, description = "as in the source")]
            stamp: Option<String>,
            #[argh(option, short = 't', description = "as in the source")]
            target: Option<String>,
            #[argh(option, description = "as in the source")]
            timeout: Option<f64>,
            #[argh(option, short = 'l', description = "as in the source")]
            log_level: Option<String>,
            #[argh(option, short = 'o', description = "as in the source")]
            log_output: Option<String>,
            #[argh(option, description = "as in the source")]
            isolate_dir: Option<PathBuf>,
            #[argh(switch, description = "as in the source")]
            no_environment: bool,
            #[argh(switch, description = "as in the source")]
            strict: bool,
            $($ffx)*
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
                $($config_set)*
            }
            // plugins/emulator/commands/start/src/args.rs
            EmuStart = "start" {
                [positional] product_bundle: (Option<String>),
                [option, default = "AccelerationMode"] accel: (AccelerationMode),
                [option] config: (Option<PathBuf>),
                [switch] console: (bool),
                [switch] debugger: (bool),
                [option] dev_config: (Option<PathBuf>),
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
                $($emu_start)*
                [option] name: (Option<String>),
                [option] net: (Option<String>),
                [option] port_map: (Vec<String>),
                [switch] reuse: (bool),
                [switch] reuse_with_check: (bool),
                [switch] stage: (bool),
                [option, short = 's'] startup_timeout: (Option<u64>),
                [switch] uefi: (bool),
                [option] vbmeta_key: (Option<String>),
                [option] vbmeta_key_metadata: (Option<String>),
                [switch, short = 'V'] verbose: (bool),
            }
            // plugins/repository/server/start/src/args.rs
            ServerStart = "start" {
                [option, default = "default_address()"] address: (SocketAddr),
                [switch] background: (bool),
                [switch] foreground: (bool),
                [switch] disconnected: (bool),
                [option, short = 'r'] repository: (Option<String>),
                [option] trusted_root: (Option<PathBuf>),
                [option] repo_path: (Option<PathBuf>),
                [option] product_bundle: (Option<PathBuf>),
                [option] alias: (Vec<String>),
                [option] storage_type: (Option<String>),
                [option] alias_conflict_mode: (Option<String>),
                [option] port_path: (Option<PathBuf>),
                [switch] no_device: (bool),
                [switch] refresh_metadata: (bool),
                [option] auto_publish: (Option<PathBuf>),
                $($server_start)*
            }
            // plugins/target/repository/register/src/args.rs
            Register = "register" {
                [option, short = 'r'] repository: (Option<String>),
                [option, short = 'p'] port: (Option<u16>),
                [option] storage_type: (Option<String>),
                [option] alias: (Vec<String>),
                [option] alias_conflict_mode: (Option<String>),
                $($register)*
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
                [switch] break_on_failure: (bool),
                [switch] filter_ansi: (bool),
                [option] min_severity_logs: (Vec<String>),
                [switch] show_full_moniker_in_logs: (bool),
                [option] output_directory: (Option<PathBuf>),
                [switch] disable_output_directory: (bool),
                [switch] no_exception_channel: (bool),
                $($run)*
            }
        }

        command_group! { Config = "config" { ConfigCommand: Set(ConfigSet), Get(ConfigGet), } }
        command_group! { Emu = "emu" { EmuCommand: List(EmuList), Start(EmuStart), Stop(EmuStop), } }
        command_group! { Server = "server" { ServerCommand: Start(ServerStart), Stop(ServerStop), List(ServerList), } }
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
                    ConfigCommand::Set(set) => Action::ConfigSet { name: set.name, value: set.value },
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
                    RepositoryCommand::Create(create) => Action::RepositoryCreate { directory: create.repo_path },
                    RepositoryCommand::Publish(publish) => Action::RepositoryPublish {
                        packages: publish.package,
                        repository: publish.repo_path,
                    },
                    RepositoryCommand::Server(server) => match server.command {
                        ServerCommand::Start(start) => Action::ServerStart(super::ServerStart {
                            address: start.address,
                            name: start.repository.unwrap_or_else(|| "devhost".to_owned()),
                            repo_path: start.repo_path,
                            background: start.background,
                            foreground: start.foreground,
                            no_device: start.no_device,
                        }),
                        ServerCommand::Stop(stop) => Action::ServerStop { name: stop.name, all: stop.all },
                        ServerCommand::List(_) => Action::ServerList,
                    },
                },
                Some("target") => match from_args::<Target>(&command, rest)?.command {
                    TargetCommand::Repository(repository) => match repository.command {
                        TargetRepositoryCommand::Register(register) => Action::Register { repository: register.repository },
                        TargetRepositoryCommand::List(_) => Action::RegistrationList,
                    },
                },
                Some("package") => {
                    let PackageCommand::Build(build) = from_args::<Package>(&command, rest)?.command;
                    Action::PackageBuild(super::PackageBuild {
                        manifest: build.package_build_manifest_path,
                        out: build.out,
                        level: build.api_level,
                        published_name: build.published_name,
                    })
                }
                Some("test") => {
                    let TestCommand::Run(run) = from_args::<Test>(&command, rest)?.command;
                    let mut args = run.test_args.into_iter();
                    let url = args.next().ok_or_else(|| End::user("No tests specified!"))?;
                    Action::TestRun(super::TestRun {
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
    };
}

pub(crate) use definitions_since_2024;
