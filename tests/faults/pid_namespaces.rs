//! Forks of this program in nested PID namespaces, in which different processes have the same
//! PID. A handle and a koid still name one process.

use super::debuggee::Sharer;
use super::namespaces::{mount_proc_or_skip, run_in_new_namespaces, unshare};
use super::pids::choose_next_pid;
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

/// The memory of a process outlives it in another process that shares it. A fork with its PID has the same
/// mark.
pub(crate) fn fork_with_reused_pid_is_not_read_while_the_old_memory_lives() {
    run_in_new_namespaces("pid_namespaces::reused_pid_and_mark");
}

pub(crate) fn reused_pid_and_mark() {
    mount_proc_or_skip();
    let large = large();
    let first = fork(|| {
        Sharer::start();
        pause();
    });
    let sharer = format!("/proc/{}", first + 1);
    while !std::fs::exists(&sharer).unwrap() {
        yield_now();
    }
    let to_first = Process::from_pid(first.unsigned_abs()).unwrap();
    kill_and_wait(first);
    fill(&large, 7);
    choose_next_pid(first.unsigned_abs());
    let second = fork(pause);
    assert_eq!(second, first);
    assert_read_is(&to_first, &large, 0);
    let to_second = Process::from_pid(second.unsigned_abs()).unwrap();
    assert_read_is(&to_second, &large, 7);
    kill_and_wait(second);
}

/// Memory that is large enough for a read by PID.
fn large() -> Vec<AtomicU8> {
    (0..1 << 20).map(|_| AtomicU8::new(0)).collect()
}

fn fill(large: &[AtomicU8], value: u8) {
    for byte in large {
        byte.store(value, Ordering::Relaxed);
    }
}

/// Asserts that each byte of this memory has this value in the process.
fn assert_read_is(process: &Process, large: &[AtomicU8], expected: u8) {
    let mut seen = vec![0xff; large.len()];
    let read = process.read_memory(large.as_ptr().addr(), &mut seen);
    assert_eq!(read, Ok(large.len()));
    assert!(seen.iter().all(|byte| *byte == expected));
}

/// A fork in a new PID namespace has its parent's handles. The PID with which one was opened is that of
/// another process there.
pub(crate) fn fork_in_which_a_pid_is_of_another_process_reads_the_opened_one() {
    run_in_new_namespaces("pid_namespaces::inherited_handle");
}

pub(crate) fn inherited_handle() {
    let large = large();
    assert_eq!(std::process::id(), 1);
    let outer = fork(wait_to_be_written);
    assert_eq!(outer, 2);
    let to_outer = Process::from_pid(2).unwrap();
    assert_read_is(&to_outer, &large, 0);
    unshare(libc::CLONE_NEWPID);
    let init = fork(|| {
        fill(&large, 7);
        // Process 2 of the new namespace has the sevens, and the same mark as its parents.
        let inner = fork(wait_to_be_written);
        assert_eq!((std::process::id(), inner), (1, 2));
        assert_read_is(&to_outer, &large, 0);
        let to_inner = Process::from_pid(2).unwrap();
        assert_read_is(&to_inner, &large, 7);
        assert_eq!(to_inner.write_memory(vaddr(), &[1, 2, 3, 4]), Ok(4));
        assert_eq!(wait_for_exit_status(inner), 0);
    });
    assert_eq!(wait_for_exit_status(init), 0);
    assert_eq!(to_outer.write_memory(vaddr(), &[1, 2, 3, 4]), Ok(4));
    assert_eq!(wait_for_exit_status(outer), 0);
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

fn pause() {
    loop {
        // SAFETY: pause takes no pointer.
        unsafe { libc::pause() };
    }
}

fn kill_and_wait(pid: i32) {
    // SAFETY: kill takes no pointer.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    assert_eq!(wait_for_exit_status(pid), libc::SIGKILL);
}

fn wait_for_exit_status(pid: i32) -> i32 {
    let mut status = -1;
    // SAFETY: `status` is valid for a write.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}
