//! `JobRef`: processes found by koid.

use super::debuggee::Debuggee;
use zx_process_memory::{JobRef, Process, Rights, Status, sys};

pub(crate) fn process_is_found_by_koid() {
    let (one, other) = (Debuggee::start(), Debuggee::start());
    let processes = [one.process(), other.process()];
    let job = JobRef::default_job().unwrap();
    for process in &processes {
        let koid = process.koid().unwrap();
        let found = job.find_process(koid).unwrap();
        assert_eq!(found.koid(), Ok(koid));
        assert_ne!(found.as_raw(), process.as_raw());
        assert!(found.rights().unwrap().contains(Rights::READ_MEMORY));
    }
}

pub(crate) fn unknown_koid_is_not_found() {
    let (mut debuggee, mut other) = (Debuggee::start(), Debuggee::start());
    let open = [debuggee.process(), other.process()];
    let [ended, before_exec] = open.each_ref().map(|process| process.koid().unwrap());
    let job = JobRef::default_job().unwrap();
    debuggee.kill_and_wait();
    other.exec();
    for koid in [0, 1, ended, before_exec, u64::MAX] {
        assert_eq!(job.find_process(koid).unwrap_err(), Status::NotFound);
    }
}

pub(crate) fn koid_of_calling_process_is_invalid_args() {
    // SAFETY: this test writes nothing to its own process.
    let own = unsafe { Process::current() }.unwrap();
    let found = JobRef::default_job()
        .unwrap()
        .find_process(own.koid().unwrap());
    assert_eq!(found.unwrap_err(), Status::InvalidArgs);
}

pub(crate) fn debug_output_shows_handle() {
    let job = JobRef::default_job().unwrap();
    let handle = sys::zx_job_default();
    assert_eq!(format!("{job:?}"), format!("JobRef({handle:#x})"));
}

pub(crate) fn find_process_fails_on_wrong_closed_and_weak_handles() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    // SAFETY: `process` keeps the handle open as long as it is borrowed.
    let not_a_job = unsafe { JobRef::borrow_raw(process.as_raw()) }.unwrap();
    assert_eq!(not_a_job.find_process(1).unwrap_err(), Status::WrongType);
    // SAFETY: this value names no handle, so nothing can close it during the borrow.
    let unknown = unsafe { JobRef::borrow_raw(0xdead_beef) }.unwrap();
    assert_eq!(unknown.find_process(1).unwrap_err(), Status::BadHandle);
    let mut weak = 0;
    // SAFETY: `weak` is valid for a write of a handle.
    let raw = unsafe { sys::zx_handle_duplicate(sys::zx_job_default(), 1, &raw mut weak) };
    Status::ok(raw).unwrap();
    // SAFETY: the handle is open until the end of this function.
    let without_enumerate = unsafe { JobRef::borrow_raw(weak) }.unwrap();
    assert_eq!(
        without_enumerate.find_process(1).unwrap_err(),
        Status::AccessDenied
    );
    // SAFETY: this function owns the handle, and does not use it again.
    unsafe { sys::zx_handle_close(weak) };
}
