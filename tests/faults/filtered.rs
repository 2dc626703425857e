//! A filter of system calls, as a container has one, forbids what an open handle needs.

use super::debuggee::{Debuggee, PAGE, Page};
use super::guarded::guarded;
use super::old_kernels::PROCMAP_QUERY;
use super::seccomp::{Answered, install};
use rustix::io::Errno;
use std::ptr::null_mut;
use zx_process_memory::sys::{self, ZX_INFO_PROCESS_MAPS_V1};
use zx_process_memory::{Process, Status};

fn forbid(call: libc::c_long) {
    let (argument, errno) = (None, Some(Errno::PERM));
    install(&Answered {
        call,
        argument,
        errno,
    });
}

pub(crate) fn a_write_that_is_forbidden_is_denied() {
    let mut debuggee = Debuggee::start();
    let base = guarded(&mut debuggee, 2 * PAGE);
    let process = debuggee.process();
    forbid(libc::SYS_pwrite64);
    for len in [1, PAGE, 2 * PAGE] {
        let written = process.write_memory(base, &vec![1; len]);
        assert_eq!(written, Err(Status::AccessDenied), "{len} bytes");
    }
    // Nothing else is.
    let mut seen = vec![1; 2 * PAGE];
    assert_eq!(process.read_memory(base, &mut seen), Ok(2 * PAGE));
    assert_eq!(seen, [0; 2 * PAGE]);
    assert_eq!(process.write_memory(0, &[1; 8192]), Err(Status::NoMemory));
}

/// What cannot be read cannot be told from this process's own memory either.
pub(crate) fn where_reads_are_forbidden_they_are_denied_and_nothing_opens() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    forbid(libc::SYS_pread64);
    for len in [1, PAGE, 2 * PAGE] {
        let read = process.read_memory(base, &mut vec![0; len]);
        assert_eq!(read, Err(Status::AccessDenied), "{len} bytes");
    }
    // SAFETY: there is room for no record, and null counts are allowed.
    let listed = unsafe {
        let (handle, topic) = (process.as_raw(), ZX_INFO_PROCESS_MAPS_V1);
        sys::zx_object_get_info(handle, topic, null_mut(), 0, null_mut(), null_mut())
    };
    assert_eq!(Status::ok(listed), Err(Status::AccessDenied));
    assert_eq!(process.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);

    // A fork has a mapping at each address at which this process has one.
    // SAFETY: there is one thread, and the copy does nothing but wait.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        loop {
            // SAFETY: takes no pointer.
            unsafe { libc::pause() };
        }
    }
    let by_pid = Process::from_pid(pid.unsigned_abs());
    // SAFETY: takes no pointer.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    assert_eq!(by_pid.unwrap_err(), Status::InvalidArgs);
}

pub(crate) fn where_mappings_may_not_be_asked_for_long_writes_are_denied() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    install(&Answered {
        call: libc::SYS_ioctl,
        argument: Some((1, PROCMAP_QUERY)),
        errno: Some(Errno::PERM),
    });
    let across = process.write_memory(base, &[1; PAGE + 1]);
    assert_eq!(across, Err(Status::AccessDenied));
    let across = process.read_memory(base, &mut [1; PAGE + 1]);
    assert_eq!(across, Err(Status::AccessDenied));
    assert_eq!(process.write_memory(base, &[1; PAGE]), Ok(PAGE));
    assert!(debuggee.sees_only(1, base..base + PAGE));
}

/// As of a process that never stops to exec: a live one's memory is never empty.
pub(crate) fn where_memory_is_gone_at_each_look_nothing_opens() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    install(&Answered {
        call: libc::SYS_pread64,
        argument: None,
        errno: None,
    });
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), Status::BadState);
    let by_pid = Process::from_pid(debuggee.child.id());
    assert_eq!(by_pid.unwrap_err(), Status::BadState);
    assert_eq!(process.read_memory(0x1000, &mut [0]), Err(Status::BadState));
}

/// Whether a process has ended cannot be told then, and no handle is given out in doubt.
pub(crate) fn where_polling_is_forbidden_nothing_opens() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    forbid(libc::SYS_ppoll);
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), Status::BadState);
    let by_pid = Process::from_pid(debuggee.child.id());
    assert_eq!(by_pid.unwrap_err(), Status::BadState);
    assert_eq!(process.write_memory(base, &[1, 2]), Ok(2));
}
