use crate::process::{duplicate, handle_info};
use crate::sys::{self, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_NONE, zx_koid_t};
use crate::{Process, Rights, Status};
use std::process::Child;

pub(crate) fn open(child: &Child) -> Result<Process, Status> {
    let handle = child.id();
    let info = handle_info(handle)?;
    if info.type_ != ZX_OBJ_TYPE_PROCESS {
        return Err(Status::WrongType);
    }
    if info.koid == handle_info(sys::zx_process_self())?.koid {
        return Err(Status::InvalidArgs);
    }
    find_in_default_job(info.koid)?;
    duplicate(handle, Rights::SAME_RIGHTS)
}

/// A handle number that std had closed, or that it came to use for something else,
/// could name any process; a child of ours is a direct child of the default job.
fn find_in_default_job(koid: zx_koid_t) -> Result<(), Status> {
    let mut found = 0;
    // SAFETY: `found` is valid for a write.
    let raw = unsafe {
        sys::zx_object_get_child(sys::zx_job_default(), koid, ZX_RIGHT_NONE, &raw mut found)
    };
    match Status::ok(raw) {
        // SAFETY: the kernel just made this handle for us; it is closed here.
        Ok(()) => unsafe { Process::from_raw(found) }.map(drop),
        Err(Status::NotFound) => Err(Status::BadState),
        Err(status) => Err(status),
    }
}
