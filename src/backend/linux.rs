//! 64-bit Linux: Zircon's rules over real Linux processes. [`crate::linux`] documents them.

mod address_space;
pub(crate) mod child;
mod errno;
mod handle_table;
mod kernel;
mod maps;
mod object;
mod opened_process;
mod process_id;
pub(crate) mod syscalls;

pub(crate) use kernel::kernel;
pub(crate) use opened_process::OpenedProcess;
