//! Linux before 6.11, 5.4 and 5.3, played by a filter of system calls.

use super::debuggee::{Debuggee, Page};
use super::linux::tests;
use super::seccomp::{Answered, install};
use super::under_way::{THERE, comes_and_goes};
use libtest_mimic::Arguments;
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use zx_process_memory::{Process, Status};

/// `_IOWR('f', 17, struct procmap_query)`.
pub(crate) const PROCMAP_QUERY: u32 = 0xc068_6611;

fn without_procmap_query() {
    install(&Answered {
        call: libc::SYS_ioctl,
        argument: Some((1, PROCMAP_QUERY)),
        errno: Some(Errno::NOTTY),
    });
    let maps = File::open("/proc/self/maps").unwrap();
    let request = PROCMAP_QUERY.into();
    // SAFETY: the filter answers, or Linux refuses a null pointer.
    let refused = unsafe { libc::ioctl(maps.as_raw_fd(), request, std::ptr::null_mut::<u8>()) };
    let why = io::Error::last_os_error().raw_os_error();
    assert_eq!((refused, why), (-1, Some(libc::ENOTTY)));
}

/// Every test of the stand-in holds.
pub(crate) fn without_procmap_query_all_is_the_same() {
    without_procmap_query();
    let conclusion = libtest_mimic::run(&Arguments::default(), tests());
    assert!(!conclusion.has_failed());
    assert!(conclusion.num_passed > 80);
}

pub(crate) fn without_procmap_query_memory_comes_and_goes_the_same() {
    without_procmap_query();
    for page in ["ReadWrite", "ReadOnly", "Shared"] {
        comes_and_goes(page, &THERE, &THERE);
    }
}

fn without_pidfd_open(errno: Errno, expected: Status) {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let before = debuggee.process();
    install(&Answered {
        call: libc::SYS_pidfd_open,
        argument: None,
        errno: Some(errno),
    });
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), expected);
    let by_pid = Process::from_pid(debuggee.child.id());
    assert_eq!(by_pid.unwrap_err(), expected);
    // SAFETY: nothing is written by it.
    let own = unsafe { Process::current() };
    assert_eq!(own.unwrap_err(), Status::BadHandle);
    // What is open goes on.
    assert_eq!(before.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);
}

pub(crate) fn without_pidfd_open_opening_is_not_supported() {
    without_pidfd_open(Errno::NOSYS, Status::NotSupported);
}

/// As by the filter of many a container.
pub(crate) fn where_pidfd_open_is_forbidden_opening_is_denied() {
    without_pidfd_open(Errno::PERM, Status::AccessDenied);
}

/// Linux 5.3 knows pidfds, but does not wait on them.
pub(crate) fn without_waitid_on_a_pidfd_a_child_is_not_supported() {
    install(&Answered {
        call: libc::SYS_waitid,
        argument: Some((0, libc::P_PIDFD)),
        errno: Some(Errno::INVAL),
    });
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), Status::NotSupported);
    let by_pid = Process::from_pid(debuggee.child.id()).unwrap();
    assert_eq!(by_pid.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);
}
