//! Linux before 6.11, 5.4 and 5.3, simulated by seccomp filters.

use super::debuggee::{Debuggee, Page, program_at};
use super::linux::tests;
use super::seccomp::{Filter, install};
use super::under_way::{MAPPED_OR_NOT, test_remapped_memory};
use libtest_mimic::Arguments;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use zx_process_memory::{Process, Status};

/// `_IOWR('f', 17, struct procmap_query)`.
pub(crate) const PROCMAP_QUERY: u32 = 0xc068_6611;

fn without_procmap_query() {
    install(&Filter {
        syscall: libc::SYS_ioctl,
        argument: Some((1, PROCMAP_QUERY)),
        errno: Some(Errno::NOTTY),
    });
    let maps = File::open("/proc/self/maps").unwrap();
    let request = PROCMAP_QUERY.into();
    // SAFETY: the filter rejects the call, and without the filter Linux rejects a null pointer.
    let result = unsafe { libc::ioctl(maps.as_raw_fd(), request, std::ptr::null_mut::<u8>()) };
    let errno = io::Error::last_os_error().raw_os_error();
    assert_eq!((result, errno), (-1, Some(libc::ENOTTY)));
}

pub(crate) fn without_procmap_query_all_tests_of_the_linux_backend_pass() {
    without_procmap_query();
    let conclusion = libtest_mimic::run(&Arguments::default(), tests());
    assert!(!conclusion.has_failed());
    assert!(conclusion.num_passed > 80);
}

pub(crate) fn without_procmap_query_remapped_memory_is_written_or_no_memory() {
    without_procmap_query();
    for page in ["ReadWrite", "ReadOnly", "Shared"] {
        test_remapped_memory(page, &MAPPED_OR_NOT, &MAPPED_OR_NOT);
    }
}

/// Linux before 6.9 has no pidfs, so the identity of a process includes a field of `/proc/PID/stat`. That
/// file has the process's name, which can be any bytes.
pub(crate) fn without_pidfs_process_whose_name_is_not_utf8_is_written() {
    install(&Filter {
        syscall: libc::SYS_fstatfs,
        argument: None,
        errno: Some(Errno::NOSYS),
    });
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join(OsStr::from_bytes(b"a) \xff"));
    symlink(std::env::current_exe().unwrap(), &link).unwrap();
    let mut debuggee = Debuggee::spawn(&mut program_at(&link));
    debuggee.ask("hello");
    let name = fs::read(format!("/proc/{}/comm", debuggee.pid())).unwrap();
    assert_eq!(name, b"a) \xff\n");
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let first = Process::from_pid(debuggee.pid()).unwrap();
    let second = Process::from_child(&debuggee.child).unwrap();
    assert_eq!(first.koid(), second.koid());
    assert_eq!(first.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);
}

fn test_without_pidfd_open(errno: Errno, expected: Status) {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let open_before = debuggee.process();
    install(&Filter {
        syscall: libc::SYS_pidfd_open,
        argument: None,
        errno: Some(errno),
    });
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), expected);
    let by_pid = Process::from_pid(debuggee.pid());
    assert_eq!(by_pid.unwrap_err(), expected);
    // SAFETY: this test writes nothing to its own process.
    let own = unsafe { Process::current() };
    assert_eq!(own.unwrap_err(), Status::BadHandle);
    // The handle that was opened before still works.
    assert_eq!(open_before.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);
}

pub(crate) fn without_pidfd_open_an_open_is_not_supported() {
    test_without_pidfd_open(Errno::NOSYS, Status::NotSupported);
}

/// As in containers whose seccomp filter forbids it.
pub(crate) fn where_pidfd_open_is_forbidden_an_open_is_access_denied() {
    test_without_pidfd_open(Errno::PERM, Status::AccessDenied);
}

/// Linux 5.3 has pidfds, but its waitid does not take them.
pub(crate) fn without_waitid_on_pidfds_from_child_is_not_supported() {
    install(&Filter {
        syscall: libc::SYS_waitid,
        argument: Some((0, libc::P_PIDFD)),
        errno: Some(Errno::INVAL),
    });
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), Status::NotSupported);
    let by_pid = Process::from_pid(debuggee.pid()).unwrap();
    assert_eq!(by_pid.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);
}
