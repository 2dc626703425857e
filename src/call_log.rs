//! Logs the memory calls: a success at level trace, an error at level debug. It never logs the
//! bytes.
//!
//! Without a logger a call costs one comparison: all else is out of line.

use crate::Status;
use crate::sys::{zx_handle_t, zx_vaddr_t};

/// The arguments of a call, as they are logged.
pub(crate) struct Arguments {
    pub(crate) handle: zx_handle_t,
    pub(crate) vaddr: zx_vaddr_t,
    pub(crate) len: usize,
}

/// Makes the call, and logs it if the level is on.
#[inline]
pub(crate) fn logged(
    syscall: &'static str,
    arguments: &Arguments,
    call: impl FnOnce() -> Result<usize, Status>,
) -> Result<usize, Status> {
    if log::Level::Debug <= log::STATIC_MAX_LEVEL && log::Level::Debug <= log::max_level() {
        call_and_log(syscall, arguments, call)
    } else {
        call()
    }
}

#[cold]
#[inline(never)]
fn call_and_log(
    syscall: &'static str,
    &Arguments { handle, vaddr, len }: &Arguments,
    call: impl FnOnce() -> Result<usize, Status>,
) -> Result<usize, Status> {
    let result = call();
    match result {
        Ok(count) => log::trace!("{syscall}({handle:#x}, {vaddr:#x}, {len} bytes): {count} bytes"),
        Err(status) => log::debug!("{syscall}({handle:#x}, {vaddr:#x}, {len} bytes): {status}"),
    }
    result
}
