//! The limit of descriptors is reached.

use super::debuggee::{Debuggee, PAGE};
use super::guarded::guarded;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::{self, File};
use zx_process_memory::{JobRef, Process, Rights, Status};

/// The descriptors of an open process. Without pidfs (before Linux 6.9) one more is needed while
/// it is opened.
const NEEDED: usize = 4;

/// Uses up all descriptors of this process but so many.
fn leave_free(free: usize) -> Vec<File> {
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    taken.truncate(taken.len() - free);
    taken
}

/// So that there are not too many to use up.
fn lower_the_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = Some(64);
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

pub(crate) fn an_open_without_descriptors_has_no_resources() {
    let debuggee = Debuggee::start();
    let pid = debuggee.child.id();
    lower_the_limit();
    let in_use = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = in_use();
    for free in 0..NEEDED + 3 {
        let taken = leave_free(free);
        // More than once, for one that failed must not have kept what was left.
        let opened = [(); 3].map(|()| {
            [
                Process::from_child(&debuggee.child).map(drop),
                Process::from_pid(pid).map(drop),
            ]
        });
        drop(taken);
        let expected = match free {
            0..NEEDED => Err(Status::NoResources),
            NEEDED => opened[0][0],
            _ => Ok(()),
        };
        assert_eq!(opened, [[expected; 2]; 3], "with {free} left");
        assert_eq!(in_use(), before);
    }
}

pub(crate) fn an_open_handle_needs_no_more_descriptors() {
    let mut debuggee = Debuggee::start();
    let base = guarded(&mut debuggee, 16 * PAGE);
    let process = debuggee.process();
    lower_the_limit();
    let taken = leave_free(0);
    let bytes = vec![9; 17 * PAGE];
    assert_eq!(process.write_memory(base, &bytes[..8]), Ok(8));
    assert_eq!(process.write_memory(base, &bytes), Ok(16 * PAGE));
    let mut seen = vec![0; 17 * PAGE];
    assert_eq!(process.read_memory(base, &mut seen), Ok(16 * PAGE));
    let again = process.duplicate(Rights::SAME_RIGHTS).unwrap();
    assert_eq!(again.koid(), process.koid());
    assert_eq!(again.write_memory(0, &bytes), Err(Status::NoMemory));
    // Two that ask for this process's own handle, which was not had before.
    // SAFETY: nothing is written by it.
    let own = unsafe { Process::current() };
    assert_eq!(own.unwrap_err(), Status::BadHandle);
    let by_koid = JobRef::default_job()
        .unwrap()
        .find_process(process.koid().unwrap());
    assert_eq!(by_koid.unwrap_err(), Status::BadHandle);
    debuggee.kill_and_wait();
    assert_eq!(again.write_memory(base, &bytes), Err(Status::BadState));
    drop(taken);
    // SAFETY: as above.
    assert!(unsafe { Process::current() }.is_ok());
}
