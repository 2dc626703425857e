//! The definitions of 2024 and early 2025: misttech/mist-os.

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
    ffx: {}
    config_set: {
        [option, short = 'l'] level: (Option<String>),
        [option, short = 'b'] build_dir: (Option<String>),
    }
    emu_start: {
        [switch, short = 'm'] monitor: (bool),
    }
    server_start: {}
    register: {}
    run: {}
}
