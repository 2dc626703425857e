//! Logs the memory calls: a success at level trace, an error at level debug. It never logs the
//! bytes.
//!
//! Without a logger a call costs one comparison: all else is out of line.

use crate::sys::zx_vaddr_t;
use crate::{Process, Status};

/// Makes the call, and logs it if the level is on.
///
/// `call` must not capture anything: captured values would be stored on the stack before the level is
/// checked. `ci/fuchsia.sh` counts the instructions.
#[inline]
pub(crate) fn logged<B>(
    syscall: &'static str,
    process: &Process,
    vaddr: zx_vaddr_t,
    buffer: *const [B],
    call: impl FnOnce(&Process, zx_vaddr_t, *const [B]) -> Result<usize, Status>,
) -> Result<usize, Status> {
    if log::Level::Debug <= log::STATIC_MAX_LEVEL && log::Level::Debug <= log::max_level() {
        call_and_log(syscall, process, vaddr, buffer, call)
    } else {
        call(process, vaddr, buffer)
    }
}

#[cold]
#[inline(never)]
fn call_and_log<B>(
    syscall: &'static str,
    process: &Process,
    vaddr: zx_vaddr_t,
    buffer: *const [B],
    call: impl FnOnce(&Process, zx_vaddr_t, *const [B]) -> Result<usize, Status>,
) -> Result<usize, Status> {
    // A reference: if the handle were passed by value, callers would load it before they check the
    // level.
    let (handle, len) = (process.raw(), buffer.len());
    let result = call(process, vaddr, buffer);
    match result {
        Ok(count) => log::trace!("{syscall}({handle:#x}, {vaddr:#x}, {len} bytes): {count} bytes"),
        Err(status) => log::debug!("{syscall}({handle:#x}, {vaddr:#x}, {len} bytes): {status}"),
    }
    result
}
