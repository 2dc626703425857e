//! A process may end, stop, or become another program.

use super::debuggee::{Debuggee, PAGE, Page};
use rustix::process::{Signal, kill_process};
use rustix::thread::gettid;
use zx_process_memory::{Process, Status};

/// Every kind of write tells the same.
fn expect_gone(process: &Process, base: usize) {
    for (vaddr, len) in [
        (base, 1),
        (base, PAGE),
        (base, 2 * PAGE),
        (base, 64 << 20),
        (0, 1),
        (usize::MAX, 1),
    ] {
        let refused = process.write_memory(vaddr, &vec![1; len]);
        assert_eq!(refused, Err(Status::BadState), "{len} bytes at {vaddr:#x}");
    }
}

pub(crate) fn a_killed_child_is_in_a_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.child.kill().unwrap();
    debuggee.wait_without_reaping();
    expect_gone(&process, base);
}

pub(crate) fn a_reaped_child_is_in_a_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.kill_and_wait();
    expect_gone(&process, base);
}

pub(crate) fn a_child_that_exited_is_in_a_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.exit();
    debuggee.wait_without_reaping();
    expect_gone(&process, base);
}

pub(crate) fn a_child_that_became_another_program_is_in_a_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.exec();
    expect_gone(&process, base);
    // Nor does it write where the new program has memory.
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    expect_gone(&process, base);
    assert!(debuggee.sees_only(0, base..base + 2 * PAGE));
}

pub(crate) fn a_new_handle_reaches_the_other_program() {
    let mut debuggee = Debuggee::start();
    let old = debuggee.process();
    debuggee.exec();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let new = debuggee.process();
    assert_ne!(old.koid(), new.koid());
    assert_eq!(new.write_memory(base, &[5; 8]), Ok(8));
    assert_eq!(debuggee.sees(base..base + 8), [5; 8]);
}

pub(crate) fn a_stopped_child_is_written() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    kill_process(debuggee.pid(), Signal::STOP).unwrap();
    assert_eq!(process.write_memory(base, &[5; 8]), Ok(8));
    // A handle can be had of a stopped process, too.
    assert_eq!(debuggee.process().write_memory(base + 8, &[6; 8]), Ok(8));
    kill_process(debuggee.pid(), Signal::CONT).unwrap();
    assert_eq!(debuggee.sees(base..base + 8), [5; 8]);
    assert_eq!(debuggee.sees(base + 8..base + 16), [6; 8]);
}

pub(crate) fn from_child_refuses_a_child_that_ended() {
    let mut debuggee = Debuggee::start();
    debuggee.exit();
    debuggee.wait_without_reaping();
    let refused = Process::from_child(&debuggee.child);
    assert_eq!(refused.unwrap_err(), Status::BadState);
}

pub(crate) fn from_child_refuses_a_child_that_was_waited_for() {
    let mut debuggee = Debuggee::start();
    debuggee.kill_and_wait();
    let refused = Process::from_child(&debuggee.child);
    assert_eq!(refused.unwrap_err(), Status::BadState);
}

pub(crate) fn from_pid_refuses_what_is_no_process() {
    let open = |pid| Process::from_pid(pid).unwrap_err();
    assert_eq!(open(0), Status::InvalidArgs);
    assert_eq!(open(u32::MAX), Status::InvalidArgs);
    assert_eq!(open(1 << 31), Status::InvalidArgs);
    // Above the highest that Linux gives out.
    assert_eq!(open(0x7fff_ffff), Status::NotFound);
}

pub(crate) fn from_pid_refuses_the_calling_process() {
    let open = |pid| Process::from_pid(pid).unwrap_err();
    assert_eq!(open(std::process::id()), Status::InvalidArgs);
    // By a thread's id one's own memory could be reached as well.
    let thread = std::thread::spawn(move || {
        let id = gettid().as_raw_nonzero().get();
        open(u32::try_from(id).unwrap())
    });
    assert_eq!(thread.join().unwrap(), Status::InvalidArgs);
}

pub(crate) fn from_pid_refuses_a_child_that_ended() {
    let mut debuggee = Debuggee::start();
    let pid = debuggee.child.id();
    debuggee.exit();
    debuggee.wait_without_reaping();
    let open = || Process::from_pid(pid).unwrap_err();
    assert_eq!(open(), Status::BadState);
    debuggee.child.wait().unwrap();
    assert_eq!(open(), Status::NotFound);
}

pub(crate) fn one_process_has_one_koid() {
    let debuggee = Debuggee::start();
    let other = Debuggee::start();
    let by_child = debuggee.process();
    let by_pid = Process::from_pid(debuggee.child.id()).unwrap();
    assert_eq!(by_child.koid(), by_pid.koid());
    assert_ne!(by_child.as_raw(), by_pid.as_raw());
    assert_ne!(by_child.koid(), other.process().koid());
}
