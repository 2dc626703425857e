use crate::Status;
use crate::sys::zx_handle_t;

pub(crate) fn is_named_by(_handle: zx_handle_t) -> Result<bool, Status> {
    Err(Status::NotSupported)
}
