//! Signals, which interrupt system calls.

use super::debuggee::Debuggee;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use zx_process_memory::{MAX_WRITE_LEN, Process};

static SIGNALS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn count_signal(_signal: libc::c_int) {
    SIGNALS.fetch_add(1, Relaxed);
}

/// Sends a signal at this interval, as the timer of a profiler does. Linux does not restart the
/// system calls that it interrupts. 0 stops the timer.
fn send_signal_every(microseconds: libc::suseconds_t) {
    // SAFETY: zeros are a valid `sigaction`: no flags and an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count_signal as extern "C" fn(_) as usize;
    // SAFETY: `action` is valid for a read, a null old action is allowed, and the handler only
    // increments an atomic, which is async-signal-safe.
    let handler_set = unsafe { libc::sigaction(libc::SIGALRM, &raw const action, null_mut()) };
    let interval = libc::timeval {
        tv_sec: 0,
        tv_usec: microseconds,
    };
    let timer = libc::itimerval {
        it_interval: interval,
        it_value: interval,
    };
    // SAFETY: `timer` is valid for a read, and a null old timer is allowed.
    let timer_set = unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, null_mut()) };
    assert_eq!((handler_set, timer_set), (0, 0));
}

pub(crate) fn calls_succeed_under_frequent_signals() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(MAX_WRITE_LEN);
    send_signal_every(100);
    let bytes = vec![3; MAX_WRITE_LEN];
    let mut seen = vec![0; MAX_WRITE_LEN];
    for turn in 0.. {
        if turn >= 5000 && SIGNALS.load(Relaxed) > 100 {
            break;
        }
        let process = if turn % 2 == 0 {
            Process::from_child(&debuggee.child)
        } else {
            Process::from_pid(debuggee.pid())
        };
        let len = if turn % 1000 == 0 { MAX_WRITE_LEN } else { 64 };
        let process = process.unwrap();
        assert_eq!(process.write_memory(base, &bytes[..len]), Ok(len));
        assert_eq!(process.read_memory(base, &mut seen[..len]), Ok(len));
        assert!(seen[..len] == bytes[..len]);
    }
    send_signal_every(0);
}
