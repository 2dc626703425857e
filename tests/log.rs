//! The log of the library. A program has one logger, so this file is one test.

use log::{Level, LevelFilter, Log, Metadata, Record};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use zx_process_memory::{MAX_WRITE_LEN, Process, Status};

struct Lines(Mutex<Vec<(Level, String)>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (record.level(), record.args().to_string());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

static LINES: Lines = Lines(Mutex::new(Vec::new()));
static TARGET: AtomicU64 = AtomicU64::new(0);

fn take_lines() -> Vec<(Level, String)> {
    std::mem::take(&mut *LINES.0.lock().unwrap())
}

/// Asserts that exactly this line was logged.
fn assert_logged(level: Level, line: &str) {
    assert_eq!(take_lines(), [(level, line.to_owned())]);
}

#[cfg_attr(backend = "unsupported", ignore = "this target has no backend")]
#[test]
fn calls_are_traced_failures_are_logged_and_bytes_are_not() {
    log::set_logger(&LINES).unwrap();
    // SAFETY: this test writes only `TARGET`, an atomic, to which every value is valid.
    let own = unsafe { Process::current() }.unwrap();
    let (handle, vaddr) = (own.as_raw(), TARGET.as_ptr().addr());
    let secret = *b"swordfsh";

    log::set_max_level(LevelFilter::Trace);
    own.write_memory(vaddr, &secret).unwrap();
    let call = format!("zx_process_write_memory({handle:#x}, {vaddr:#x}, 8 bytes)");
    assert_logged(Level::Trace, &format!("{call}: 8 bytes"));

    let call = |len| format!("zx_process_write_memory({handle:#x}, 0x10, {len} bytes)");
    let status = own.write_memory(0x10, &secret).unwrap_err();
    assert_logged(Level::Debug, &format!("{}: {status}", call(8)));

    let too_long = vec![0; MAX_WRITE_LEN + 1];
    for bytes in [&[], &too_long[..]] {
        let status = own.write_memory(0x10, bytes).unwrap_err();
        assert_eq!(status, Status::InvalidArgs);
        assert_logged(Level::Debug, &format!("{}: {status}", call(bytes.len())));
    }

    let mut seen = [0; 8];
    own.read_memory(vaddr, &mut seen).unwrap();
    let call = format!("zx_process_read_memory({handle:#x}, {vaddr:#x}, 8 bytes)");
    assert_logged(Level::Trace, &format!("{call}: 8 bytes"));
    assert_eq!(seen, secret);

    let call = |len| format!("zx_process_read_memory({handle:#x}, 0x10, {len} bytes)");
    let status = own.read_memory(0x10, &mut seen).unwrap_err();
    assert_logged(Level::Debug, &format!("{}: {status}", call(8)));

    let status = own.read_memory(0x10, &mut []).unwrap_err();
    assert_eq!(status, Status::InvalidArgs);
    assert_logged(Level::Debug, &format!("{}: {status}", call(0)));

    log::set_max_level(LevelFilter::Debug);
    own.write_memory(vaddr, &secret).unwrap();
    assert_eq!(take_lines(), []);
    own.write_memory(0x10, &secret).unwrap_err();
    assert_eq!(take_lines().len(), 1);

    log::set_max_level(LevelFilter::Info);
    own.write_memory(0x10, &secret).unwrap_err();
    assert_eq!(take_lines(), []);
    assert_eq!(TARGET.load(Ordering::Relaxed), u64::from_ne_bytes(secret));
}
