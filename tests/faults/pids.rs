//! PID reuse: another process gets the PID of an opened one. The tests run in a new PID namespace,
//! in which they choose the next PID and no other program starts processes.

use super::concurrent_calls::{
    CallResult, ConcurrentCalls, OTHER, StopOnPanic, assert_calls_fail, wait_until,
};
use super::debuggee::Debuggee;
use super::namespaces::{mount_proc_or_skip, run_in_new_namespaces};
use super::subprocess;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use zx_process_memory::{MAX_WRITE_LEN, Process, Status};

const LEN: usize = MAX_WRITE_LEN;
const ROUNDS: usize = 4;

pub(crate) fn process_with_reused_pid_is_not_written_or_read() {
    run_in_new_namespaces("pids::same_pid");
}

pub(crate) fn open_during_pid_reuse_succeeds_or_fails() {
    run_in_new_namespaces("pids::open_during_pid_reuse");
}

/// Starts a debuggee with a PID that was used before and is free.
fn start_with_pid(pid: u32) -> Debuggee {
    choose_next_pid(pid);
    let debuggee = Debuggee::start();
    assert_eq!(debuggee.pid(), pid);
    debuggee
}

/// Makes the next process of this PID namespace have this PID.
pub(crate) fn choose_next_pid(pid: u32) {
    if fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).is_err() {
        subprocess::skip(
            "cannot choose a PID: Linux has no /proc/sys/kernel/ns_last_pid (CONFIG_CHECKPOINT_RESTORE)",
        );
    }
}

pub(crate) fn same_pid() {
    mount_proc_or_skip();
    for round in 0..ROUNDS {
        let mut first = Debuggee::start();
        let pid = first.pid();
        let base = first.lay_out_large(LEN);
        let process = first.process();
        let mut second = None;
        let results = ConcurrentCalls::new(&process, base..base + LEN).run_during(|calls| {
            calls.wait_for_calls(7 * round);
            first.kill_and_wait();
            let mut new = start_with_pid(pid);
            assert_eq!(new.lay_out_large_at(base, LEN), base);
            // The readers still read at this address.
            new.fill(OTHER, base..base + LEN);
            calls.wait_for_calls(24);
            second = Some(new);
        });
        let allowed = [
            CallResult::Complete,
            CallResult::Partial,
            CallResult::Failed(Status::BadState),
        ];
        results.assert_only(&allowed, &allowed);
        assert_calls_fail(&process, base, Status::BadState);
        let mut second = second.unwrap();
        assert!(second.sees_only(OTHER, base..base + LEN));
        // While the first handle is open, a handle to the second process has another koid.
        let second_process = Process::from_pid(pid).unwrap();
        assert_ne!(second_process.koid(), process.koid());
        assert_eq!(second_process.write_memory(base, &[1, 2]), Ok(2));
        assert_eq!(process.write_memory(base, &[3, 4]), Err(Status::BadState));
        assert_eq!(second.sees(base..base + 3), [1, 2, OTHER]);
    }
}

pub(crate) fn open_during_pid_reuse() {
    mount_proc_or_skip();
    let mut debuggee = Debuggee::start();
    let pid = debuggee.pid();
    let base = debuggee.lay_out_large(LEN);
    let (opens, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 1..=3 {
            let (opens, is_over) = (&opens, &is_over);
            scope.spawn(move || {
                let _guard = StopOnPanic(is_over);
                while !is_over.load(Ordering::Relaxed) {
                    opens.fetch_add(1, Ordering::Relaxed);
                    let process = match Process::from_pid(pid) {
                        Ok(process) => process,
                        Err(status) => {
                            // `InvalidArgs`: between fork and exec, the child still has the memory
                            // of this process.
                            let allowed = [Status::NotFound, Status::BadState, Status::InvalidArgs];
                            assert!(allowed.contains(&status), "{status:?}");
                            continue;
                        }
                    };
                    // Only the first debuggee has memory at this address.
                    let written = process.write_memory(base, &[number]);
                    let allowed = [Ok(1), Err(Status::NoMemory), Err(Status::BadState)];
                    assert!(allowed.contains(&written), "{written:?}");
                }
            });
        }
        let _guard = StopOnPanic(&is_over);
        for _ in 0..100 {
            let before = opens.load(Ordering::Relaxed);
            wait_until(&is_over, || opens.load(Ordering::Relaxed) >= before + 5);
            debuggee.kill_and_wait();
            debuggee = start_with_pid(pid);
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
