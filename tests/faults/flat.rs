//! What is done often leaves nothing behind: no descriptor, no memory.

use super::debuggee::{Debuggee, PAGE};
use super::guarded::guarded;
use std::fs;
use std::thread;
use zx_process_memory::{MAX_WRITE_LEN, Process, Rights, Status};

/// Of the whole process, while nothing else runs in it.
#[derive(Debug)]
struct Use {
    descriptors: usize,
    resident: usize,
}

impl Use {
    fn now() -> Self {
        let statm = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
        Self {
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            resident: pages * rustix::param::page_size(),
        }
    }
}

/// Far less than any leak by a byte or two per call in these counts, a word in each of a
/// hundred thousand calls among them.
const SLACK: usize = 512 << 10;

/// Runs this so many times, and before that often enough for caches to fill.
fn stays_flat(times: usize, mut call: impl FnMut(usize)) {
    (0..times / 50).for_each(&mut call);
    let before = Use::now();
    (0..times).for_each(&mut call);
    let after = Use::now();
    println!("{times}: {before:?}, then {after:?}");
    assert_eq!(after.descriptors, before.descriptors);
    let grown = after.resident.saturating_sub(before.resident);
    assert!(grown <= SLACK, "{before:?}, then {after:?}");
}

pub(crate) fn a_million_duplicates_leave_nothing() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    stays_flat(1_000_000, |_| {
        drop(process.duplicate(Rights::SAME_RIGHTS).unwrap());
    });
}

pub(crate) fn a_hundred_thousand_opens_leave_nothing() {
    opens(100_000);
}

pub(crate) fn a_million_opens_leave_nothing() {
    opens(1_000_000);
}

/// By child and by pid, beside an open handle and without one.
fn opens(times: usize) {
    let debuggees = [Debuggee::start(), Debuggee::start()];
    let _open = debuggees[0].process();
    stays_flat(times, |turn| {
        let debuggee = &debuggees[turn % 2];
        if turn % 4 < 2 {
            drop(Process::from_child(&debuggee.child).unwrap());
        } else {
            drop(Process::from_pid(debuggee.child.id()).unwrap());
        }
    });
}

pub(crate) fn opens_that_fail_leave_nothing() {
    let mut debuggee = Debuggee::start();
    debuggee.child.kill().unwrap();
    debuggee.wait_without_reaping();
    let own = std::process::id();
    stays_flat(20_000, |_| {
        let ended = Process::from_child(&debuggee.child);
        assert_eq!(ended.unwrap_err(), Status::BadState);
        let ours = Process::from_pid(own);
        assert_eq!(ours.unwrap_err(), Status::InvalidArgs);
        let nobody = Process::from_pid(0x7fff_ffff);
        assert_eq!(nobody.unwrap_err(), Status::NotFound);
    });
}

/// Small and large, refused and short, and each thousandth by another thread.
pub(crate) fn a_hundred_thousand_writes_leave_nothing() {
    let mut debuggee = Debuggee::start();
    let base = guarded(&mut debuggee, 16 * PAGE);
    let process = debuggee.process();
    let bytes = vec![7; MAX_WRITE_LEN];
    stays_flat(100_000, |turn| {
        let len = [1, 8, PAGE, 3 * PAGE, MAX_WRITE_LEN][turn % 5];
        let (at, expected) = match turn % 7 {
            0 => (0, Err(Status::NoMemory)),
            _ => (base, Ok(len.min(16 * PAGE))),
        };
        let write = || assert_eq!(process.write_memory(at, &bytes[..len]), expected);
        if turn % 1000 == 0 {
            thread::scope(|scope| scope.spawn(write).join().unwrap());
        } else {
            write();
        }
    });
}
