//! What the crate logs: each call at trace, each failure at debug, never a byte of
//! anybody's memory. All of it is out of line, so that a write that succeeds pays
//! for one comparison.

use crate::Status;
use crate::sys::{zx_handle_t, zx_status_t, zx_vaddr_t};

/// Whether anybody wants to hear of each call.
#[inline]
pub(crate) fn is_on() -> bool {
    log::Level::Trace <= log::STATIC_MAX_LEVEL && log::Level::Trace <= log::max_level()
}

#[cold]
#[inline(never)]
pub(crate) fn call(handle: zx_handle_t, vaddr: zx_vaddr_t, len: usize) {
    log::trace!("zx_process_write_memory({handle:#x}, {vaddr:#x}, {len} bytes)");
}

/// A write whose size is out of bounds, for which no call was made.
#[cold]
#[inline(never)]
pub(crate) fn refused(handle: zx_handle_t, vaddr: zx_vaddr_t, len: usize) -> Status {
    log::debug!(
        "write of {len} bytes at {vaddr:#x} through handle {handle:#x} not tried: \
         1 to {} bytes are allowed",
        crate::MAX_WRITE_LEN
    );
    Status::InvalidArgs
}

/// A write that the kernel refused with `raw`, which is not `ZX_OK`.
#[cold]
#[inline(never)]
pub(crate) fn failed(
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
    len: usize,
    raw: zx_status_t,
) -> Status {
    let status = Status::ok(raw).err().unwrap_or(Status::Internal);
    log::debug!("zx_process_write_memory({handle:#x}, {vaddr:#x}, {len} bytes): {status}");
    status
}
