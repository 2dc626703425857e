//! Signals, which end many a system call early.

use super::debuggee::Debuggee;
use super::guarded::guarded;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use zx_process_memory::{MAX_WRITE_LEN, Process};

static COUNT: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count(_signal: libc::c_int) {
    COUNT.fetch_add(1, Relaxed);
}

/// As from a profiler's timer, with system calls that are not resumed by Linux.
fn every(microseconds: libc::suseconds_t) {
    // SAFETY: all zeros is no flag and an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as extern "C" fn(_) as usize;
    // SAFETY: what the handler does is allowed in one.
    let taken = unsafe { libc::sigaction(libc::SIGALRM, &raw const action, null_mut()) };
    let turn = libc::timeval {
        tv_sec: 0,
        tv_usec: microseconds,
    };
    let timer = libc::itimerval {
        it_interval: turn,
        it_value: turn,
    };
    // SAFETY: the timer is readable, and what was set before is not asked for.
    let set = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut()) };
    assert_eq!((taken, set), (0, 0));
}

pub(crate) fn signals_change_nothing() {
    let mut debuggee = Debuggee::start();
    let base = guarded(&mut debuggee, MAX_WRITE_LEN);
    every(100);
    let bytes = vec![3; MAX_WRITE_LEN];
    let mut seen = vec![0; MAX_WRITE_LEN];
    for turn in 0.. {
        if turn >= 5000 && COUNT.load(Relaxed) > 100 {
            break;
        }
        let process = if turn % 2 == 0 {
            Process::from_child(&debuggee.child)
        } else {
            Process::from_pid(debuggee.child.id())
        };
        let len = if turn % 1000 == 0 { MAX_WRITE_LEN } else { 64 };
        let process = process.unwrap();
        assert_eq!(process.write_memory(base, &bytes[..len]), Ok(len));
        assert_eq!(process.read_memory(base, &mut seen[..len]), Ok(len));
        assert!(seen[..len] == bytes[..len]);
    }
    every(0);
}
