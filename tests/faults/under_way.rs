//! The target changes during calls of each length by many threads.

use super::concurrent_calls::{
    CallResult, ConcurrentCalls, OTHER, StopOnPanic, TAG, assert_calls_fail,
};
use super::debuggee::{Debuggee, page_size};
use super::guard_pages::assert_guards_are_unchanged;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use zx_process_memory::{MAX_WRITE_LEN, Process, Status};

const LEN: usize = MAX_WRITE_LEN;
const ROUNDS: usize = 4;

/// A call in progress keeps the memory of an ended target. Until it returns, other calls may
/// succeed, too.
const UNTIL_END: [CallResult; 3] = [
    CallResult::Complete,
    CallResult::Partial,
    CallResult::Failed(Status::BadState),
];

pub(crate) fn killed_target_is_bad_state_and_bystander_is_unchanged() {
    for round in 0..ROUNDS {
        let mut debuggee = Debuggee::start();
        let mut bystander = Debuggee::start();
        let base = debuggee.lay_out_large_in_both(&mut bystander, LEN);
        let process = debuggee.process();
        let results = ConcurrentCalls::new(&process, base..base + LEN).run_during(|calls| {
            calls.wait_for_calls(7 * round);
            debuggee.child.kill().unwrap();
            if round % 2 == 0 {
                debuggee.wait_without_reaping();
            } else {
                debuggee.child.wait().unwrap();
            }
        });
        results.assert_only(&UNTIL_END, &UNTIL_END);
        assert_calls_fail(&process, base, Status::BadState);
        assert!(bystander.sees_only(0, base..base + LEN));
    }
}

pub(crate) fn stopped_target_is_written() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(LEN);
    let process = debuggee.process();
    let results = ConcurrentCalls::new(&process, base..base + LEN).run_during(|calls| {
        for _ in 0..ROUNDS {
            debuggee.stop();
            calls.wait_for_calls(24);
            // A stopped process can be opened, too.
            assert_eq!(debuggee.process().koid(), process.koid());
            debuggee.resume();
            calls.wait_for_calls(24);
        }
    });
    results.assert_only(&[CallResult::Complete], &[CallResult::Complete]);
    assert!(debuggee.sees_only(TAG, base..base + LEN));
    assert_guards_are_unchanged(&mut debuggee, base, LEN);
}

pub(crate) fn program_after_exec_is_not_written_or_read() {
    for round in 0..ROUNDS {
        let mut debuggee = Debuggee::start();
        let base = debuggee.lay_out_large(LEN);
        let process = debuggee.process();
        let results = ConcurrentCalls::new(&process, base..base + LEN).run_during(|calls| {
            calls.wait_for_calls(7 * round);
            debuggee.exec();
            // The other threads still write and read at this address.
            assert_eq!(debuggee.lay_out_large_at(base, LEN), base);
            debuggee.fill(OTHER, base..base + LEN);
            calls.wait_for_calls(24);
        });
        results.assert_only(&UNTIL_END, &UNTIL_END);
        assert_calls_fail(&process, base, Status::BadState);
        assert!(debuggee.sees_only(OTHER, base..base + LEN));
        // A new handle reaches the new program.
        let new_process = debuggee.process();
        assert_ne!(new_process.koid(), process.koid());
        assert_eq!(new_process.write_memory(base, &[1, 2]), Ok(2));
        assert_eq!(debuggee.sees(base..base + 3), [1, 2, OTHER]);
    }
}

/// A handle that was opened between `vfork` and exec names the parent's memory, which outlives the exec.
pub(crate) fn program_after_exec_is_not_read_while_its_old_memory_lives() {
    for round in 0..ROUNDS {
        let mut debuggee = Debuggee::start_without_randomization();
        let base = debuggee.lay_out_large(LEN);
        let sharer = debuggee.share_memory();
        let process = Process::from_pid(sharer).unwrap();
        let results = ConcurrentCalls::new(&process, base..base + LEN).run_during(|calls| {
            calls.wait_for_calls(7 * round);
            debuggee.exec_in_sharer(OTHER, base..base + LEN);
            calls.wait_for_calls(24);
        });
        results.assert_only(&[CallResult::Complete], &[CallResult::Complete]);
        assert!(debuggee.sees_only(TAG, base..base + LEN));
        let new_process = Process::from_pid(sharer).unwrap();
        let mut seen = vec![0; LEN];
        assert_eq!(new_process.read_memory(base, &mut seen), Ok(LEN));
        assert!(seen.iter().all(|byte| *byte == OTHER));
    }
}

