//! The status of an access that Linux refuses, although the address is mapped. Linux returns EIO for every
//! cause.

use super::AddressSpace;
use crate::Status;
use crate::backend::linux::maps::Mapping;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use rustix::param::page_size;
use std::format;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::ptr::null_mut;
use std::sync::OnceLock;

/// The name of memory of `memfd_secret` in `/proc/PID/maps`.
const SECRET_MEMORY: &[u8] = b"/secretmem (deleted)";

const NO_FORCE: &str = "the mapping does not allow it, and Linux runs with proc_mem.force_override=never or \
                        =ptrace (Linux 6.12)";

/// The bit of a guard region in an entry of `/proc/PID/pagemap`, Linux 6.15.
const GUARD: u64 = 1 << 58;

impl AddressSpace {
    /// If the memory of a file could not be read in any attempt, the file has no bytes there. A single
    /// failed read does not show that: the page may have been unmapped at that moment.
    pub(super) fn refused_write(
        &self,
        mapping: Mapping,
        vaddr: usize,
        was_readable: bool,
    ) -> Status {
        if !was_readable {
            return self.refused_read(mapping, vaddr);
        }
        let cause = if mapping.is_writable {
            "the memory can be read only, or its file system returned an error"
        } else if mapping.is_shared {
            "the mapping is shared and read-only"
        } else if forces_access() {
            "the mapping is read-only. It may be of huge pages, which older kernels write only if the \
             mapping is writable"
        } else {
            NO_FORCE
        };
        log::debug!("Linux refuses the write at {vaddr:#x}: {cause}");
        Status::AccessDenied
    }

    pub(super) fn refused_read(&self, mapping: Mapping, vaddr: usize) -> Status {
        let (status, cause) = if mapping.is_kernels {
            (Status::AccessDenied, "the mapping is [vvar]")
        } else if self.maps.name_is(vaddr, SECRET_MEMORY) {
            (Status::AccessDenied, "it is secret memory (memfd_secret)")
        } else if self.is_guard(vaddr) == Some(true) {
            (
                Status::AccessDenied,
                "it is a guard region (MADV_GUARD_INSTALL)",
            )
        } else if !mapping.is_readable && !forces_access() {
            (Status::AccessDenied, NO_FORCE)
        } else if mapping.is_file_backed {
            (
                Status::OutOfRange,
                "the file has no bytes there. Other possible causes: the file system is full or returned \
                 an error, no huge page is free, the file is a device, or a userfaultfd has not supplied \
                 the page",
            )
        } else {
            (
                Status::AccessDenied,
                "the possible causes are: the mapping is of a device, a userfaultfd has not supplied \
                 the page, the page is a guard region (of Linux before 6.15, which does not show it), or \
                 the hardware reported a memory error",
            )
        };
        log::debug!("Linux refuses the access to {vaddr:#x}: {cause}");
        status
    }

    /// Returns `None` if Linux does not show it.
    fn is_guard(&self, vaddr: usize) -> Option<bool> {
        // If the PID is of another process by now, the answer is about the wrong process. Only the status of
        // a call that failed depends on it.
        let pagemap = File::open(format!("/proc/{}/pagemap", self.pid_in_proc)).ok()?;
        let mut entry = [0; size_of::<u64>()];
        let index = vaddr / page_size();
        pagemap
            .read_exact_at(&mut entry, (index * size_of::<u64>()) as u64)
            .ok()?;
        Some(u64::from_ne_bytes(entry) & GUARD != 0)
    }
}

/// Returns whether Linux lets a debugger access memory without the permission, as far as that can be
/// determined.
fn forces_access() -> bool {
    static FORCES: OnceLock<bool> = OnceLock::new();
    match FORCES
        .get()
        .copied()
        .or_else(reads_own_page_without_permission)
    {
        Some(forces) => *FORCES.get_or_init(|| forces),
        None => true,
    }
}

fn reads_own_page_without_permission() -> Option<bool> {
    let own = File::open("/proc/self/mem").ok()?;
    let (len, none) = (page_size(), ProtFlags::empty());
    // SAFETY: the address is null, so Linux chooses an unused range. No existing mapping changes.
    let page = unsafe { mmap_anonymous(null_mut(), len, none, MapFlags::PRIVATE) }.ok()?;
    let read = own.read_at(&mut [0], page.addr() as u64);
    // SAFETY: the page was mapped above, and nothing refers to it.
    let _ = unsafe { munmap(page, len) };
    Some(read.is_ok())
}
