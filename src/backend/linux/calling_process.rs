use super::{errno, objects};
use crate::Status;
use crate::sys::zx_handle_t;

/// Returns whether `handle` names a process whose memory is that of the calling process: the calling
/// process itself, or a process that shares its address space. Returns an error if Linux does not let
/// this be determined.
pub(crate) fn is_named_by(handle: zx_handle_t) -> Result<bool, Status> {
    let entry = objects().handles.get(handle).ok_or(Status::BadHandle)?;
    let process = entry.object.as_process().ok_or(Status::WrongType)?;
    let is_ours = process.space.is_ours();
    is_ours.map_err(|errno| errno::status("compare the memory with the caller's", errno))
}
