//! 64-bit Linux: Zircon's rules for real Linux processes. The public module
//! [`linux`](crate::linux) documents the differences.

mod address_space;
mod behavior;
pub(crate) mod calling_process;
pub(crate) mod child;
mod errno;
mod fork;
mod handle_table;
mod known_processes;
mod maps;
mod object;
mod objects;
mod opened_process;
mod process_id;
mod read_by_pid;
pub(crate) mod syscalls;

pub(crate) use objects::objects;
pub(crate) use opened_process::OpenedProcess;

/// The Fuchsia backend's `child`, with the handles of this backend.
#[cfg(test)]
#[allow(dead_code)]
#[path = "fuchsia/child.rs"]
mod fuchsia_child;

#[cfg(test)]
mod tests;
