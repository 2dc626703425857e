//! Many repetitions of a call leak no descriptors and no memory.

use super::debuggee::{Debuggee, page_size};
use std::fs;
use std::thread;
use zx_process_memory::{MAX_WRITE_LEN, Process, Rights, Status};

/// The resources that this process uses.
#[derive(Debug)]
struct Resources {
    descriptors: usize,
    /// Bytes of resident memory.
    resident: usize,
}

impl Resources {
    fn now() -> Self {
        let statm = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            resident: pages * rustix::param::page_size(),
        }
    }
}

/// The growth of resident memory, in bytes, that counts as no leak. A leak of 8 bytes in each of
/// 100,000 calls exceeds it.
const MAX_GROWTH: usize = 512 << 10;

/// Runs the call many times, after enough calls to fill all caches.
fn assert_no_leak(times: usize, mut call: impl FnMut(usize)) {
    (0..times / 50).for_each(&mut call);
    let before = Resources::now();
    (0..times).for_each(&mut call);
    let after = Resources::now();
    println!("{times} calls: before {before:?}, after {after:?}");
    assert_eq!(after.descriptors, before.descriptors);
    let growth = after.resident.saturating_sub(before.resident);
    assert!(growth <= MAX_GROWTH, "before {before:?}, after {after:?}");
}

pub(crate) fn million_duplicates_leak_nothing() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    assert_no_leak(1_000_000, |_| {
        drop(process.duplicate(Rights::SAME_RIGHTS).unwrap());
    });
}

pub(crate) fn hundred_thousand_opens_leak_nothing() {
    opens(100_000);
}

pub(crate) fn million_opens_leak_nothing() {
    opens(1_000_000);
}

/// Opens by child and by PID, with another handle open to the process and without.
fn opens(times: usize) {
    let debuggees = [Debuggee::start(), Debuggee::start()];
    let _other_handle = debuggees[0].process();
    assert_no_leak(times, |turn| {
        let debuggee = &debuggees[turn % 2];
        if turn % 4 < 2 {
            drop(Process::from_child(&debuggee.child).unwrap());
        } else {
            drop(Process::from_pid(debuggee.pid()).unwrap());
        }
    });
}

pub(crate) fn failed_opens_leak_nothing() {
    let mut debuggee = Debuggee::start();
    debuggee.child.kill().unwrap();
    debuggee.wait_without_reaping();
    let own = std::process::id();
    assert_no_leak(20_000, |_| {
        let ended = Process::from_child(&debuggee.child);
        assert_eq!(ended.unwrap_err(), Status::BadState);
        let own_process = Process::from_pid(own);
        assert_eq!(own_process.unwrap_err(), Status::InvalidArgs);
        let unused = Process::from_pid(0x7fff_ffff);
        assert_eq!(unused.unwrap_err(), Status::NotFound);
    });
}

/// Short, long, failed and partial writes. Every thousandth is on a new thread.
pub(crate) fn hundred_thousand_writes_leak_nothing() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(16 * page_size());
    let process = debuggee.process();
    let bytes = vec![7; MAX_WRITE_LEN];
    assert_no_leak(100_000, |turn| {
        let len = [1, 8, page_size(), 3 * page_size(), MAX_WRITE_LEN][turn % 5];
        let (at, expected) = match turn % 7 {
            0 => (0, Err(Status::NoMemory)),
            _ => (base, Ok(len.min(16 * page_size()))),
        };
        let write = || assert_eq!(process.write_memory(at, &bytes[..len]), expected);
        if turn % 1000 == 0 {
            thread::scope(|scope| scope.spawn(write).join().unwrap());
        } else {
            write();
        }
    });
}
