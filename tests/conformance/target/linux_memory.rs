//! A layout in one's own address space. A VMO of its own is a shared file in memory,
//! which Linux never joins with its neighbour; what is not read-write is private memory,
//! since Linux does not let a debugger write to what is shared and read-only.

use super::merges;
use crate::suite::case::{Access, Area, Kind, PAGE};
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
        possible(areas)?;
        let pages = areas.iter().map(|area| area.pages).sum::<usize>();
        self.base = reserve(pages + 2) + PAGE;
        self.areas = areas;
        let mut vaddr = self.base;
        let mut last: Option<OwnedFd> = None;
        for area in areas {
            if let Some(file) = lay_out_one(vaddr, *area, last.as_ref()) {
                last = Some(file);
            }
            vaddr += area.pages * PAGE;
        }
        Ok(self.base)
    }

    pub(super) fn fill(&mut self) {
        self.protect(|_| Access::ReadWrite);
        image::fill(self.areas, |run, bytes| {
            let to = (self.base + run.offset) as *mut u8;
            // SAFETY: mapped by `lay_out`, and writable now; `bytes` are not there.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        });
        self.protect(|access| access);
    }

    /// Read volatilely, for it was written behind the compiler's back.
    pub(super) fn contents(&mut self) -> Vec<u8> {
        self.protect(|access| match access {
            Access::None => Access::Read,
            other => other,
        });
        let mut contents = Vec::new();
        for run in layout::runs(self.areas) {
            let start = self.base + run.offset;
            for page in (start..start + run.len).step_by(PAGE) {
                // SAFETY: mapped by `lay_out`, and readable.
                let page = unsafe { (page as *const [u8; PAGE]).read_volatile() };
                contents.extend_from_slice(&page);
            }
        }
        contents
    }

    /// Gives each area another permission than the case wants.
    fn protect(&self, instead_of: impl Fn(Access) -> Access) {
        let mut vaddr = self.base;
        for area in self.areas {
            let len = area.pages * PAGE;
            if let Kind::Mapped(access) | Kind::Protected(access) = area.kind {
                let flags = MprotectFlags::from_bits_retain(protection(instead_of(access)).bits());
                // SAFETY: mapped by `lay_out`; nothing else uses it.
                unsafe { mprotect(vaddr as *mut c_void, len, flags) }.unwrap();
            }
            vaddr += len;
        }
    }

    fn clear(&mut self) {
        let len = self.areas.iter().map(|area| area.pages * PAGE).sum();
        if len != 0 {
            // SAFETY: `lay_out` mapped it, and nothing else uses it.
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

/// What Linux has no such thing for, or would do otherwise.
fn possible(areas: &[Area]) -> Result<(), Skip> {
    for area in areas {
        match area.kind {
            Kind::Next => return Err("Linux joins mappings that go on in one file".into()),
            Kind::Policy(_) | Kind::Physical => {
                return Err("Linux gives an ordinary process no such mapping".into());
            }
            Kind::InSubVmar | Kind::EmptySubVmar | Kind::DestroyedSubVmar => {
                return Err("Linux has no VMARs".into());
            }
            _ => {}
        }
    }
    if areas
        .windows(2)
        .any(|pair| merges(pair[0].kind, pair[1].kind))
    {
        return Err("Linux joins mappings that are alike".into());
    }
    Ok(())
}

/// Finds room for as many pages.
fn reserve(pages: usize) -> zx_vaddr_t {
    let len = pages * PAGE;
    let (nowhere, none) = (std::ptr::null_mut(), ProtFlags::empty());
    // SAFETY: new memory, of which nothing here knows.
    let base = unsafe { mmap_anonymous(nowhere, len, none, MapFlags::PRIVATE) }.unwrap();
    // SAFETY: as above. Nothing is mapped in between, for nothing else runs.
    unsafe { munmap(base, len) }.unwrap();
    base.addr()
}

/// Answers the file, if there is one.
fn lay_out_one(vaddr: zx_vaddr_t, area: Area, last: Option<&OwnedFd>) -> Option<OwnedFd> {
    let len = area.pages * PAGE;
    let (at, read_write) = (vaddr as *mut c_void, ProtFlags::READ | ProtFlags::WRITE);
    let private = |protection| {
        let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
        // SAFETY: the room was reserved; the kernel refuses it otherwise.
        unsafe { mmap_anonymous(at, len, protection, flags) }.unwrap();
    };
    let shared = |file: &OwnedFd| {
        let flags = MapFlags::SHARED | MapFlags::FIXED_NOREPLACE;
        // SAFETY: as above.
        unsafe { mmap(at, len, read_write, flags, file, 0) }.unwrap();
    };
    let unmap = |from: zx_vaddr_t, len| {
        // SAFETY: mapped just now, and not used.
        unsafe { munmap(from as *mut c_void, len) }.unwrap();
    };
    let new_file = || {
        let file = memfd_create("vmo", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&file, len as u64).unwrap();
        shared(&file);
        Some(file)
    };
    match area.kind {
        Kind::Mapped(Access::ReadWrite) | Kind::Fresh => return new_file(),
        Kind::Mapped(access) => private(protection(access)),
        Kind::Again => shared(last.unwrap()),
        Kind::ShrunkTo(kept) => {
            let file = new_file();
            ftruncate(file.as_ref().unwrap(), (kept * PAGE) as u64).unwrap();
            return file;
        }
        Kind::Unmapped => {
            private(read_write);
            unmap(vaddr, len);
        }
        Kind::Punched => {
            private(read_write);
            unmap(vaddr + PAGE, PAGE);
        }
        Kind::Protected(access) => {
            private(read_write);
            let flags = match access {
                Access::None => MprotectFlags::empty(),
                _ => MprotectFlags::READ,
            };
            // SAFETY: mapped just now, and not used.
            unsafe { mprotect(at, len, flags) }.unwrap();
        }
        Kind::Hole => {}
        kind => unreachable!("{kind:?} is not possible here"),
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
