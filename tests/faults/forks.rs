//! A fork of this process has the same mappings at the same addresses.

use super::debuggee::page_size;
use std::hint::black_box;
use std::os::unix::process::parent_id;
use std::sync::atomic::{AtomicU8, Ordering::Acquire};
use std::thread::yield_now;
use zx_process_memory::{Process, Status};

/// The memory that the test writes in the child.
static WORD: [AtomicU8; 8] = [const { AtomicU8::new(0) }; 8];

fn word() -> [u8; 8] {
    WORD.each_ref().map(|byte| byte.load(Acquire))
}

/// The caller's stack is deeper than that of the fork, at the same addresses.
pub(crate) fn open_does_not_grow_the_stack_of_the_process() {
    // SAFETY: this process has one thread, and the child only waits.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        loop {
            // SAFETY: pause takes no pointer.
            unsafe { libc::pause() };
        }
    }
    // ThreadSanitizer maps other memory in the child.
    let stack = || {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
        let stack = maps.lines().find(|line| line.ends_with("[stack]"));
        stack.unwrap().to_owned()
    };
    let before = stack();
    let opened = with_deep_stack(|| Process::from_pid(pid.unsigned_abs()).map(drop));
    let after = stack();
    // SAFETY: kill takes no pointer.
    unsafe { libc::kill(pid, libc::SIGKILL) };
    assert_eq!(opened, Ok(()));
    assert_eq!(after, before);
}

#[inline(never)]
#[allow(clippy::large_stack_arrays)] // The stack must be deep.
fn with_deep_stack<T>(run: impl Fn() -> T) -> T {
    let frame = black_box([1_u8; 2 << 20]);
    let result = run();
    black_box(&frame);
    result
}

pub(crate) fn write_to_fork_does_not_change_parent() {
    let original = std::process::id();
    // SAFETY: this process has one thread, and the child only waits and exits.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // Ends with its parent, too.
        while word()[7] == 0 && parent_id() == original {
            yield_now();
        }
        // SAFETY: _exit takes no pointer. It skips the exit handlers, which belong to the parent.
        unsafe { libc::_exit(i32::from(word() != [8, 7, 6, 5, 4, 3, 2, 1])) };
    }
    let fork = Process::from_pid(u32::try_from(pid).unwrap()).unwrap();
    let vaddr = WORD.as_ptr().addr();
    // The last byte in a second write, since a write is not atomic.
    assert_eq!(fork.write_memory(vaddr, &[8, 7, 6, 5, 4, 3, 2]), Ok(7));
    assert_eq!(fork.write_memory(vaddr + 7, &[1]), Ok(1));
    let mut status = -1;
    // SAFETY: `status` is valid for a write.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(
        status, 0,
        "exit status of the child, which checks its memory"
    );
    assert_eq!(word(), [0; 8]);
    assert_eq!(
        fork.write_memory(vaddr, &vec![0; page_size()]),
        Err(Status::BadState)
    );
}
