//! Processes that end, stop or exec, and opening them by child and by PID.

use super::debuggee::{Debuggee, Page, page_size};
use rustix::thread::gettid;
use zx_process_memory::{Process, Status};

/// Writes of each length and to each address are `BadState`.
fn assert_bad_state(process: &Process, base: usize) {
    for (vaddr, len) in [
        (base, 1),
        (base, page_size()),
        (base, 2 * page_size()),
        (base, 64 << 20),
        (0, 1),
        (usize::MAX, 1),
    ] {
        let refused = process.write_memory(vaddr, &vec![1; len]);
        assert_eq!(refused, Err(Status::BadState), "{len} bytes at {vaddr:#x}");
    }
}

pub(crate) fn killed_child_is_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.child.kill().unwrap();
    debuggee.wait_without_reaping();
    assert_bad_state(&process, base);
}

pub(crate) fn reaped_child_is_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.kill_and_wait();
    assert_bad_state(&process, base);
}

pub(crate) fn exited_child_is_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.exit();
    debuggee.wait_without_reaping();
    assert_bad_state(&process, base);
}

pub(crate) fn old_handle_is_bad_state_after_exec() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.exec();
    assert_bad_state(&process, base);
    // The same at an address at which the new program has memory.
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    assert_bad_state(&process, base);
    assert!(debuggee.sees_only(0, base..base + 2 * page_size()));
}

pub(crate) fn new_handle_after_exec_writes_new_program() {
    let mut debuggee = Debuggee::start();
    let old = debuggee.process();
    debuggee.exec();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let new = debuggee.process();
    assert_ne!(old.koid(), new.koid());
    assert_eq!(new.write_memory(base, &[5; 8]), Ok(8));
    assert_eq!(debuggee.sees(base..base + 8), [5; 8]);
}

pub(crate) fn stopped_child_is_written() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    debuggee.stop();
    assert_eq!(process.write_memory(base, &[5; 8]), Ok(8));
    // A stopped process can be opened, too.
    assert_eq!(debuggee.process().write_memory(base + 8, &[6; 8]), Ok(8));
    debuggee.resume();
    assert_eq!(debuggee.sees(base..base + 8), [5; 8]);
    assert_eq!(debuggee.sees(base + 8..base + 16), [6; 8]);
}

pub(crate) fn from_child_of_ended_child_is_bad_state() {
    let mut debuggee = Debuggee::start();
    debuggee.exit();
    debuggee.wait_without_reaping();
    let refused = Process::from_child(&debuggee.child);
    assert_eq!(refused.unwrap_err(), Status::BadState);
}

pub(crate) fn from_child_of_reaped_child_is_bad_state() {
    let mut debuggee = Debuggee::start();
    debuggee.kill_and_wait();
    let refused = Process::from_child(&debuggee.child);
    assert_eq!(refused.unwrap_err(), Status::BadState);
}

pub(crate) fn from_pid_of_invalid_or_unused_pid_fails() {
    let open = |pid| Process::from_pid(pid).unwrap_err();
    assert_eq!(open(0), Status::InvalidArgs);
    assert_eq!(open(u32::MAX), Status::InvalidArgs);
    assert_eq!(open(1 << 31), Status::InvalidArgs);
    // Linux assigns no PID that high.
    assert_eq!(open(0x7fff_ffff), Status::NotFound);
}

pub(crate) fn from_pid_of_calling_process_is_invalid_args() {
    let open = |pid| Process::from_pid(pid).unwrap_err();
    assert_eq!(open(std::process::id()), Status::InvalidArgs);
    // The ID of another thread names the calling process, too.
    let thread = std::thread::spawn(move || {
        let id = gettid().as_raw_nonzero().get();
        open(u32::try_from(id).unwrap())
    });
    assert_eq!(thread.join().unwrap(), Status::InvalidArgs);
}

pub(crate) fn from_pid_of_ended_child_is_bad_state_until_reaped() {
    let mut debuggee = Debuggee::start();
    let pid = debuggee.pid();
    debuggee.exit();
    debuggee.wait_without_reaping();
    let open = || Process::from_pid(pid).unwrap_err();
    assert_eq!(open(), Status::BadState);
    debuggee.child.wait().unwrap();
    assert_eq!(open(), Status::NotFound);
}

pub(crate) fn handles_to_one_process_have_equal_koids() {
    let debuggee = Debuggee::start();
    let other = Debuggee::start();
    let by_child = debuggee.process();
    let by_pid = Process::from_pid(debuggee.pid()).unwrap();
    assert_eq!(by_child.koid(), by_pid.koid());
    assert_ne!(by_child.as_raw(), by_pid.as_raw());
    assert_ne!(by_child.koid(), other.process().koid());
}
