//! Processes found by koid.

use super::debuggee::Debuggee;
use zx_process_memory::{JobRef, Process, Rights, Status, sys};

pub(crate) fn a_process_is_found_by_its_koid() {
    let (one, other) = (Debuggee::start(), Debuggee::start());
    let held = [one.process(), other.process()];
    let job = JobRef::default_job().unwrap();
    for process in &held {
        let koid = process.koid().unwrap();
        let found = job.find_process(koid).unwrap();
        assert_eq!(found.koid(), Ok(koid));
        assert_ne!(found.as_raw(), process.as_raw());
        assert!(found.rights().unwrap().contains(Rights::READ_MEMORY));
    }
}

pub(crate) fn what_is_not_below_the_job_is_not_found() {
    let (mut debuggee, mut other) = (Debuggee::start(), Debuggee::start());
    let open = [debuggee.process(), other.process()];
    let [gone, replaced] = open.each_ref().map(|process| process.koid().unwrap());
    let job = JobRef::default_job().unwrap();
    debuggee.kill_and_wait();
    other.exec();
    for koid in [0, 1, gone, replaced, u64::MAX] {
        assert_eq!(job.find_process(koid).unwrap_err(), Status::NotFound);
    }
}

pub(crate) fn the_calling_process_is_refused() {
    // SAFETY: nothing is written.
    let own = unsafe { Process::current() }.unwrap();
    let found = JobRef::default_job()
        .unwrap()
        .find_process(own.koid().unwrap());
    assert_eq!(found.unwrap_err(), Status::InvalidArgs);
}

pub(crate) fn a_job_shows_its_handle() {
    let job = JobRef::default_job().unwrap();
    let handle = sys::zx_job_default();
    assert_eq!(format!("{job:?}"), format!("JobRef({handle:#x})"));
}

pub(crate) fn what_is_no_job_is_refused() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    // SAFETY: `process` keeps the handle open.
    let no_job = unsafe { JobRef::borrow_raw(process.as_raw()) }.unwrap();
    assert_eq!(no_job.find_process(1).unwrap_err(), Status::WrongType);
    // SAFETY: a handle that names nothing is no one's to close.
    let garbage = unsafe { JobRef::borrow_raw(0xdead_beef) }.unwrap();
    assert_eq!(garbage.find_process(1).unwrap_err(), Status::BadHandle);
    let mut weak = 0;
    // SAFETY: `weak` is writable.
    let raw = unsafe { sys::zx_handle_duplicate(sys::zx_job_default(), 1, &raw mut weak) };
    Status::ok(raw).unwrap();
    // SAFETY: it is closed below.
    let blind = unsafe { JobRef::borrow_raw(weak) }.unwrap();
    assert_eq!(blind.find_process(1).unwrap_err(), Status::AccessDenied);
    // SAFETY: nothing uses it afterwards.
    unsafe { sys::zx_handle_close(weak) };
}
