//! Handles that many threads open, use and close concurrently.

use super::concurrent_calls::{StopOnPanic, wait_until};
use super::debuggee::{Debuggee, page_size};
use super::subprocess;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use zx_process_memory::sys::{zx_handle_close, zx_handle_t, zx_process_self};
use zx_process_memory::{Process, ProcessRef, Status};

/// Writers write a different byte to each process. Another thread closes their handle and opens the
/// other process, whose files get the same descriptors.
pub(crate) fn handle_closed_during_writes_never_names_other_process() {
    const LEN: usize = 1 << 20;
    const WRITERS: usize = 6;
    const CLOSES: usize = 1000;
    let mut debuggees = [Debuggee::start(), Debuggee::start()];
    let [first, second] = &mut debuggees;
    let base = first.lay_out_large_in_both(second, LEN);
    let pids = [0, 1].map(|which: usize| debuggees[which].pid());
    let open = |which: usize| Process::from_pid(pids[which]).unwrap().into_raw();
    for which in [0, 1] {
        let filled = debuggees[which]
            .process()
            .write_memory(base, &vec![tag(which); LEN]);
        assert_eq!(filled, Ok(LEN));
    }

    let current = Mutex::new((open(0), 0));
    let (calls, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 0..WRITERS {
            let (current, calls, is_over) = (&current, &calls, &is_over);
            scope.spawn(move || {
                let _guard = StopOnPanic(is_over);
                let bytes = [0, 1].map(|which| vec![tag(which); LEN]);
                for turn in number.. {
                    let (handle, which) = *current.lock().unwrap();
                    let len = [1, 64, page_size() + 1, LEN][turn % 4];
                    calls.fetch_add(1, Ordering::Relaxed);
                    match borrow(handle).write_memory(base, &bytes[which][..len]) {
                        Ok(count) => assert_eq!(count, len),
                        Err(status) => assert_eq!(status, Status::BadHandle),
                    }
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
        }
        let _guard = StopOnPanic(&is_over);
        for close in 1..=CLOSES {
            let before = calls.load(Ordering::Relaxed);
            let (old, _) = *current.lock().unwrap();
            // The close comes first, so that the open gets the freed descriptors.
            // SAFETY: the writers borrow this handle while it is closed, which is what the test is
            // about: their calls fail with `BadHandle`, since handle values are not reused.
            assert_eq!(Status::ok(unsafe { zx_handle_close(old) }), Ok(()));
            *current.lock().unwrap() = (open(close % 2), close % 2);
            wait_until(&is_over, || calls.load(Ordering::Relaxed) != before);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    // SAFETY: the writers have ended, so nothing else uses the handle.
    unsafe { zx_handle_close(current.into_inner().unwrap().0) };
    for which in [0, 1] {
        assert!(debuggees[which].sees_only(tag(which), base..base + LEN));
    }
}

fn tag(which: usize) -> u8 {
    [0x11, 0x22][which]
}

/// While one handle to a process is open, further handles name the same object.
pub(crate) fn concurrent_opens_return_one_koid() {
    const OPENERS: usize = 4;
    let debuggee = Debuggee::start();
    let pid = debuggee.pid();
    // The backend drops the object with its last handle, so each round makes a new object.
    for _ in 0..1000 {
        let barrier = Barrier::new(OPENERS);
        let open = || {
            barrier.wait();
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

/// The first call makes the handle, so each round runs in a new process.
pub(crate) fn concurrent_process_self_calls_return_one_handle() {
    for _ in 0..30 {
        subprocess::run(&mut subprocess::command(
            "handles::concurrent_process_self_calls",
        ));
    }
}

pub(crate) fn concurrent_process_self_calls() {
    const THREADS: usize = 8;
    let count_descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = count_descriptors();
    let barrier = Barrier::new(THREADS);
    let get_own_handle = || {
        barrier.wait();
        zx_process_self()
    };
    let handles = thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(get_own_handle));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(handles, [handles[0]; THREADS]);
    // SAFETY: this test writes nothing to its own process.
    let own = unsafe { Process::current() }.unwrap();
    assert!(own.koid().is_ok());
    // The threads that lost the race closed their descriptors.
    assert_eq!(count_descriptors(), before + 4);
}

/// Borrows a handle that another thread may have closed.
fn borrow(handle: zx_handle_t) -> ProcessRef<'static> {
    // SAFETY: the handle names a debuggee, not this process. If it is closed, calls on it fail with
    // `BadHandle`, since handle values are not reused.
    unsafe { ProcessRef::borrow_raw(handle) }.unwrap()
}
