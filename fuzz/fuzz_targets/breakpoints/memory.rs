//! Memory at the end of a page, where the next page is not accessible.

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// The size of the memory in bytes.
pub(crate) const LEN: usize = 64;

const PAGE: usize = 4096;

/// The last bytes of a page. The mapping has a second page after the end of its file. That page is
/// never accessible, and it keeps the address range in use.
pub(crate) struct Memory(&'static [AtomicU8; LEN]);

impl Memory {
    pub(crate) fn new() -> Self {
        let file = memfd_create("text", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, PAGE as u64).unwrap();
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the address is null, so the kernel chooses an unused range, and no existing mapping
        // changes.
        let pages = unsafe { mmap(null_mut(), 2 * PAGE, protection, MapFlags::SHARED, &file, 0) };
        let text = pages.unwrap().wrapping_byte_add(PAGE - LEN);
        // SAFETY: the bytes are in the first page, which stays mapped until the process ends. An
        // `AtomicU8` has no alignment requirement, and every byte is a valid one.
        Self(unsafe { &*text.cast() })
    }

    pub(crate) fn vaddr(&self) -> usize {
        self.0.as_ptr().addr()
    }

    /// The bytes as the program reads them, with break instructions.
    pub(crate) fn bytes(&self) -> [u8; LEN] {
        self.0.each_ref().map(|byte| byte.load(Relaxed))
    }

    pub(crate) fn store(&self, at: usize, bytes: &[u8]) {
        for (to, byte) in self.0[at..].iter().zip(bytes) {
            to.store(*byte, Relaxed);
        }
    }
}
