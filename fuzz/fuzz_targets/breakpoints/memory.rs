//! Memory at the end of a mapping.

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// The length of the memory, in bytes.
pub(crate) const LEN: usize = 64;

const PAGE: usize = 4096;

/// The last bytes of a page. The next page is mapped, but is past the end of its file, so it can
/// never be accessed, and nothing else is mapped there.
pub(crate) struct Memory(&'static [AtomicU8; LEN]);

impl Memory {
    pub(crate) fn new() -> Self {
        let file = memfd_create("text", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, PAGE as u64).unwrap();
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address that the kernel selects changes no memory in use.
        let pages = unsafe { mmap(null_mut(), 2 * PAGE, protection, MapFlags::SHARED, &file, 0) };
        let text = pages.unwrap().wrapping_byte_add(PAGE - LEN);
        // SAFETY: the bytes are in the first page, which is never unmapped. Atomics of one byte
        // need no alignment, and every byte is a valid value.
        Self(unsafe { &*text.cast() })
    }

    pub(crate) fn vaddr(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// The memory, read directly.
    pub(crate) fn bytes(&self) -> [u8; LEN] {
        self.0.each_ref().map(|byte| byte.load(Relaxed))
    }

    pub(crate) fn store(&self, at: usize, bytes: &[u8]) {
        for (to, byte) in self.0[at..].iter().zip(bytes) {
            to.store(*byte, Relaxed);
        }
    }
}
