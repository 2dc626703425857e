//! Definitions that are the same in the versions of 2024 and 2026, and the parser for both.

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

/// The command groups, and the function `parse`, for the commands in the module.
macro_rules! parser {
    () => {
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

pub(crate) use parser;
