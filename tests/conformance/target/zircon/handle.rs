//! Handles of the suite, and the reason for a skip if a call for a setup fails.

use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use zx_process_memory::Status;
use zx_process_memory::sys::zx_handle_t;

/// A handle that is closed on drop.
pub(super) struct OwnedHandle(pub(super) zx_handle_t);

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        // SAFETY: this value owns the handle, and nothing uses it afterwards.
        unsafe { zx::zx_handle_close(self.0) };
    }
}

/// Skips the case if a call for its setup fails: older kernels lack some calls, and a policy can forbid
/// others.
pub(super) fn or_skip(call: &str, raw: i32) -> Result<(), Skip> {
    Status::ok(raw).map_err(|status| Skip(format!("{call}: {status}")))
}

pub(super) fn new_handle(
    call: &str,
    make: impl FnOnce(*mut zx_handle_t) -> i32,
) -> Result<OwnedHandle, Skip> {
    let mut handle = 0;
    or_skip(call, make(&raw mut handle))?;
    Ok(OwnedHandle(handle))
}

/// Takes a startup handle of the program, or returns 0. libc returns each handle only once.
pub(super) fn startup_handle(id: u32) -> zx_handle_t {
    unsafe extern "C" {
        safe fn zx_take_startup_handle(id: u32) -> zx_handle_t;
    }
    zx_take_startup_handle(id)
}
