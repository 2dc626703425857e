//! Definitions that did not change from 2023 to 2026.

use super::{command_group, commands};
use std::path::PathBuf;
use std::str::FromStr;

/// `lib/emulator_instance/src/enumerations.rs`
#[derive(Debug)]
pub struct AccelerationMode;

impl FromStr for AccelerationMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" | "hyper" | "none" => Ok(Self),
            _ => Err(format!(
                "could not parse '{text}' as a valid emulator_instance::enumerations::AccelerationMode. \
                 Please check the help text for allowed values and try again"
            )),
        }
    }
}

commands! {
    // plugins/version/src/args.rs
    Version = "version" {
        [switch, short = 'v'] verbose: (bool),
    }
    // plugins/emulator/commands/list/src/args.rs
    EmuList = "list" {
        [switch, short = 'r'] only_running: (bool),
    }
    // plugins/emulator/commands/stop/src/args.rs
    EmuStop = "stop" {
        [switch] all: (bool),
        [switch, short = 'p'] persist: (bool),
        [positional] name: (Option<String>),
    }
    // src/sys/pkg/lib/package-tool/src/args.rs
    RepositoryCreate = "create" {
        [switch] time_versioning: (bool),
        [option] keys: (Option<PathBuf>),
        [positional] repo_path: (PathBuf),
    }
    // plugins/target/repository/list/src/args.rs
    RegistrationList = "list" {}
    // plugins/daemon/stop/src/args.rs
    DaemonStop = "stop" {
        [switch, short = 'w'] wait: (bool),
        [switch] no_wait: (bool),
        [option, short = 't'] timeout_ms: (Option<u32>),
    }
    // plugins/daemon/start/src/args.rs, in part
    DaemonStart = "start" {
        [switch, short = 'b'] background: (bool),
    }
    // plugins/config/src/args.rs
    ConfigGet = "get" {
        [positional] name: (Option<String>),
        [option, short = 'p'] process: (Option<String>),
        [option, short = 's'] select: (Option<String>),
    }
}

command_group! { Daemon = "daemon" { DaemonCommand: Start(DaemonStart), Stop(DaemonStop), } }
