//! A seccomp filter, as in a container, forbids a system call that the Linux backend needs.

use super::debuggee::{Debuggee, Page, page_size};
use super::old_kernels::PROCMAP_QUERY;
use super::seccomp::{Filter, install};
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
    assert_eq!(by_pid.unwrap_err(), Status::InvalidArgs);
}

pub(crate) fn calls_across_pages_without_procmap_query_are_access_denied() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    install(&Filter {
        syscall: libc::SYS_ioctl,
        argument: Some((1, PROCMAP_QUERY)),
        errno: Some(Errno::PERM),
    });
    let written_across_pages = process.write_memory(base, &vec![1; page_size() + 1]);
    assert_eq!(written_across_pages, Err(Status::AccessDenied));
    let read_across_pages = process.read_memory(base, &mut vec![1; page_size() + 1]);
    assert_eq!(read_across_pages, Err(Status::AccessDenied));
    // No kernel has smaller pages.
    assert_eq!(process.write_memory(base, &[1; 4096]), Ok(4096));
    assert!(debuggee.sees_only(1, base..base + 4096));
}

/// Reads of 0 bytes, as of a process that has ended. The memory of a live process is never empty,
/// except during exec.
pub(crate) fn open_of_process_whose_memory_reads_empty_is_bad_state() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    install(&Filter {
        syscall: libc::SYS_pread64,
        argument: None,
        errno: None,
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
