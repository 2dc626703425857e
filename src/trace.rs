//! What the crate logs: each call at trace, each failure at debug, never a byte of
//! anybody's memory. All of it is out of line, so that a call that succeeds pays
//! for one comparison.

use crate::Status;
use crate::sys::{zx_handle_t, zx_status_t, zx_vaddr_t};

/// Whether anybody wants to hear of each call.
#[inline]
pub(crate) fn is_on() -> bool {
    log::Level::Trace <= log::STATIC_MAX_LEVEL && log::Level::Trace <= log::max_level()
}

macro_rules! lines {
    ($syscall:literal, $what:literal: $call:ident, $refused:ident, $failed:ident) => {
        #[cold]
        #[inline(never)]
        pub(crate) fn $call(handle: zx_handle_t, vaddr: zx_vaddr_t, len: usize) {
            log::trace!(concat!($syscall, "({:#x}, {:#x}, {} bytes)"), handle, vaddr, len);
        }

        /// The size is out of bounds, and no call was made.
        #[cold]
        #[inline(never)]
        pub(crate) fn $refused(handle: zx_handle_t, vaddr: zx_vaddr_t, len: usize) -> Status {
            log::debug!(
                concat!(
                    $what,
                    " of {} bytes at {:#x} through handle {:#x} not tried: 1 to {} bytes are allowed"
                ),
                len,
                vaddr,
                handle,
                crate::MAX_WRITE_LEN
            );
            Status::InvalidArgs
        }

        /// The kernel refused with `raw`, which is not `ZX_OK`.
        #[cold]
        #[inline(never)]
        pub(crate) fn $failed(
            handle: zx_handle_t,
            vaddr: zx_vaddr_t,
            len: usize,
            raw: zx_status_t,
        ) -> Status {
            let status = Status::ok(raw).err().unwrap_or(Status::Internal);
            log::debug!(
                concat!($syscall, "({:#x}, {:#x}, {} bytes): {}"),
                handle,
                vaddr,
                len,
                status
            );
            status
        }
    };
}

lines!("zx_process_write_memory", "write": write_call, write_refused, write_failed);
lines!("zx_process_read_memory", "read": read_call, read_refused, read_failed);
