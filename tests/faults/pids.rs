//! Another process gets the pid of one that was opened. In a space of pids of our own,
//! where the next one can be chosen and nobody else takes it.

use super::alone;
use super::debuggee::Debuggee;
use super::namespaces::{leave, mount_proc_or_skip};
use super::storm::{Answer, OnPanic, Storm, assert_all, wait_until};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use zx_process_memory::{MAX_WRITE_LEN, Process, Status};

const LEN: usize = MAX_WRITE_LEN;
const ROUNDS: usize = 4;

pub(crate) fn a_process_with_the_same_pid_is_not_written() {
    leave(libc::CLONE_NEWPID | libc::CLONE_NEWNS);
    alone::part(&mut alone::program("pids::same_pid"));
}

pub(crate) fn a_pid_that_changes_hands_is_opened_or_refused() {
    leave(libc::CLONE_NEWPID | libc::CLONE_NEWNS);
    alone::part(&mut alone::program("pids::changing_hands"));
}

/// A new debuggee with the pid of one that is gone.
fn successor(pid: u32) -> Debuggee {
    if fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).is_err() {
        alone::skip("this Linux lets nobody choose a pid (CONFIG_CHECKPOINT_RESTORE)");
    }
    let debuggee = Debuggee::start();
    assert_eq!(debuggee.child.id(), pid);
    debuggee
}

pub(crate) fn same_pid() {
    mount_proc_or_skip();
    for round in 0..ROUNDS {
        let mut first = Debuggee::start();
        let pid = first.child.id();
        let base = first.lay_out_large(LEN);
        let process = first.process();
        let mut second = None;
        let seen = Storm::new(&process, base..base + LEN).around(|storm| {
            storm.wait_for_calls(7 * round);
            first.kill_and_wait();
            let mut successor = successor(pid);
            assert_eq!(successor.lay_out_large_at(base, LEN), base);
            second = Some(successor);
        });
        let allowed = [
            Answer::Whole,
            Answer::Short,
            Answer::Refused(Status::BadState),
        ];
        seen.assert_only(&allowed, &allowed);
        assert_all(&process, base, Status::BadState);
        let mut second = second.unwrap();
        assert!(second.sees_only(0, base..base + LEN));
        // Beside the handle of the first, one to the second is another object.
        let reached = Process::from_pid(pid).unwrap();
        assert_ne!(reached.koid(), process.koid());
        assert_eq!(reached.write_memory(base, &[1, 2]), Ok(2));
        assert_eq!(process.write_memory(base, &[3, 4]), Err(Status::BadState));
        assert_eq!(second.sees(base..base + 3), [1, 2, 0]);
    }
}

pub(crate) fn changing_hands() {
    mount_proc_or_skip();
    let mut debuggee = Debuggee::start();
    let pid = debuggee.child.id();
    let base = debuggee.lay_out_large(LEN);
    let (opens, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 1..=3 {
            let (opens, is_over) = (&opens, &is_over);
            scope.spawn(move || {
                let _over = OnPanic(is_over);
                while !is_over.load(Ordering::Relaxed) {
                    opens.fetch_add(1, Ordering::Relaxed);
                    let process = match Process::from_pid(pid) {
                        Ok(process) => process,
                        Err(status) => {
                            // The last of them while it has our memory, before its exec.
                            let allowed = [Status::NotFound, Status::BadState, Status::InvalidArgs];
                            assert!(allowed.contains(&status), "{status:?}");
                            continue;
                        }
                    };
                    // The later ones have no memory there.
                    let written = process.write_memory(base, &[number]);
                    let allowed = [Ok(1), Err(Status::NoMemory), Err(Status::BadState)];
                    assert!(allowed.contains(&written), "{written:?}");
                }
            });
        }
        let _over = OnPanic(&is_over);
        for _ in 0..100 {
            let before = opens.load(Ordering::Relaxed);
            wait_until(&is_over, || opens.load(Ordering::Relaxed) >= before + 5);
            debuggee.kill_and_wait();
            debuggee = successor(pid);
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
