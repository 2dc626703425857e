//! The output of a copy: a socket.

use super::super::handle::{OwnedHandle, check};
use super::Result;
use fuchsia_zircon_sys as zx;
use std::fmt;
use std::io::{self, Read};
use zx_process_memory::Status;
use zx_process_memory::sys::zx_handle_t;

/// The parent's end. A read returns what the copy has written, and does not wait for more.
pub(crate) struct Output(OwnedHandle);

pub(super) fn new() -> Result<(Output, OwnedHandle)> {
    let (mut output, mut writer) = (0, 0);
    // SAFETY: both are valid for writes of handles.
    let raw =
        unsafe { zx::zx_socket_create(zx::ZX_SOCKET_STREAM, &raw mut output, &raw mut writer) };
    check("zx_socket_create", raw)?;
    Ok((Output(OwnedHandle(output)), OwnedHandle(writer)))
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        // SAFETY: `buffer` is valid for writes of its length, and `count` for a write.
        let raw = unsafe {
            let (to, len) = (buffer.as_mut_ptr(), buffer.len());
            zx::zx_socket_read(self.0.0, 0, to, len, &raw mut count)
        };
        match Status::ok(raw) {
            Ok(()) => Ok(count),
            Err(Status::ShouldWait | Status::PeerClosed) => Ok(0),
            Err(status) => Err(status.into()),
        }
    }
}

/// Ends the copy.
pub(crate) fn exit(status: i64) -> ! {
    // SAFETY: the call takes no pointer, and does not return.
    unsafe { zx::zx_process_exit(status) };
    loop {
        std::hint::spin_loop();
    }
}

/// The copy's end.
pub(crate) struct OutputWriter(zx_handle_t);

impl OutputWriter {
    /// The argument of the copy's main function.
    pub(crate) const fn new(output: zx_handle_t) -> Self {
        Self(output)
    }
}

impl fmt::Write for OutputWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let none = std::ptr::null_mut();
        // SAFETY: `text` is valid for reads of its length, and the call allows a null count.
        let raw = unsafe { zx::zx_socket_write(self.0, 0, text.as_ptr(), text.len(), none) };
        // A short write would need a full socket.
        Status::ok(raw).map_err(|_| fmt::Error)
    }
}
