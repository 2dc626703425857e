//! The definitions of 2024 and early 2025: misttech/mist-os.

use super::super::tool::End;
use super::common::{
    AccelerationMode, ConfigGet, Daemon, DaemonCommand, EmuList, EmuStop, RegistrationList,
    RepositoryCreate, Version,
};
use super::since_2024::{
    Build, RepositoryPublish, ServerList, ServerStop, default_address, parser,
};
use super::{Action, Globals, TopLevel, command_group, commands, from_args, unknown_tool};
use std::net::SocketAddr;
use std::path::PathBuf;

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
        [switch, short = 'm'] monitor: (bool),
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
    }
    // plugins/target/repository/register/src/args.rs
    Register = "register" {
        [option, short = 'r'] repository: (Option<String>),
        [option, short = 'p'] port: (Option<u16>),
        [option] storage_type: (Option<String>),
        [option] alias: (Vec<String>),
        [option] alias_conflict_mode: (Option<String>),
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
    }
}

parser!();
