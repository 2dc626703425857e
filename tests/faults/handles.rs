//! Handles that many threads close, reuse and make at once.

use super::alone;
use super::debuggee::{Debuggee, PAGE};
use super::storm::{OnPanic, wait_until};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use zx_process_memory::sys::{zx_handle_close, zx_handle_t, zx_process_self};
use zx_process_memory::{Process, ProcessRef, Status};

/// Each process is written its own byte only, by handles that another thread closes and
/// replaces by ones of the other process, whose files get the same descriptors.
pub(crate) fn a_handle_closed_under_writers_turns_to_no_other_process() {
    const LEN: usize = 1 << 20;
    const WRITERS: usize = 6;
    const CLOSES: usize = 1000;
    let mut debuggees = [Debuggee::start(), Debuggee::start()];
    let [first, second] = &mut debuggees;
    let base = first.lay_out_large_in_both(second, LEN);
    let pids = [0, 1].map(|which: usize| debuggees[which].child.id());
    let open = |which: usize| Process::from_pid(pids[which]).unwrap().into_raw();
    for which in [0, 1] {
        let full = debuggees[which]
            .process()
            .write_memory(base, &vec![tag(which); LEN]);
        assert_eq!(full, Ok(LEN));
    }

    let current = Mutex::new((open(0), 0));
    let (calls, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 0..WRITERS {
            let (current, calls, is_over) = (&current, &calls, &is_over);
            scope.spawn(move || {
                let _over = OnPanic(is_over);
                let bytes = [0, 1].map(|which| vec![tag(which); LEN]);
                for turn in number.. {
                    let (handle, which) = *current.lock().unwrap();
                    let len = [1, 64, PAGE + 1, LEN][turn % 4];
                    calls.fetch_add(1, Ordering::Relaxed);
                    match borrowed(handle).write_memory(base, &bytes[which][..len]) {
                        Ok(count) => assert_eq!(count, len),
                        Err(status) => assert_eq!(status, Status::BadHandle),
                    }
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        let _over = OnPanic(&is_over);
        for close in 1..=CLOSES {
            let before = calls.load(Ordering::Relaxed);
            let (old, _) = *current.lock().unwrap();
            // First closed, then opened: what was freed is what is given out next.
            // SAFETY: writers that still use it are what this is about.
            assert_eq!(Status::ok(unsafe { zx_handle_close(old) }), Ok(()));
            *current.lock().unwrap() = (open(close % 2), close % 2);
            wait_until(&is_over, || calls.load(Ordering::Relaxed) != before);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    // SAFETY: the writers are gone.
    unsafe { zx_handle_close(current.into_inner().unwrap().0) };
    for which in [0, 1] {
        assert!(debuggees[which].sees_only(tag(which), base..base + LEN));
    }
}

fn tag(which: usize) -> u8 {
    [0x11, 0x22][which]
}

/// As long as one handle is open, each further one names the same object, whoever races.
pub(crate) fn a_process_opened_by_many_threads_at_once_is_one_object() {
    const OPENERS: usize = 4;
    let debuggee = Debuggee::start();
    let pid = debuggee.child.id();
    // The object goes with its last handle, so each round races for a new one.
    for _ in 0..1000 {
        let at_once = Barrier::new(OPENERS);
        let open = || {
            at_once.wait();
            Process::from_pid(pid)
        };
        let opened = thread::scope(|scope| {
            let openers = [(); OPENERS].map(|()| scope.spawn(open));
            openers.map(|opener| opener.join().unwrap().unwrap())
        });
        let koids = opened.each_ref().map(|process| process.koid().unwrap());
        assert_eq!(koids, [koids[0]; OPENERS]);
    }
}

/// The handle is made by whoever asks first, so each race has a process of its own.
pub(crate) fn the_own_process_is_one_for_all_threads() {
    for _ in 0..30 {
        alone::part(&mut alone::program(
            "handles::own_process_asked_for_at_once",
        ));
    }
}

pub(crate) fn own_process_asked_for_at_once() {
    const ASKERS: usize = 8;
    let in_use = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = in_use();
    let at_once = Barrier::new(ASKERS);
    let ask = || {
        at_once.wait();
        zx_process_self()
    };
    let handles = thread::scope(|scope| {
        let askers = [(); ASKERS].map(|()| scope.spawn(ask));
        askers.map(|asker| asker.join().unwrap())
    });
    assert_eq!(handles, [handles[0]; ASKERS]);
    // SAFETY: nothing is written by it.
    let own = unsafe { Process::current() }.unwrap();
    assert!(own.koid().is_ok());
    // The losers have closed theirs.
    assert_eq!(in_use(), before + 4);
}

/// A handle that may be closed by now.
fn borrowed(handle: zx_handle_t) -> ProcessRef<'static> {
    // SAFETY: it names a debuggee or nothing.
    unsafe { ProcessRef::borrow_raw(handle) }.unwrap()
}
