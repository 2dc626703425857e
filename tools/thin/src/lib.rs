//! A program without std that writes memory and does nothing else, twice: by
//! `write_memory`, and by the bare call in the same shape. `ci/fuchsia.sh` has both read and
//! compared.

#![no_std]

use core::panic::PanicInfo;
use zx_process_memory::sys::{self, ZX_OK, zx_handle_t, zx_status_t, zx_vaddr_t};
use zx_process_memory::{Process, Status};

/// What the crate makes of it.
#[unsafe(no_mangle)]
pub fn wrapped(process: &Process, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<usize, Status> {
    process.write_memory(vaddr, bytes)
}

/// What anyone would write by hand, without a check.
///
/// # Safety
///
/// As for the call.
#[unsafe(no_mangle)]
pub unsafe fn bare(
    process: &zx_handle_t,
    vaddr: zx_vaddr_t,
    bytes: &[u8],
) -> Result<usize, zx_status_t> {
    let mut actual = 0;
    // SAFETY: `bytes` is readable for its length and `actual` writable; the rest is the
    // caller's.
    let status = unsafe {
        let (buffer, len) = (bytes.as_ptr(), bytes.len());
        sys::zx_process_write_memory(*process, vaddr, buffer, len, &raw mut actual)
    };
    if status == ZX_OK { Ok(actual) } else { Err(status) }
}

#[cfg(feature = "logger")]
mod logger {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use log::{LevelFilter, Log, Metadata, Record};

    /// Counts what it is told, so that the compiler cannot take it for nothing.
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
    pub extern "C" fn listen(on: bool) {
        let _ = log::set_logger(&LOGGER);
        log::set_max_level(if on { LevelFilter::Trace } else { LevelFilter::Off });
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
