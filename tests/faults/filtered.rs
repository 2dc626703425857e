//! A seccomp filter, as in a container, forbids a system call that the Linux backend needs.

use super::debuggee::{Debuggee, Page, page_size};
use super::old_kernels::PROCMAP_QUERY;
use super::seccomp::{Filter, install};
use super::subprocess;
use rustix::io::Errno;
use std::ptr::null_mut;
use zx_process_memory::sys::{self, ZX_INFO_PROCESS_MAPS_V1};
use zx_process_memory::{Process, Status};

fn forbid(syscall: libc::c_long) {
    let (argument, errno) = (None, Some(Errno::PERM));
    install(&Filter {
        syscall,
        argument,
        errno,
    });
}

pub(crate) fn write_without_pwrite_is_access_denied() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(2 * page_size());
    let process = debuggee.process();
    forbid(libc::SYS_pwrite64);
    for len in [1, page_size(), 2 * page_size()] {
        let written = process.write_memory(base, &vec![1; len]);
        assert_eq!(written, Err(Status::AccessDenied), "{len} bytes");
    }
    // Other calls are not affected.
    let mut seen = vec![1; 2 * page_size()];
    assert_eq!(process.read_memory(base, &mut seen), Ok(2 * page_size()));
    assert_eq!(seen, vec![0; 2 * page_size()]);
    assert_eq!(process.write_memory(0, &[1; 8192]), Err(Status::NoMemory));
}

/// An open fails, too: without reads the Linux backend cannot check that the memory is not its own.
pub(crate) fn read_and_open_without_pread_fail() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    forbid(libc::SYS_pread64);
    for len in [1, page_size(), 2 * page_size()] {
        let read = process.read_memory(base, &mut vec![0; len]);
        assert_eq!(read, Err(Status::AccessDenied), "{len} bytes");
    }
    // SAFETY: the buffer has length 0, so the call writes no record, and it allows null counts.
    let listed = unsafe {
        let (handle, topic) = (process.as_raw(), ZX_INFO_PROCESS_MAPS_V1);
        sys::zx_object_get_info(handle, topic, null_mut(), 0, null_mut(), null_mut())
    };
    assert_eq!(Status::ok(listed), Err(Status::AccessDenied));
    assert_eq!(process.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(debuggee.sees(base..base + 3), [1, 2, 0]);

    // A fork has the same mappings as this process.
    // SAFETY: this process has one thread, and the child only waits.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        loop {
            // SAFETY: pause takes no pointer.
            unsafe { libc::pause() };
        }
    }
    let by_pid = Process::from_pid(pid.unsigned_abs());
    // SAFETY: kill takes no pointer.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    assert_eq!(by_pid.unwrap_err(), Status::AccessDenied);
}

/// Filters and emulators refuse an unknown ioctl with these errors. The text of `/proc/PID/maps` has the same
/// mappings.
pub(crate) fn open_and_calls_without_procmap_query_succeed() {
    for errno in ["EPERM", "EACCES", "ENOSYS", "EINVAL", "EOPNOTSUPP"] {
        // A filter cannot be removed.
        subprocess::run(subprocess::command("filtered::without_procmap_query").arg(errno));
    }
}

pub(crate) fn without_procmap_query() {
    let errno = match std::env::args().nth(1).unwrap().as_str() {
        "EPERM" => Errno::PERM,
        "EACCES" => Errno::ACCESS,
        "ENOSYS" => Errno::NOSYS,
        "EINVAL" => Errno::INVAL,
        "EOPNOTSUPP" => Errno::OPNOTSUPP,
        other => panic!("{other}"),
    };
    install(&Filter {
        syscall: libc::SYS_ioctl,
        argument: Some((1, PROCMAP_QUERY)),
        errno: Some(errno),
    });
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let by_child = Process::from_child(&debuggee.child).map(drop);
    assert_eq!(by_child, Ok(()), "{errno}");
    let process = Process::from_pid(debuggee.pid()).unwrap();
    assert_eq!(
        process.write_memory(base, &vec![1; page_size() + 1]),
        Ok(page_size() + 1)
    );
    assert_eq!(
        debuggee.sees(base + page_size() - 1..base + page_size() + 2),
        [1, 1, 0]
    );
    let mut seen = vec![0; page_size() + 1];
    assert_eq!(process.read_memory(base, &mut seen), Ok(page_size() + 1));
    assert_eq!(seen, vec![1; page_size() + 1]);
    assert_eq!(process.write_memory(0, &[1]), Err(Status::NoMemory));
}

/// The filter makes each look-up report that the process has ended.
pub(crate) fn call_within_a_page_of_a_seen_mapping_needs_no_look_up() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let unseen = debuggee.lay_out(&[Page::ReadWrite]);
    let stack = debuggee.mapping("[stack]").end - 16;
    let process = debuggee.process();
    assert_eq!(process.write_memory(base, &[0]), Ok(1));
    assert_eq!(process.read_memory(stack, &mut [0]), Ok(1));
    install(&Filter {
        syscall: libc::SYS_ioctl,
        argument: Some((1, PROCMAP_QUERY)),
        errno: Some(Errno::SRCH),
    });
    for page in [base, base + page_size()] {
        assert_eq!(
            process.write_memory(page, &vec![1; page_size()]),
            Ok(page_size())
        );
    }
    assert!(debuggee.sees_only(1, base..base + 2 * page_size()));
    assert_eq!(process.read_memory(stack - 8, &mut [0; 16]), Ok(16));
    for (vaddr, len) in [
        (unseen, 1),
        (base + page_size() - 1, 2),
        (base, page_size() + 1),
    ] {
        let refused = process.write_memory(vaddr, &vec![1; len]);
        assert_eq!(refused, Err(Status::BadState), "{len} bytes");
    }
}

/// As during an exec, but forever.
pub(crate) fn open_of_process_that_linux_reports_as_ended_is_bad_state() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    install(&Filter {
        syscall: libc::SYS_ioctl,
        argument: Some((1, PROCMAP_QUERY)),
        errno: Some(Errno::SRCH),
    });
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), Status::BadState);
    let by_pid = Process::from_pid(debuggee.pid());
    assert_eq!(by_pid.unwrap_err(), Status::BadState);
    assert_eq!(process.read_memory(0x1000, &mut [0]), Err(Status::BadState));
}

/// Without ppoll the Linux backend cannot check whether the process has ended.
pub(crate) fn open_without_ppoll_is_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    forbid(libc::SYS_ppoll);
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), Status::BadState);
    let by_pid = Process::from_pid(debuggee.pid());
    assert_eq!(by_pid.unwrap_err(), Status::BadState);
    assert_eq!(process.write_memory(base, &[1, 2]), Ok(2));
}
