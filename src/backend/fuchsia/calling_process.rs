use crate::Status;
use crate::handle::handle_info;
use crate::sys::{self, zx_handle_t};

/// Returns whether `handle` names the calling process.
pub(crate) fn is_named_by(handle: zx_handle_t) -> Result<bool, Status> {
    Ok(handle_info(handle)?.koid == handle_info(sys::zx_process_self())?.koid)
}
