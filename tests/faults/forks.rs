//! A copy of this process has all that this one has, at the same addresses.

use super::debuggee::PAGE;
use std::os::unix::process::parent_id;
use std::sync::atomic::{AtomicU8, Ordering::Acquire};
use std::thread::yield_now;
use zx_process_memory::{Process, Status};

static WORD: [AtomicU8; 8] = [const { AtomicU8::new(0) }; 8];

fn word() -> [u8; 8] {
    WORD.each_ref().map(|byte| byte.load(Acquire))
}

pub(crate) fn a_forked_copy_is_written_and_this_process_is_not() {
    let original = std::process::id();
    // SAFETY: there is one thread, and the copy does nothing but wait and end.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // Nor longer than there is somebody to write.
        while word()[7] == 0 && parent_id() == original {
            yield_now();
        }
        // SAFETY: ends the copy at once; the harness in it is not its own.
        unsafe { libc::_exit(i32::from(word() != [8, 7, 6, 5, 4, 3, 2, 1])) };
    }
    let copy = Process::from_pid(u32::try_from(pid).unwrap()).unwrap();
    let vaddr = WORD.as_ptr().addr();
    // The last byte on its own, since nothing of a write is atomic.
    assert_eq!(copy.write_memory(vaddr, &[8, 7, 6, 5, 4, 3, 2]), Ok(7));
    assert_eq!(copy.write_memory(vaddr + 7, &[1]), Ok(1));
    let mut status = -1;
    // SAFETY: `status` is writable.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0, "as the copy saw it");
    assert_eq!(word(), [0; 8]);
    assert_eq!(copy.write_memory(vaddr, &[0; PAGE]), Err(Status::BadState));
}
