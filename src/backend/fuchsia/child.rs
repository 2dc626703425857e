use crate::handle::duplicate;
use crate::owned_handle::OwnedHandle;
use crate::sys::{self, ZX_RIGHT_NONE, zx_handle_t, zx_koid_t};
use crate::{Process, Rights, Status};
use std::process::Child;

pub(crate) fn open(child: &Child) -> Result<Process, Status> {
    open_handle(child.id())
}

/// Opens the child whose raw handle `handle` should be.
///
/// The duplicate is made first, and then checked. The raw handle is std's: its value can come to
/// name another object between a check and a duplicate.
pub(super) fn open_handle(handle: zx_handle_t) -> Result<Process, Status> {
    let duplicate = duplicate(handle, Rights::SAME_RIGHTS)?;
    // SAFETY: the kernel has just made this handle, and nothing else closes it.
    let duplicate = unsafe { OwnedHandle::from_raw(duplicate) };
    let process = duplicate.into_process()?;
    find_in_default_job(process.koid()?)?;
    Ok(process)
}

/// A reused handle value could name any process. A child that std started is a direct child of the
/// default job.
fn find_in_default_job(koid: zx_koid_t) -> Result<(), Status> {
    let mut child = 0;
    // SAFETY: `child` is valid for a write.
    let status = unsafe {
        sys::zx_object_get_child(sys::zx_job_default(), koid, ZX_RIGHT_NONE, &raw mut child)
    };
    match Status::ok(status) {
        Ok(()) => {
            // SAFETY: the kernel has just made this handle, and nothing else closes it.
            drop(unsafe { OwnedHandle::from_raw(child) });
            Ok(())
        }
        Err(Status::NotFound) => Err(Status::BadState),
        Err(status) => Err(status),
    }
}
