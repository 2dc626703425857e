//! Memory that ends.

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// As many bytes can be debugged.
pub(crate) const LEN: usize = 64;

const PAGE: usize = 4096;

/// The last bytes of a page. Behind it nothing is, nor ever will be: the mapping goes on where
/// its file has ended.
pub(crate) struct Memory(&'static [AtomicU8; LEN]);

impl Memory {
    pub(crate) fn new() -> Self {
        let file = memfd_create("text", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, PAGE as u64).unwrap();
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: new memory, of which nothing else knows.
        let pages = unsafe { mmap(null_mut(), 2 * PAGE, protection, MapFlags::SHARED, &file, 0) };
        let text = pages.unwrap().wrapping_byte_add(PAGE - LEN);
        // SAFETY: within the first page, which stays mapped for good. It is aligned to 64
        // bytes, and any bytes are atomics.
        Self(unsafe { &*text.cast() })
    }

    pub(crate) fn vaddr(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// What the program itself sees.
    pub(crate) fn bytes(&self) -> [u8; LEN] {
        self.0.each_ref().map(|byte| byte.load(Relaxed))
    }

    pub(crate) fn store(&self, at: usize, bytes: &[u8]) {
        for (to, byte) in self.0[at..].iter().zip(bytes) {
            to.store(*byte, Relaxed);
        }
    }
}