pub(crate) fn handle_opened_during_exec_names_one_program() {
    const OPENERS: usize = 3;
    let mut debuggee = Debuggee::start();
    let pid = debuggee.pid();
    let is_over = AtomicBool::new(false);
    for _ in 0..20 {
        is_over.store(false, Ordering::Relaxed);
        let opened: Vec<Process> = thread::scope(|scope| {
            let openers: Vec<_> = (0..OPENERS)
                .map(|_| {
                    scope.spawn(|| {
                        let _guard = StopOnPanic(&is_over);
                        let mut opened = Vec::new();
                        while !is_over.load(Ordering::Relaxed) {
                            // An open fails if the process execs during each attempt.
                            match Process::from_pid(pid) {
                                Ok(process) => opened.push(process),
                                Err(status) => assert_eq!(status, Status::BadState),
                            }
                            // Each open handle uses file descriptors, which are limited.
                            opened.truncate(20);
                        }
                        opened
                    })
                })
                .collect();
            let _guard = StopOnPanic(&is_over);
            debuggee.exec();
            is_over.store(true, Ordering::Relaxed);
            openers
                .into_iter()
                .flat_map(|opener| opener.join().unwrap())
                .collect()
        });
        // Each handle names the program before the exec, or the program after it with its vDSO.
        let vdso = debuggee.mapping("[vdso]").start;
        for process in opened.iter().chain([&debuggee.process()]) {
            match process.write_memory(0, &[1]) {
                Err(Status::NoMemory) => {
                    let written = process.write_memory(vdso, &[1]);
                    assert_eq!(written, Err(Status::AccessDenied));
                }
                other => assert_eq!(other, Err(Status::BadState)),
            }
        }
        assert!(debuggee.process().write_memory(0, &[1]) == Err(Status::NoMemory));
    }
}

pub(crate) fn remapped_memory_is_written_or_no_memory() {
    test_remapped_memory("ReadWrite", &MAPPED_OR_NOT, &MAPPED_OR_NOT);
}

pub(crate) fn remapped_read_only_memory_is_written_or_no_memory() {
    test_remapped_memory("ReadOnly", &MAPPED_OR_NOT, &MAPPED_OR_NOT);
}

pub(crate) fn remapped_memory_without_permission_is_written_or_no_memory() {
    test_remapped_memory("NoPermission", &MAPPED_OR_NOT, &MAPPED_OR_NOT);
}

pub(crate) fn remapped_shared_memory_is_written_or_no_memory() {
    test_remapped_memory("Shared", &MAPPED_OR_NOT, &MAPPED_OR_NOT);
}

pub(crate) fn remapped_shared_read_only_memory_is_access_denied_or_no_memory() {
    let failures = [Status::AccessDenied, Status::NoMemory].map(CallResult::Failed);
    test_remapped_memory("SharedReadOnly", &failures, &MAPPED_OR_NOT);
}

pub(crate) fn remapped_memory_past_file_end_is_out_of_range_or_no_memory() {
    let failures = [Status::OutOfRange, Status::NoMemory].map(CallResult::Failed);
    test_remapped_memory("PastFileEnd", &failures, &failures);
}

/// Results while the memory is mapped, partly mapped, or unmapped.
pub(crate) const MAPPED_OR_NOT: [CallResult; 3] = [
    CallResult::Complete,
    CallResult::Partial,
    CallResult::Failed(Status::NoMemory),
];

/// The debuggee unmaps the memory and maps new memory at the same address, over and over.
pub(crate) fn test_remapped_memory(page: &str, of_writes: &[CallResult], of_reads: &[CallResult]) {
    for len in [page_size(), 16 * page_size(), LEN] {
        let mut debuggee = Debuggee::start();
        let base = debuggee.lay_out_large(len);
        debuggee.ask(format_args!("remap {base} {len} {page} 1"));
        let process = debuggee.process();
        let results = ConcurrentCalls::new(&process, base..base + len).run_during(|calls| {
            // Until a write found the memory unmapped, but not forever.
            for _ in 0..40 {
                debuggee.ask(format_args!("remap {base} {len} {page} 500"));
                if calls.has_write_result(CallResult::Failed(Status::NoMemory)) {
                    break;
                }
            }
        });
        results.assert_only(of_writes, of_reads);
        assert_guards_are_unchanged(&mut debuggee, base, len);
    }
}
