//! A library without std that writes memory in two ways: with `write_memory`, and with the bare
//! call in a function of the same signature. `ci/fuchsia.sh` compares their machine code.

#![no_std]

use core::panic::PanicInfo;
use zx_process_memory::sys::{self, ZX_OK, zx_handle_t, zx_status_t, zx_vaddr_t};
use zx_process_memory::{Process, Status};

/// Writes with the crate's wrapper.
#[unsafe(no_mangle)]
pub fn wrapped(process: &Process, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<usize, Status> {
    process.write_memory(vaddr, bytes)
}

/// Writes with the bare call, without any check.
///
/// # Safety
///
/// `process` must be a handle that may be passed to `zx_process_write_memory`. The write must not
/// change memory that this program relies on.
#[unsafe(no_mangle)]
pub unsafe fn bare(
    process: &zx_handle_t,
    vaddr: zx_vaddr_t,
    bytes: &[u8],
) -> Result<usize, zx_status_t> {
    let mut actual = 0;
    // SAFETY: `buffer` is readable for `len` bytes, and `actual` is writable. The caller guarantees
    // the requirements on the handle and on the written memory.
    let status = unsafe {
        let (buffer, len) = (bytes.as_ptr(), bytes.len());
        sys::zx_process_write_memory(*process, vaddr, buffer, len, &raw mut actual)
    };
    if status == ZX_OK {
        Ok(actual)
    } else {
        Err(status)
    }
}

#[cfg(feature = "logger")]
mod logger {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use log::{LevelFilter, Log, Metadata, Record};

    /// Sums the line numbers of the records, so that the compiler cannot remove the calls.
    struct Logger(AtomicUsize);

    impl Log for Logger {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn log(&self, record: &Record<'_>) {
            let line = record.line().map_or(0, |line| line as usize);
            self.0.fetch_add(line, Ordering::Relaxed);
        }

        fn flush(&self) {}
    }

    static LOGGER: Logger = Logger(AtomicUsize::new(0));

    /// Turns the log on or off.
    #[unsafe(no_mangle)]
    pub extern "C" fn set_logging(on: bool) {
        let _ = log::set_logger(&LOGGER);
        log::set_max_level(if on {
            LevelFilter::Trace
        } else {
            LevelFilter::Off
        });
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
