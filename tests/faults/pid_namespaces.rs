//! Forks of this program in nested PID namespaces, in which different processes have the same
//! PID. A handle and a koid still name one process.

use super::namespaces::{mount_proc_or_skip, run_in_new_namespaces, unshare};
use super::seccomp::{Filter, install};
use rustix::io::Errno;
use std::os::unix::process::parent_id;
use std::process::exit;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::yield_now;
use zx_process_memory::{JobRef, Process, Status};

/// The memory that the tests write in each process.
static WORD: [AtomicU8; 4] = [const { AtomicU8::new(0) }; 4];

fn word() -> [u8; 4] {
    WORD.each_ref().map(|byte| byte.load(Ordering::Acquire))
}

fn vaddr() -> usize {
    WORD.as_ptr().addr()
}

pub(crate) fn same_pid_in_nested_namespace_has_other_koid() {
    run_in_new_namespaces("pid_namespaces::same_pid");
}

pub(crate) fn same_pid_in_other_proc_mount_has_other_koid() {
    run_in_new_namespaces("pid_namespaces::same_pid_in_other_proc_mount");
}

pub(crate) fn same_pid_in_nested_namespace_without_pidfs_has_other_koid() {
    run_in_new_namespaces("pid_namespaces::same_pid_without_pidfs");
}

pub(crate) fn same_pid_in_other_proc_mount_without_pidfs_has_other_koid() {
    run_in_new_namespaces("pid_namespaces::same_pid_in_other_proc_mount_without_pidfs");
}

pub(crate) fn fork_with_pid_of_its_parent_has_other_koid() {
    run_in_new_namespaces("pid_namespaces::pid_of_parent");
}

pub(crate) fn same_pid() {
    pid_2_of_two_namespaces(|| {});
}

pub(crate) fn same_pid_in_other_proc_mount() {
    mount_proc_or_skip();
    pid_2_of_two_namespaces(mount_proc_or_skip);
}

pub(crate) fn same_pid_without_pidfs() {
    hide_pidfs();
    same_pid();
}

pub(crate) fn same_pid_in_other_proc_mount_without_pidfs() {
    mount_proc_or_skip();
    hide_pidfs();
    pid_2_of_two_namespaces(mount_proc_or_skip);
}

/// Makes the Linux backend run as before Linux 6.9, which has no pidfs.
fn hide_pidfs() {
    install(&Filter {
        syscall: libc::SYS_fstatfs,
        argument: None,
        errno: Some(Errno::NOSYS),
    });
}

/// Makes two processes with PID 2 and opens both. `prepare` runs in the inner namespace.
fn pid_2_of_two_namespaces(prepare: fn()) {
    assert_eq!(std::process::id(), 1);
    let outer = fork(wait_to_be_written);
    assert_eq!(outer, 2);
    let to_outer = Process::from_pid(2).unwrap();
    unshare(libc::CLONE_NEWPID | libc::CLONE_NEWNS);
    let init = fork(|| {
        prepare();
        let inner = fork(wait_to_be_written);
        assert_eq!((std::process::id(), inner), (1, 2));
        let to_inner = Process::from_pid(2).unwrap();
        assert_ne!(to_inner.koid(), to_outer.koid());
        assert_eq!(to_inner.write_memory(vaddr(), &[1, 2, 3, 4]), Ok(4));
        assert_eq!(wait_for_exit_status(inner), 0);
    });
    assert_eq!(wait_for_exit_status(init), 0);
    let mut in_outer = [0xff; 4];
    assert_eq!(to_outer.read_memory(vaddr(), &mut in_outer), Ok(4));
    assert_eq!(in_outer, [0; 4]);
    assert_eq!(to_outer.write_memory(vaddr(), &[1, 2, 3, 4]), Ok(4));
    assert_eq!(wait_for_exit_status(outer), 0);
}

pub(crate) fn pid_of_parent() {
    assert_eq!(std::process::id(), 1);
    // SAFETY: only `WORD` is written: atomics, to which every value is valid.
    let parent = unsafe { Process::current() }.unwrap();
    assert_eq!(parent.write_memory(vaddr(), &[7]), Ok(1));
    unshare(libc::CLONE_NEWPID);
    let child = fork(|| {
        assert_eq!(std::process::id(), 1);
        // SAFETY: only `WORD` is written: atomics, to which every value is valid.
        let own = unsafe { Process::current() }.unwrap();
        assert_ne!(own.koid(), parent.koid());
        assert_eq!(own.write_memory(vaddr(), &[8]), Ok(1));
        assert_eq!(word()[0], 8);
        let job = JobRef::default_job().unwrap();
        let refused = job.find_process(own.koid().unwrap()).unwrap_err();
        assert_eq!(refused, Status::InvalidArgs);
        let found = job.find_process(parent.koid().unwrap()).unwrap();
        assert_eq!(found.koid(), parent.koid());
    });
    assert_eq!(wait_for_exit_status(child), 0);
    assert_eq!(word()[0], 7);
}

/// Forks this program. The child exits with status 0 unless it panics.
fn fork(run: impl FnOnce()) -> i32 {
    // SAFETY: this process has one thread, so the child may call any function.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        run();
        exit(0);
    }
    pid
}

/// Returns when all of `WORD` was written, or when the parent has ended.
fn wait_to_be_written() {
    let parent = parent_id();
    while word()[3] == 0 && parent_id() == parent {
        yield_now();
    }
    assert_eq!(word(), [1, 2, 3, 4]);
}

fn wait_for_exit_status(pid: i32) -> i32 {
    let mut status = -1;
    // SAFETY: `status` is valid for a write.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}
