//! The target changes in the middle of writes of every size, by many threads at once.

use super::debuggee::{Debuggee, PAGE};
use super::guarded::{assert_guards, guarded};
use super::storm::{Answer, OnPanic, Storm, TAG, assert_all};
use rustix::process::{Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use zx_process_memory::{MAX_WRITE_LEN, Process, Status};

const LEN: usize = MAX_WRITE_LEN;
const ROUNDS: usize = 4;

/// A call that is under way keeps the target's memory, and others meanwhile find it.
const GOING: [Answer; 3] = [
    Answer::Whole,
    Answer::Short,
    Answer::Refused(Status::BadState),
];

pub(crate) fn a_killed_target_is_in_a_bad_state_and_no_other_is_written() {
    for round in 0..ROUNDS {
        let mut debuggee = Debuggee::start();
        let mut bystander = Debuggee::start();
        let base = debuggee.lay_out_large_in_both(&mut bystander, LEN);
        let process = debuggee.process();
        let seen = Storm::new(&process, base..base + LEN).around(|storm| {
            storm.wait_for_calls(7 * round);
            debuggee.child.kill().unwrap();
            if round % 2 == 0 {
                debuggee.wait_without_reaping();
            } else {
                debuggee.child.wait().unwrap();
            }
        });
        seen.assert_only(&GOING, &GOING);
        assert_all(&process, base, Status::BadState);
        assert!(bystander.sees_only(0, base..base + LEN));
    }
}

pub(crate) fn a_stopped_target_is_written_as_any_other() {
    let mut debuggee = Debuggee::start();
    let base = guarded(&mut debuggee, LEN);
    let process = debuggee.process();
    let seen = Storm::new(&process, base..base + LEN).around(|storm| {
        for _ in 0..ROUNDS {
            kill_process(debuggee.pid(), Signal::STOP).unwrap();
            waitid(WaitId::Pid(debuggee.pid()), WaitIdOptions::STOPPED).unwrap();
            storm.wait_for_calls(24);
            // It can be opened as well.
            assert_eq!(debuggee.process().koid(), process.koid());
            kill_process(debuggee.pid(), Signal::CONT).unwrap();
            storm.wait_for_calls(24);
        }
    });
    seen.assert_only(&[Answer::Whole], &[Answer::Whole]);
    assert!(debuggee.sees_only(TAG, base..base + LEN));
    assert_guards(&mut debuggee, base, LEN);
}

pub(crate) fn a_successor_by_exec_is_not_written() {
    for round in 0..ROUNDS {
        let mut debuggee = Debuggee::start();
        let base = debuggee.lay_out_large(LEN);
        let process = debuggee.process();
        let seen = Storm::new(&process, base..base + LEN).around(|storm| {
            storm.wait_for_calls(7 * round);
            debuggee.exec();
            // While the writers still go on.
            assert_eq!(debuggee.lay_out_large_at(base, LEN), base);
        });
        seen.assert_only(&GOING, &GOING);
        assert_all(&process, base, Status::BadState);
        assert!(debuggee.sees_only(0, base..base + LEN));
        // It goes on, and by a new handle it is reached.
        let successor = debuggee.process();
        assert_ne!(successor.koid(), process.koid());
        assert_eq!(successor.write_memory(base, &[1, 2]), Ok(2));
        assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);
    }
}

pub(crate) fn a_handle_opened_during_exec_is_of_one_program() {
    const OPENERS: usize = 3;
    let mut debuggee = Debuggee::start();
    let pid = debuggee.child.id();
    let is_over = AtomicBool::new(false);
    for _ in 0..20 {
        is_over.store(false, Ordering::Relaxed);
        let opened: Vec<Process> = thread::scope(|scope| {
            let openers: Vec<_> = (0..OPENERS)
                .map(|_| {
                    scope.spawn(|| {
                        let _over = OnPanic(&is_over);
                        let mut opened = Vec::new();
                        while !is_over.load(Ordering::Relaxed) {
                            // Refused at most as one that never stops exec'ing.
                            match Process::from_pid(pid) {
                                Ok(process) => opened.push(process),
                                Err(status) => assert_eq!(status, Status::BadState),
                            }
                            // Enough of them, and the descriptors are not endless.
                            opened.truncate(20);
                        }
                        opened
                    })
                })
                .collect();
            let _over = OnPanic(&is_over);
            debuggee.exec();
            is_over.store(true, Ordering::Relaxed);
            openers
                .into_iter()
                .flat_map(|opener| opener.join().unwrap())
                .collect()
        });
        // The one that was there before, or the one that is there now, with its vDSO.
        let vdso = debuggee.mapping("[vdso]").start;
        for process in opened.iter().chain([&debuggee.process()]) {
            match process.write_memory(0, &[1]) {
                Err(Status::NoMemory) => {
                    let refused = process.write_memory(vdso, &[1]);
                    assert_eq!(refused, Err(Status::AccessDenied));
                }
                gone => assert_eq!(gone, Err(Status::BadState)),
            }
        }
        assert!(debuggee.process().write_memory(0, &[1]) == Err(Status::NoMemory));
    }
}

pub(crate) fn memory_that_comes_and_goes_is_there_or_not() {
    comes_and_goes("ReadWrite", &THERE, &THERE);
}

pub(crate) fn read_only_memory_that_comes_and_goes_is_there_or_not() {
    comes_and_goes("ReadOnly", &THERE, &THERE);
}

pub(crate) fn memory_without_permission_that_comes_and_goes_is_there_or_not() {
    comes_and_goes("NoPermission", &THERE, &THERE);
}

pub(crate) fn shared_memory_that_comes_and_goes_is_there_or_not() {
    comes_and_goes("Shared", &THERE, &THERE);
}

pub(crate) fn shared_read_only_memory_that_comes_and_goes_is_refused_or_not_there() {
    let refused = [Status::AccessDenied, Status::NoMemory].map(Answer::Refused);
    comes_and_goes("SharedReadOnly", &refused, &THERE);
}

pub(crate) fn a_file_past_its_end_that_comes_and_goes_is_out_of_range_or_not_there() {
    let refused = [Status::OutOfRange, Status::NoMemory].map(Answer::Refused);
    comes_and_goes("PastTheEnd", &refused, &refused);
}

pub(crate) const THERE: [Answer; 3] = [
    Answer::Whole,
    Answer::Short,
    Answer::Refused(Status::NoMemory),
];

/// The debuggee takes memory away and puts new memory in its place.
pub(crate) fn comes_and_goes(page: &str, to_writes: &[Answer], to_reads: &[Answer]) {
    for len in [PAGE, 16 * PAGE, LEN] {
        let mut debuggee = Debuggee::start();
        let base = guarded(&mut debuggee, len);
        debuggee.ask(format_args!("remap {base} {len} {page} 1"));
        let process = debuggee.process();
        let seen = Storm::new(&process, base..base + len).around(|storm| {
            let absent = Answer::Refused(Status::NoMemory);
            // Until it was not there for some, but not for ever.
            for _ in 0..40 {
                debuggee.ask(format_args!("remap {base} {len} {page} 500"));
                if storm.has_seen(|seen| seen.writes.contains(&absent)) {
                    break;
                }
            }
        });
        seen.assert_only(to_writes, to_reads);
        assert_guards(&mut debuggee, base, len);
    }
}
