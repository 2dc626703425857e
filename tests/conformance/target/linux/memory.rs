//! A layout in the address space of this process. A read-write area is a shared mapping of a memfd,
//! which Linux never merges with another mapping. An area with other permissions is private memory,
//! since Linux denies writes to shared read-only mappings even to a debugger.

use super::is_merged;
use crate::suite::case::{Access, Area, AreaKind, PAGE};
use crate::suite::image;
use crate::suite::layout;
use crate::suite::target::Skip;
use rustix::fd::OwnedFd;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use zx_process_memory::sys::zx_vaddr_t;

#[derive(Default)]
pub(super) struct Memory {
    base: zx_vaddr_t,
    areas: &'static [Area],
}

impl Memory {
    pub(super) fn lay_out(&mut self, areas: &'static [Area]) -> Result<zx_vaddr_t, Skip> {
        self.clear();
        check_is_possible(areas)?;
        let pages = areas.iter().map(|area| area.pages).sum::<usize>();
        self.base = reserve(pages + 2) + PAGE;
        self.areas = areas;
        let mut vaddr = self.base;
        let mut previous_file: Option<OwnedFd> = None;
        for area in areas {
            if let Some(file) = lay_out_area(vaddr, *area, previous_file.as_ref()) {
                previous_file = Some(file);
            }
            vaddr += area.pages * PAGE;
        }
        Ok(self.base)
    }

    pub(super) fn fill(&mut self) {
        self.protect(|_| Access::ReadWrite);
        image::fill(self.areas, |run, bytes| {
            let to = (self.base + run.offset) as *mut u8;
            // SAFETY: `lay_out` mapped the run, `protect` made it writable, and `bytes` is in other
            // memory.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        });
        self.protect(|access| access);
    }

    /// Reads volatilely, since the call under test may have written the memory.
    pub(super) fn contents(&mut self) -> Vec<u8> {
        self.protect(|access| match access {
            Access::None => Access::Read,
            other => other,
        });
        let mut contents = Vec::new();
        for run in layout::runs(self.areas) {
            let start = self.base + run.offset;
            for page in (start..start + run.len).step_by(PAGE) {
                // SAFETY: `lay_out` mapped the page, and `protect` made it readable.
                let page = unsafe { (page as *const [u8; PAGE]).read_volatile() };
                contents.extend_from_slice(&page);
            }
        }
        contents
    }

    /// Sets the permissions of each area, as a function of those in the case.
    fn protect(&self, permissions: impl Fn(Access) -> Access) {
        let mut vaddr = self.base;
        for area in self.areas {
            let len = area.pages * PAGE;
            if let AreaKind::Mapped(access) | AreaKind::Protected(access) = area.kind {
                let flags = MprotectFlags::from_bits_retain(protection(permissions(access)).bits());
                // SAFETY: `lay_out` mapped the area, and no reference to it exists.
                unsafe { mprotect(vaddr as *mut c_void, len, flags) }.unwrap();
            }
            vaddr += len;
        }
    }

    fn clear(&mut self) {
        let len = self.areas.iter().map(|area| area.pages * PAGE).sum();
        if len != 0 {
            // SAFETY: `lay_out` mapped these areas or reserved their range, and no reference to them
            // exists.
            unsafe { munmap(self.base as *mut c_void, len) }.unwrap();
        }
        self.areas = &[];
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Returns the reason if Linux has no such layout or would merge its mappings.
fn check_is_possible(areas: &[Area]) -> Result<(), Skip> {
    for area in areas {
        match area.kind {
            AreaKind::NextPages => {
                return Err("Linux merges adjacent mappings of consecutive pages of a file".into());
            }
            AreaKind::WithPolicy(_) | AreaKind::Physical => {
                return Err("Linux has no such mapping for an unprivileged process".into());
            }
            AreaKind::InSubVmar | AreaKind::EmptySubVmar | AreaKind::DestroyedSubVmar => {
                return Err("Linux has no VMARs".into());
            }
            _ => {}
        }
    }
    if areas
        .windows(2)
        .any(|pair| is_merged(pair[0].kind, pair[1].kind))
    {
        return Err("Linux merges adjacent private mappings with the same permissions".into());
    }
    Ok(())
}

/// Finds an address range of this many pages that is free.
fn reserve(pages: usize) -> zx_vaddr_t {
    let len = pages * PAGE;
    let (anywhere, none) = (std::ptr::null_mut(), ProtFlags::empty());
    // SAFETY: this maps new memory at an address that the kernel picks.
    let base = unsafe { mmap_anonymous(anywhere, len, none, MapFlags::PRIVATE) }.unwrap();
    // SAFETY: the memory was just mapped, and nothing refers to it.
    unsafe { munmap(base, len) }.unwrap();
    base.addr()
}

/// Maps one area. Returns its file, if the area has a new one.
fn lay_out_area(vaddr: zx_vaddr_t, area: Area, previous_file: Option<&OwnedFd>) -> Option<OwnedFd> {
    let len = area.pages * PAGE;
    let (at, read_write) = (vaddr as *mut c_void, ProtFlags::READ | ProtFlags::WRITE);
    let private = |protection| {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
        // SAFETY: the kernel maps only free memory, because of MAP_FIXED_NOREPLACE.
        unsafe { mmap_anonymous(at, len, protection, flags) }.unwrap();
    };
    let shared = |file: &OwnedFd| {
        let flags = MapFlags::SHARED | MapFlags::FIXED_NOREPLACE;
        // SAFETY: the kernel maps only free memory, because of MAP_FIXED_NOREPLACE.
        unsafe { mmap(at, len, read_write, flags, file, 0) }.unwrap();
    };
    let unmap = |from: zx_vaddr_t, len| {
        // SAFETY: the memory was just mapped, and nothing refers to it.
        unsafe { munmap(from as *mut c_void, len) }.unwrap();
    };
    let new_file = || {
        let file = memfd_create("vmo", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, len as u64).unwrap();
        shared(&file);
        Some(file)
    };
    match area.kind {
        AreaKind::Mapped(Access::ReadWrite) | AreaKind::Untouched => return new_file(),
        AreaKind::Mapped(access) => private(protection(access)),
        AreaKind::SamePages => shared(previous_file.unwrap()),
        AreaKind::ShrunkTo(pages) => {
            let file = new_file();
            ftruncate(file.as_ref().unwrap(), (pages * PAGE) as u64).unwrap();
            return file;
        }
        AreaKind::Unmapped => {
            private(read_write);
            unmap(vaddr, len);
        }
        AreaKind::SecondPageUnmapped => {
            private(read_write);
            unmap(vaddr + PAGE, PAGE);
        }
        AreaKind::Protected(access) => {
            private(read_write);
            let flags = match access {
                Access::None => MprotectFlags::empty(),
                _ => MprotectFlags::READ,
            };
            // SAFETY: the memory was just mapped, and nothing refers to it.
            unsafe { mprotect(at, len, flags) }.unwrap();
        }
        AreaKind::Hole => {}
        kind => unreachable!("check_is_possible rejects {kind:?}"),
    }
    None
}

fn protection(access: Access) -> ProtFlags {
    match access {
        Access::None => ProtFlags::empty(),
        Access::Read => ProtFlags::READ,
        Access::ReadWrite => ProtFlags::READ | ProtFlags::WRITE,
        Access::ReadExecute => ProtFlags::READ | ProtFlags::EXEC,
        Access::All => ProtFlags::READ | ProtFlags::WRITE | ProtFlags::EXEC,
    }
}
