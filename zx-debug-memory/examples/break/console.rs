//! Output of a program without stdio. Userboot starts a program without stdio (measured: 2018 to April
//! 2021), and std drops what such a program prints. A pipe replaces stdout and stderr, and a thread
//! copies the pipe to the kernel's console.

use fuchsia_zircon_sys::zx_debug_write;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::FromRawFd;
use std::thread::{self, JoinHandle};

// From fdio.
unsafe extern "C" {
    fn pipe(fds: *mut [i32; 2]) -> i32;
    fn dup2(from: i32, to: i32) -> i32;
    fn close(fd: i32) -> i32;
}

const STDOUT: i32 = 1;
const STDERR: i32 = 2;

/// The kernel ignores the rest of a longer write (`kMaxDebugWriteSize`, read in the sources of 2018 to
/// 2021).
const MAX_DEBUG_WRITE: usize = 256;

/// Copies the output until it is dropped. Nothing can be printed afterwards.
pub(crate) struct RedirectedOutput(Option<JoinHandle<()>>);

/// Redirects stdout and stderr if the program has no stdio. Such a program's environment is the
/// kernel command line, and has the option `userboot`, from which userboot reads the program (measured:
/// 2018 to April 2021).
pub(crate) fn redirect_output() -> Option<RedirectedOutput> {
    std::env::var_os("userboot")?;
    let mut fds = [0; 2];
    // SAFETY: `fds` is valid for a write of two descriptors.
    check(unsafe { pipe(&raw mut fds) });
    let [reader, writer] = fds;
    for fd in [STDOUT, STDERR] {
        // SAFETY: `writer` is open. std uses the standard descriptors by their number only.
        check(unsafe { dup2(writer, fd) });
    }
    // SAFETY: this function owns the descriptor, and does not use it again.
    check(unsafe { close(writer) });
    // SAFETY: this function owns the descriptor, and does not use it again.
    let reader = unsafe { File::from_raw_fd(reader) };
    Some(RedirectedOutput(Some(thread::spawn(|| copy(reader)))))
}

fn copy(mut reader: File) {
    let mut buffer = [0; MAX_DEBUG_WRITE];
    while let Ok(len @ 1..) = reader.read(&mut buffer) {
        // SAFETY: the buffer is valid for reads of `len` bytes.
        unsafe { zx_debug_write(buffer.as_ptr(), len) };
    }
}

fn check(result: i32) {
    assert!(result >= 0, "{}", io::Error::last_os_error());
}

impl Drop for RedirectedOutput {
    fn drop(&mut self) {
        for fd in [STDOUT, STDERR] {
            // SAFETY: std uses the standard descriptors by their number only, and ignores that they
            // are closed.
            check(unsafe { close(fd) });
        }
        if let Some(thread) = self.0.take() {
            thread.join().unwrap();
        }
    }
}
