//! The limit of file descriptors is reached.

use super::debuggee::{Debuggee, page_size};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::{self, File};
use zx_process_memory::{JobRef, Process, Rights, Status};

/// File descriptors of an open process. Without pidfs (before Linux 6.9) an open needs one more.
const DESCRIPTORS_PER_PROCESS: usize = 4;

/// Opens files until only this many descriptors are free.
fn exhaust_descriptors(free: usize) -> Vec<File> {
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    files.truncate(files.len() - free);
    files
}

/// With a low limit, few files exhaust it.
fn lower_the_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let current = Some(64);
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

pub(crate) fn open_without_free_descriptors_is_no_resources() {
    let debuggee = Debuggee::start();
    let pid = debuggee.pid();
    lower_the_limit();
    let count_descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = count_descriptors();
    for free in 0..DESCRIPTORS_PER_PROCESS + 3 {
        let files = exhaust_descriptors(free);
        // Repeated, since a failed open must not keep descriptors.
        let opened = [(); 3].map(|()| {
            [
                Process::from_child(&debuggee.child).map(drop),
                Process::from_pid(pid).map(drop),
            ]
        });
        drop(files);
        let expected = match free {
            0..DESCRIPTORS_PER_PROCESS => Err(Status::NoResources),
            DESCRIPTORS_PER_PROCESS => opened[0][0],
            _ => Ok(()),
        };
        assert_eq!(opened, [[expected; 2]; 3], "with {free} free descriptors");
        assert_eq!(count_descriptors(), before);
    }
}

pub(crate) fn calls_on_open_handle_need_no_free_descriptors() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(16 * page_size());
    let process = debuggee.process();
    lower_the_limit();
    let files = exhaust_descriptors(0);
    let bytes = vec![9; 17 * page_size()];
    assert_eq!(process.write_memory(base, &bytes[..8]), Ok(8));
    assert_eq!(process.write_memory(base, &bytes), Ok(16 * page_size()));
    let mut seen = vec![0; 17 * page_size()];
    assert_eq!(process.read_memory(base, &mut seen), Ok(16 * page_size()));
    let duplicate = process.duplicate(Rights::SAME_RIGHTS).unwrap();
    assert_eq!(duplicate.koid(), process.koid());
    assert_eq!(duplicate.write_memory(0, &bytes), Err(Status::NoMemory));
    // Two calls that open this process for the first time.
    // SAFETY: this test writes nothing to its own process.
    let own = unsafe { Process::current() };
    assert_eq!(own.unwrap_err(), Status::BadHandle);
    let by_koid = JobRef::default_job()
        .unwrap()
        .find_process(process.koid().unwrap());
    assert_eq!(by_koid.unwrap_err(), Status::BadHandle);
    debuggee.kill_and_wait();
    assert_eq!(duplicate.write_memory(base, &bytes), Err(Status::BadState));
    drop(files);
    // SAFETY: this test writes nothing to its own process.
    assert!(unsafe { Process::current() }.is_ok());
}
