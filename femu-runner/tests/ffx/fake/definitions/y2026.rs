//! The definitions of 2025 and 2026: misttech/fuchsia.

use super::super::tool::End;
use super::common::{
    AccelerationMode, ConfigGet, Daemon, DaemonCommand, EmuList, EmuStop, RegistrationList,
    RepositoryCreate, Version,
};
use super::since_2024::{
    Build, RepositoryPublish, ServerList, ServerStop, default_address, definitions_since_2024,
};
use super::{Action, Globals, TopLevel, command_group, commands, from_args, unknown_tool};
use std::net::SocketAddr;
use std::path::PathBuf;

definitions_since_2024! {
    ffx: {
        #[argh(switch, short = 'd', description = "as in the source")]
        direct: bool,
    }
    config_set: {}
    emu_start: {
        [option] smp: (Option<String>),
    }
    server_start: {
        [option] tunnel_addr: (Option<SocketAddr>),
    }
    register: {
        [option] address_override: (Option<SocketAddr>),
        [option] json_uri: (Option<String>),
    }
    run: {
        [switch] no_cases_equals_success: (bool),
        [option] pilot: (Option<String>),
    }
}
