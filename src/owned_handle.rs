//! A handle that this crate has made, before it is known what it names.

use crate::handle::handle_info;
use crate::sys::{self, ZX_OBJ_TYPE_PROCESS, zx_handle_t};
use crate::{Process, Status, backend};
use core::mem::ManuallyDrop;

/// An owned handle to an object of any type. Dropping it closes the handle.
pub(crate) struct OwnedHandle(zx_handle_t);

impl OwnedHandle {
    /// # Safety
    ///
    /// The caller owns the handle and gives it up: nothing else closes it.
    pub(crate) unsafe fn from_raw(handle: zx_handle_t) -> Self {
        Self(handle)
    }

    pub(crate) fn as_raw(&self) -> zx_handle_t {
        self.0
    }

    /// The one place where safe code gets a [`Process`] that is not a duplicate of one. It enforces that the
    /// handle names a process, and not the calling process.
    ///
    /// The handle that is checked is the handle that is returned, so its object cannot change in
    /// between.
    pub(crate) fn into_process(self) -> Result<Process, Status> {
        if handle_info(self.0)?.type_ != ZX_OBJ_TYPE_PROCESS {
            return Err(Status::WrongType);
        }
        if backend::calling_process::is_named_by(self.0)? {
            return Err(Status::InvalidArgs);
        }
        // SAFETY: `self` owns the handle and gives it up without closing it. The handle does not
        // name the calling process: that was checked above.
        unsafe { Process::from_raw(ManuallyDrop::new(self).0) }
    }
}

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        // SAFETY: `self` owns the handle and does not use it again.
        unsafe { sys::zx_handle_close(self.0) };
    }
}
