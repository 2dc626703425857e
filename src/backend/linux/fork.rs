//! Whether this process is a fork of the one that made an object.

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
use rustix::param::page_size;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Distinguishes this process from the processes that it was forked from: none of them has the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation(u64);

impl Generation {
    /// Returns the number of this process, or `None` if Linux cannot show that a process is a fork.
    pub(crate) fn current() -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        static CURRENT: OnceLock<Option<&AtomicU64>> = OnceLock::new();
        let current = (*CURRENT.get_or_init(word_that_is_0_after_a_fork))?;
        let order = Ordering::Relaxed;
        let number = current.load(order);
        if number != 0 {
            return Some(Self(number));
        }
        let next = NEXT.fetch_add(1, order);
        match current.compare_exchange(0, next, order, order) {
            Ok(_) => Some(Self(next)),
            // Another thread was faster.
            Err(number) => Some(Self(number)),
        }
    }
}

/// Linux gives a fork a new page in place of this one (`MADV_WIPEONFORK`, Linux 4.14).
fn word_that_is_0_after_a_fork() -> Option<&'static AtomicU64> {
    let (len, access) = (page_size(), ProtFlags::READ | ProtFlags::WRITE);
    // SAFETY: the address is null, so Linux chooses an unused range. No existing mapping changes.
    let page = unsafe { mmap_anonymous(null_mut(), len, access, MapFlags::PRIVATE) }.ok()?;
    // SAFETY: the range is the one that was mapped. Nothing uses it yet.
    unsafe { madvise(page, len, Advice::LinuxWipeOnFork) }.ok()?;
    // SAFETY: the page is aligned, initialized with zeros, and never unmapped. A fork has it as well.
    Some(unsafe { AtomicU64::from_ptr(page.cast()) })
}

#[cfg(test)]
mod tests {
    use super::Generation;

    #[test]
    fn number_differs_in_a_fork_and_its_forks() {
        let numbers = || {
            let own = Generation::current().unwrap();
            assert_eq!(Generation::current(), Some(own));
            own
        };
        let first = numbers();
        exit_status_of_fork(|| {
            let second = numbers();
            assert_ne!(second, first);
            exit_status_of_fork(|| {
                assert!(![first, second].contains(&numbers()));
            });
        });
        assert_eq!(numbers(), first);
    }

    /// Asserts that `run` does not panic in a fork.
    fn exit_status_of_fork(run: impl FnOnce()) {
        // SAFETY: the child calls only functions that use no lock of another thread: it makes system
        // calls, compares, and exits.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            run();
            // SAFETY: the call takes no pointer.
            unsafe { libc::_exit(0) };
        }
        let mut status = -1;
        // SAFETY: `status` is valid for a write.
        unsafe { libc::waitpid(pid, &raw mut status, 0) };
        assert_eq!(status, 0);
    }
}
