//! Forks of this program in nested PID namespaces, in which different processes have the same
//! PID. A handle and a koid still name one process.

use super::alone;
use super::namespaces::{leave, mount_proc_or_skip};
use super::seccomp::{Answered, install};
use rustix::io::Errno;
use std::os::unix::process::parent_id;
use std::process::exit;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::yield_now;
use zx_process_memory::{JobRef, Process, Status};

static WORD: [AtomicU8; 4] = [const { AtomicU8::new(0) }; 4];

fn word() -> [u8; 4] {
    WORD.each_ref().map(|byte| byte.load(Ordering::Acquire))
}

fn vaddr() -> usize {
    WORD.as_ptr().addr()
}

pub(crate) fn another_process_with_the_same_pid_has_its_own_koid() {
    as_first("same_pid_numbers::same_pid");
}

pub(crate) fn another_process_with_the_same_pid_in_another_proc_has_its_own_koid() {
    as_first("same_pid_numbers::same_pid_in_another_proc");
}

pub(crate) fn without_pidfs_another_process_with_the_same_pid_has_its_own_koid() {
    as_first("same_pid_numbers::same_pid_without_pidfs");
}

pub(crate) fn without_pidfs_another_process_in_another_proc_has_its_own_koid() {
    as_first("same_pid_numbers::same_pid_in_another_proc_without_pidfs");
}

pub(crate) fn a_fork_with_its_parents_pid_is_itself() {
    as_first("same_pid_numbers::own_pid");
}

fn as_first(part: &str) {
    leave(libc::CLONE_NEWPID | libc::CLONE_NEWNS);
    alone::part(&mut alone::program(part));
}

pub(crate) fn same_pid() {
    pid_2_of_two_namespaces(|| {});
}

pub(crate) fn same_pid_in_another_proc() {
    mount_proc_or_skip();
    pid_2_of_two_namespaces(mount_proc_or_skip);
}

pub(crate) fn same_pid_without_pidfs() {
    forbid_fstatfs();
    same_pid();
}

pub(crate) fn same_pid_in_another_proc_without_pidfs() {
    mount_proc_or_skip();
    forbid_fstatfs();
    pid_2_of_two_namespaces(mount_proc_or_skip);
}

/// Linux before 6.9 has no pidfs.
fn forbid_fstatfs() {
    install(&Answered {
        call: libc::SYS_fstatfs,
        argument: None,
        errno: Some(Errno::NOSYS),
    });
}

fn pid_2_of_two_namespaces(prepare: fn()) {
    assert_eq!(std::process::id(), 1);
    let x = fork(wait_to_be_written);
    assert_eq!(x, 2);
    let to_x = Process::from_pid(2).unwrap();
    leave(libc::CLONE_NEWPID | libc::CLONE_NEWNS);
    let b = fork(|| {
        prepare();
        let y = fork(wait_to_be_written);
        assert_eq!((std::process::id(), y), (1, 2));
        let to_y = Process::from_pid(2).unwrap();
        assert_ne!(to_y.koid(), to_x.koid());
        assert_eq!(to_y.write_memory(vaddr(), &[1, 2, 3, 4]), Ok(4));
        assert_eq!(status_of(y), 0);
    });
    assert_eq!(status_of(b), 0);
    let mut in_x = [0xff; 4];
    assert_eq!(to_x.read_memory(vaddr(), &mut in_x), Ok(4));
    assert_eq!(in_x, [0; 4]);
    assert_eq!(to_x.write_memory(vaddr(), &[1, 2, 3, 4]), Ok(4));
    assert_eq!(status_of(x), 0);
}

pub(crate) fn own_pid() {
    assert_eq!(std::process::id(), 1);
    // SAFETY: only `WORD` is written: atomics, to which every value is valid.
    let parent = unsafe { Process::current() }.unwrap();
    assert_eq!(parent.write_memory(vaddr(), &[7]), Ok(1));
    leave(libc::CLONE_NEWPID);
    let child = fork(|| {
        assert_eq!(std::process::id(), 1);
        // SAFETY: as above.
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
    assert_eq!(status_of(child), 0);
    assert_eq!(word()[0], 7);
}

/// Forks this program, which has one thread. The copy ends with status 0 unless it panics.
fn fork(run: impl FnOnce()) -> i32 {
    // SAFETY: there is one thread, so the copy can do all that this process can.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        run();
        exit(0);
    }
    pid
}

/// Ends when all of `WORD` has been written, or the parent has ended.
fn wait_to_be_written() {
    let parent = parent_id();
    while word()[3] == 0 && parent_id() == parent {
        yield_now();
    }
    assert_eq!(word(), [1, 2, 3, 4]);
}

fn status_of(pid: i32) -> i32 {
    let mut status = -1;
    // SAFETY: `status` is writable.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}
