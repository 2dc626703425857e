//! What the crate logs: each call at trace, each failure at debug, never a byte of
//! anybody's memory. All of it is out of line: where nobody listens, a call pays for one
//! comparison.

use crate::sys::{zx_handle_t, zx_vaddr_t};
use crate::{MAX_WRITE_LEN, Status};
use core::fmt;

/// Whether anybody wants to hear of failures, or of each call.
#[inline]
pub(crate) fn is_on() -> bool {
    log::Level::Debug <= log::STATIC_MAX_LEVEL && log::Level::Debug <= log::max_level()
}

/// A call as it is told.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) handle: zx_handle_t,
    pub(crate) vaddr: zx_vaddr_t,
    pub(crate) len: usize,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            handle,
            vaddr,
            len,
        } = self;
        write!(f, "{name}({handle:#x}, {vaddr:#x}, {len} bytes)")
    }
}

/// Makes the call and tells of it.
pub(crate) fn told(
    call: &Call,
    make: impl FnOnce() -> Result<usize, Status>,
) -> Result<usize, Status> {
    if call.len == 0 || call.len > MAX_WRITE_LEN {
        log::debug!("{call} is not made: 1 to {MAX_WRITE_LEN} bytes are allowed");
        return make();
    }
    log::trace!("{call}");
    let outcome = make();
    if let Err(status) = outcome {
        log::debug!("{call}: {status}");
    }
    outcome
}
