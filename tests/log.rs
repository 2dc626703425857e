//! What the library logs, and what it never does. One logger to a program, so one test.

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

fn taken() -> Vec<(Level, String)> {
    std::mem::take(&mut *LINES.0.lock().unwrap())
}

#[cfg_attr(backend = "unsupported", ignore = "no call is made on this target")]
#[test]
fn calls_are_traced_failures_told_and_bytes_kept_secret() {
    log::set_logger(&LINES).unwrap();
    // SAFETY: only `TARGET` is written, an atomic.
    let own = unsafe { Process::current() }.unwrap();
    let (handle, vaddr) = (own.as_raw(), TARGET.as_ptr().addr());
    let secret = *b"swordfsh";

    log::set_max_level(LevelFilter::Trace);
    own.write_memory(vaddr, &secret).unwrap();
    let call = format!("zx_process_write_memory({handle:#x}, {vaddr:#x}, 8 bytes)");
    assert_eq!(taken(), [(Level::Trace, call)]);

    let status = own.write_memory(0x10, &secret).unwrap_err();
    let call = format!("zx_process_write_memory({handle:#x}, 0x10, 8 bytes)");
    let failure = format!("{call}: {status}");
    assert_eq!(taken(), [(Level::Trace, call), (Level::Debug, failure)]);

    assert_eq!(own.write_memory(0x10, &[]), Err(Status::InvalidArgs));
    let refused = format!(
        "zx_process_write_memory({handle:#x}, 0x10, 0 bytes) is not made: \
         1 to 67108864 bytes are allowed"
    );
    assert_eq!(taken(), [(Level::Debug, refused)]);

    let too_much = vec![0; MAX_WRITE_LEN + 1];
    assert!(own.write_memory(0x10, &too_much[1..]).is_err());
    assert_eq!(taken().len(), 2, "64 MiB are a call");
    assert_eq!(own.write_memory(0x10, &too_much), Err(Status::InvalidArgs));
    let [(Level::Debug, refused)] = &taken()[..] else {
        panic!("a byte more is none");
    };
    assert!(refused.contains("67108865 bytes) is not made"), "{refused}");

    let mut seen = [0; 8];
    own.read_memory(vaddr, &mut seen).unwrap();
    let call = format!("zx_process_read_memory({handle:#x}, {vaddr:#x}, 8 bytes)");
    assert_eq!(taken(), [(Level::Trace, call)]);
    assert_eq!(seen, secret);

    let status = own.read_memory(0x10, &mut seen).unwrap_err();
    let call = format!("zx_process_read_memory({handle:#x}, 0x10, 8 bytes)");
    let failure = format!("{call}: {status}");
    assert_eq!(taken(), [(Level::Trace, call), (Level::Debug, failure)]);

    assert_eq!(own.read_memory(0x10, &mut []), Err(Status::InvalidArgs));
    let refused = format!(
        "zx_process_read_memory({handle:#x}, 0x10, 0 bytes) is not made: \
         1 to 67108864 bytes are allowed"
    );
    assert_eq!(taken(), [(Level::Debug, refused)]);

    log::set_max_level(LevelFilter::Debug);
    own.write_memory(vaddr, &secret).unwrap();
    assert_eq!(taken(), []);
    own.write_memory(0x10, &secret).unwrap_err();
    assert_eq!(taken().len(), 1);

    log::set_max_level(LevelFilter::Info);
    own.write_memory(0x10, &secret).unwrap_err();
    assert_eq!(taken(), []);
    assert_eq!(TARGET.load(Ordering::Relaxed), u64::from_ne_bytes(secret));
}
