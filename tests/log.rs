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

/// Asserts that one line at level debug names the call and the maximum length.
fn assert_rejected(call: &str) {
    let lines = take_lines();
    let [(Level::Debug, line)] = &lines[..] else {
        panic!("not one line at level debug: {lines:?}");
    };
    assert!(line.starts_with(call), "{line}");
    assert!(line[call.len()..].contains("67108864"), "{line}");
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
    assert_eq!(take_lines(), [(Level::Trace, call)]);

    let status = own.write_memory(0x10, &secret).unwrap_err();
    let call = format!("zx_process_write_memory({handle:#x}, 0x10, 8 bytes)");
    let failure = format!("{call}: {status}");
    assert_eq!(
        take_lines(),
        [(Level::Trace, call), (Level::Debug, failure)]
    );

    assert_eq!(own.write_memory(0x10, &[]), Err(Status::InvalidArgs));
    assert_rejected(&format!(
        "zx_process_write_memory({handle:#x}, 0x10, 0 bytes)"
    ));

    let too_long = vec![0; MAX_WRITE_LEN + 1];
    assert!(own.write_memory(0x10, &too_long[1..]).is_err());
    assert_eq!(take_lines().len(), 2, "a write of 64 MiB is a call");
    assert_eq!(own.write_memory(0x10, &too_long), Err(Status::InvalidArgs));
    assert_rejected(&format!(
        "zx_process_write_memory({handle:#x}, 0x10, 67108865 bytes)"
    ));

    let mut seen = [0; 8];
    own.read_memory(vaddr, &mut seen).unwrap();
    let call = format!("zx_process_read_memory({handle:#x}, {vaddr:#x}, 8 bytes)");
    assert_eq!(take_lines(), [(Level::Trace, call)]);
    assert_eq!(seen, secret);

    let status = own.read_memory(0x10, &mut seen).unwrap_err();
    let call = format!("zx_process_read_memory({handle:#x}, 0x10, 8 bytes)");
    let failure = format!("{call}: {status}");
    assert_eq!(
        take_lines(),
        [(Level::Trace, call), (Level::Debug, failure)]
    );

    assert_eq!(own.read_memory(0x10, &mut []), Err(Status::InvalidArgs));
    assert_rejected(&format!(
        "zx_process_read_memory({handle:#x}, 0x10, 0 bytes)"
    ));

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
