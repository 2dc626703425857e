//! A layout in the address space of this process. A read-write area is a shared mapping of a memfd,
//! which stands for its VMO. An area with other permissions is private memory, since Linux denies
//! writes to shared read-only mappings even to a debugger.

use super::is_possible::has_file;
use super::page_size;
use crate::suite::case::{Access, Area, AreaKind, Case};
use crate::suite::image;
use crate::suite::layout::{self, VmoPages};
use rustix::fd::OwnedFd;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use std::ops::Range;
use zx_process_memory::sys::zx_vaddr_t;

/// Memory is read in pieces of this size.
const CHUNK: usize = 4096;

#[derive(Default)]
pub(super) struct Memory {
    base: zx_vaddr_t,
    areas: &'static [Area],
}

impl Memory {
    /// Lays out a case that `is_possible::check` accepts.
    pub(super) fn lay_out(&mut self, case: &Case) -> zx_vaddr_t {
        self.clear();
        let areas = case.memory;
        let pages = areas.iter().map(Area::pages).sum::<usize>();
        self.base = reserve(pages + 2) + page_size();
        self.areas = areas;
        let files: Vec<Option<OwnedFd>> = (0..areas.len())
            .map(|vmo| has_file(areas[vmo].kind).then(|| new_file(layout::vmo_len(areas, vmo))))
            .collect();
        let pages = layout::vmo_pages(areas);
        for index in case.map_order.of(areas.len()) {
            let vaddr = self.base + layout::offset(areas, index);
            let VmoPages { vmo, first } = pages[index];
            // A snapshot is a private mapping of the previous area's file.
            let file = match areas[index].kind {
                AreaKind::SnapshotOfPrevious(_) => files[pages[index - 1].vmo].as_ref(),
                _ => files[vmo].as_ref(),
            };
            lay_out_area(vaddr, areas[index], file, first * page_size());
        }
        self.base
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
            for chunk in (start..start + run.len).step_by(CHUNK) {
                // SAFETY: `lay_out` mapped the bytes, and `protect` made it readable.
                let chunk = unsafe { (chunk as *const [u8; CHUNK]).read_volatile() };
                contents.extend_from_slice(&chunk);
            }
        }
        contents
    }

    /// Sets the permissions of each area, as a function of those in the case.
    fn protect(&self, permissions: impl Fn(Access) -> Access) {
        for (index, area) in self.areas.iter().enumerate() {
            let vaddr = self.base + layout::offset(self.areas, index);
            for (pages, access) in accesses(*area) {
                let (start, len) = (vaddr + pages.start * page_size(), pages.len() * page_size());
                let flags = MprotectFlags::from_bits_retain(protection(permissions(access)).bits());
                // SAFETY: `lay_out` mapped the area, and no reference to it exists.
                unsafe { mprotect(start as *mut c_void, len, flags) }.unwrap();
            }
        }
    }

    fn clear(&mut self) {
        let len = self
            .areas
            .iter()
            .map(|area| area.pages() * page_size())
            .sum();
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

/// The permissions of an area that is not read-write throughout.
fn accesses(area: Area) -> Vec<(Range<usize>, Access)> {
    match area.kind {
        AreaKind::Mapped(access)
        | AreaKind::Protected(access)
        | AreaKind::SnapshotOfPrevious(access) => vec![(0..area.pages(), access)],
        AreaKind::SecondPageProtected(access) => vec![
            (0..1, Access::ReadWrite),
            (1..2, access),
            (2..area.pages(), Access::ReadWrite),
        ],
        _ => Vec::new(),
    }
}

/// Finds an address range of this many pages that is free.
fn reserve(pages: usize) -> zx_vaddr_t {
    let len = pages * page_size();
    let (anywhere, none) = (std::ptr::null_mut(), ProtFlags::empty());
    // SAFETY: this maps new memory at an address that the kernel picks.
    let base = unsafe { mmap_anonymous(anywhere, len, none, MapFlags::PRIVATE) }.unwrap();
    // SAFETY: the memory was just mapped, and nothing refers to it.
    unsafe { munmap(base, len) }.unwrap();
    base.addr()
}

fn new_file(len: usize) -> OwnedFd {
    let file = memfd_create("vmo", MemfdFlags::CLOEXEC).unwrap();
    ftruncate(&file, len as u64).unwrap();
    file
}

/// Maps one area, of the file from this offset on or of private memory.
fn lay_out_area(vaddr: zx_vaddr_t, area: Area, file: Option<&OwnedFd>, offset: usize) {
    let len = area.pages() * page_size();
    let read_write = ProtFlags::READ | ProtFlags::WRITE;
    let map = |vaddr: zx_vaddr_t, len, protection, sharing, offset: usize| {
        let (at, flags) = (vaddr as *mut c_void, sharing | MapFlags::FIXED_NOREPLACE);
        let mapped = match file {
            // SAFETY: the kernel maps only free memory, because of MAP_FIXED_NOREPLACE.
            Some(file) => unsafe { mmap(at, len, protection, flags, file, offset as u64) },
            // SAFETY: the kernel maps only free memory, because of MAP_FIXED_NOREPLACE.
            None => unsafe { mmap_anonymous(at, len, protection, flags) },
        };
        mapped.unwrap();
    };
    let private = |protection| map(vaddr, len, protection, MapFlags::PRIVATE, offset);
    let shared = || map(vaddr, len, read_write, MapFlags::SHARED, offset);
    let unmap = |from: zx_vaddr_t, len| {
        // SAFETY: the memory was just mapped, and nothing refers to it.
        unsafe { munmap(from as *mut c_void, len) }.unwrap();
    };
    let protect = |from: zx_vaddr_t, len, access| {
        let flags = MprotectFlags::from_bits_retain(protection(access).bits());
        // SAFETY: the memory was just mapped, and nothing refers to it.
        unsafe { mprotect(from as *mut c_void, len, flags) }.unwrap();
    };
    match area.kind {
        AreaKind::Mapped(Access::ReadWrite)
        | AreaKind::Untouched
        | AreaKind::NextPages(_)
        | AreaKind::SamePages
        | AreaKind::PagesFrom(_)
        | AreaKind::NewVmoFrom(_)
        | AreaKind::SliceFrom(_) => shared(),
        AreaKind::Mapped(access) | AreaKind::SnapshotOfPrevious(access) => {
            private(protection(access));
        }
        AreaKind::ShrunkTo(pages) => {
            shared();
            ftruncate(file.unwrap(), (pages * page_size()) as u64).unwrap();
        }
        AreaKind::Unmapped => {
            private(read_write);
            unmap(vaddr, len);
        }
        AreaKind::SecondPageUnmapped => {
            private(read_write);
            unmap(vaddr + page_size(), page_size());
        }
        AreaKind::SecondPageMappedAgain => {
            shared();
            unmap(vaddr + page_size(), page_size());
            map(
                vaddr + page_size(),
                page_size(),
                read_write,
                MapFlags::SHARED,
                offset + page_size(),
            );
        }
        AreaKind::Protected(access) => {
            private(read_write);
            protect(vaddr, len, access);
        }
        AreaKind::SecondPageProtected(access) => {
            private(read_write);
            protect(vaddr + page_size(), page_size(), access);
        }
        AreaKind::SecondPageProtectedAndBack(access) => {
            private(read_write);
            protect(vaddr + page_size(), page_size(), access);
            protect(vaddr + page_size(), page_size(), Access::ReadWrite);
        }
        AreaKind::Hole => {}
        kind => unreachable!("is_possible::check rejects {kind:?}"),
    }
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
