//! Handles that are closed on drop, and errors that name the system call.

use super::Result;
use fuchsia_zircon_sys as zx;
use zx_process_memory::Status;
use zx_process_memory::sys::zx_handle_t;

pub(super) struct OwnedHandle(pub(super) zx_handle_t);

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        // SAFETY: this value owns the handle, and nothing uses it afterwards.
        unsafe { zx::zx_handle_close(self.0) };
    }
}

pub(super) fn check(call: &str, raw: i32) -> Result<()> {
    Status::ok(raw).map_err(|status| format!("{call}: {status}").into())
}

/// A handle that the call stores.
pub(super) fn new_handle(
    call: &str,
    make: impl FnOnce(*mut zx_handle_t) -> i32,
) -> Result<OwnedHandle> {
    let mut handle = 0;
    check(call, make(&raw mut handle))?;
    Ok(OwnedHandle(handle))
}
