//! A layout of VMOs in a VMAR.

use super::handle::{OwnedHandle, new_handle, or_skip};
use super::pager::Pager;
use super::vmo;
use crate::suite::case::{Access, Area, AreaKind, Case, PAGE};
use crate::suite::image;
use crate::suite::layout::{self, VmoPages};
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use zx_process_memory::Status;
use zx_process_memory::sys::{zx_handle_t, zx_vaddr_t};

pub(super) struct Memory {
    parent: zx_handle_t,
    region: Option<OwnedHandle>,
    /// By the index of the area that created the VMO.
    vmos: Vec<Option<Vmo>>,
    /// VMARs in the region.
    sub_vmars: Vec<OwnedHandle>,
}

enum Vmo {
    Plain(OwnedHandle),
    Paged(Pager),
}

impl Vmo {
    fn handle(&self) -> zx_handle_t {
        match self {
            Self::Plain(handle) => handle.0,
            Self::Paged(pager) => pager.vmo(),
        }
    }
}

impl Memory {
    pub(super) fn new(parent: zx_handle_t) -> Self {
        Self {
            parent,
            region: None,
            vmos: Vec::new(),
            sub_vmars: Vec::new(),
        }
    }

    pub(super) fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip> {
        self.clear();
        let areas = case.memory;
        let pages: usize = areas.iter().map(Area::pages).sum();
        let (region, start) = allocate(self.parent, None, (pages + 2) * PAGE)?;
        let vmar = region.0;
        self.region = Some(region);
        for index in 0..areas.len() {
            let vmo = self.new_vmo(areas, index)?;
            self.vmos.push(vmo);
        }
        for index in case.map_order.of(areas.len()) {
            let offset = PAGE + layout::offset(areas, index);
            let position = MapPosition {
                vmar,
                offset,
                vaddr: start + offset,
            };
            self.map_area(position, areas, index)?;
        }
        Ok(start + PAGE)
    }

    /// The VMO that the area creates.
    fn new_vmo(&self, areas: &[Area], index: usize) -> Result<Option<Vmo>, Skip> {
        let pages = layout::vmo_pages(areas);
        let len = layout::vmo_len(areas, index);
        let own_len = areas[index].pages() * PAGE;
        let previous = || self.handle(pages[index - 1].vmo);
        Ok(Some(Vmo::Plain(match areas[index].kind {
            AreaKind::Hole
            | AreaKind::EmptySubVmar
            | AreaKind::NextPages(_)
            | AreaKind::SamePages
            | AreaKind::PagesFrom(_) => return Ok(None),
            AreaKind::Mapped(access) => vmo::executable(vmo::new_vmo(len)?, access)?,
            AreaKind::ShrunkTo(_) => vmo::resizable(len)?,
            AreaKind::WithPolicy(policy) => vmo::with_policy(len, policy)?,
            AreaKind::Physical => vmo::physical(len)?,
            AreaKind::Contiguous => vmo::contiguous(len)?,
            AreaKind::Discardable { locked } => vmo::discardable(len, locked)?,
            AreaKind::SnapshotOfPrevious(_) => vmo::snapshot(previous(), len)?,
            AreaKind::SliceFrom(page) => vmo::slice(previous(), page, own_len)?,
            AreaKind::Paged(behavior) => {
                return Ok(Some(Vmo::Paged(Pager::new(len, behavior)?)));
            }
            AreaKind::Untouched
            | AreaKind::NewVmoFrom(_)
            | AreaKind::Unmapped
            | AreaKind::SecondPageUnmapped
            | AreaKind::Protected(_)
            | AreaKind::SecondPageProtected(_)
            | AreaKind::SecondPageProtectedAndBack(_)
            | AreaKind::SecondPageMappedAgain
            | AreaKind::InSubVmar
            | AreaKind::DestroyedSubVmar => vmo::new_vmo(len)?,
        })))
    }

    fn handle(&self, vmo: usize) -> zx_handle_t {
        self.vmos[vmo].as_ref().map_or(0, Vmo::handle)
    }

    fn map_area(&mut self, at: MapPosition, areas: &[Area], index: usize) -> Result<(), Skip> {
        let (pages, kind) = (areas[index].pages(), areas[index].kind);
        let VmoPages { vmo, first } = layout::vmo_pages(areas)[index];
        // A slice is a VMO of its own, which starts with the first page of the area.
        let (vmo, first) = match kind {
            AreaKind::SliceFrom(_) => (self.handle(index), 0),
            _ => (self.handle(vmo), first),
        };
        let map = |access| at.map(access, vmo, first, pages);
        let map_read_write = || map(Access::ReadWrite);
        let second_page = at.vaddr + PAGE;
        match kind {
            AreaKind::Hole => Ok(()),
            AreaKind::Mapped(access)
            | AreaKind::NextPages(access)
            | AreaKind::SnapshotOfPrevious(access) => map(access),
            AreaKind::Untouched
            | AreaKind::SamePages
            | AreaKind::PagesFrom(_)
            | AreaKind::NewVmoFrom(_)
            | AreaKind::SliceFrom(_)
            | AreaKind::WithPolicy(_)
            | AreaKind::Physical
            | AreaKind::Contiguous
            | AreaKind::Discardable { .. }
            | AreaKind::Paged(_) => map_read_write(),
            AreaKind::ShrunkTo(new_pages) => {
                map_read_write()?;
                // SAFETY: no reference to the removed pages exists.
                let raw = unsafe { zx::zx_vmo_set_size(vmo, (new_pages * PAGE) as u64) };
                or_skip("zx_vmo_set_size", raw)
            }
            AreaKind::Unmapped => {
                map_read_write()?;
                at.unmap(at.vaddr, pages)
            }
            AreaKind::SecondPageUnmapped => {
                map_read_write()?;
                at.unmap(second_page, 1)
            }
            AreaKind::SecondPageMappedAgain => {
                map_read_write()?;
                at.unmap(second_page, 1)?;
                at.second_page().map(Access::ReadWrite, vmo, first + 1, 1)
            }
            AreaKind::Protected(access) => {
                map_read_write()?;
                at.protect(at.vaddr, pages, access)
            }
            AreaKind::SecondPageProtected(access) => {
                map_read_write()?;
                at.protect(second_page, 1, access)
            }
            AreaKind::SecondPageProtectedAndBack(access) => {
                map_read_write()?;
                at.protect(second_page, 1, access)?;
                at.protect(second_page, 1, Access::ReadWrite)
            }
            AreaKind::InSubVmar | AreaKind::EmptySubVmar | AreaKind::DestroyedSubVmar => {
                let (vmar, vaddr) = allocate(at.vmar, Some(at.offset), pages * PAGE)?;
                let inside = MapPosition {
                    vmar: vmar.0,
                    offset: 0,
                    vaddr,
                };
                if kind != AreaKind::EmptySubVmar {
                    inside.map(Access::ReadWrite, vmo, first, pages)?;
                }
                if kind == AreaKind::DestroyedSubVmar {
                    // SAFETY: the memory in the VMAR was just mapped, and no reference to it exists.
                    or_skip("zx_vmar_destroy", unsafe { zx::zx_vmar_destroy(vmar.0) })?;
                }
                self.sub_vmars.push(vmar);
                Ok(())
            }
        }
    }

    /// A page that is mapped through a handle without ZX_RIGHT_WRITE.
    pub(super) fn never_writable(&mut self) -> Result<zx_vaddr_t, Skip> {
        self.clear();
        let vmo = vmo::new_vmo(PAGE)?;
        let weak = new_handle("zx_handle_duplicate", |out| {
            let rights = zx::ZX_RIGHT_READ | zx::ZX_RIGHT_MAP;
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { zx::zx_handle_duplicate(vmo.0, rights, out) }
        })?;
        let (region, start) = allocate(self.parent, None, PAGE)?;
        let position = MapPosition {
            vmar: region.0,
            offset: 0,
            vaddr: start,
        };
        position.map(Access::Read, weak.0, 0, 1)?;
        (self.region, self.vmos) = (Some(region), vec![Some(Vmo::Plain(vmo))]);
        Ok(start)
    }

    pub(super) fn first_byte(&self) -> Result<u8, Status> {
        let mut byte = [0];
        let vmo = self.handle(0);
        // SAFETY: `byte` is valid for a write of 1 byte.
        Status::ok(unsafe { zx::zx_vmo_read(vmo, byte.as_mut_ptr(), 0, 1) })?;
        Ok(byte[0])
    }

    pub(super) fn fill(&self, areas: &[Area]) {
        image::fill(areas, |run, bytes| {
            let vmo = self.handle(run.vmo);
            let (from, offset) = (bytes.as_ptr(), run.vmo_offset as u64);
            // SAFETY: `from` is valid for reads of the length of `bytes`.
            let raw = unsafe { zx::zx_vmo_write(vmo, from, offset, bytes.len()) };
            assert_eq!(Status::ok(raw), Ok(()), "zx_vmo_write to {run:?}");
        });
    }

    pub(super) fn contents(&self, areas: &[Area]) -> Vec<u8> {
        let runs = layout::runs(areas);
        let mut contents = vec![0; runs.iter().map(|run| run.len).sum()];
        let mut rest = &mut contents[..];
        for run in &runs {
            let (to, after) = rest.split_at_mut(run.len);
            let vmo = self.handle(run.vmo);
            // SAFETY: `to` is valid for writes of its length.
            let raw =
                unsafe { zx::zx_vmo_read(vmo, to.as_mut_ptr(), run.vmo_offset as u64, to.len()) };
            assert_eq!(Status::ok(raw), Ok(()), "zx_vmo_read of {run:?}");
            rest = after;
        }
        contents
    }

    fn clear(&mut self) {
        if let Some(region) = self.region.take() {
            // SAFETY: this unmaps only memory that the suite mapped for a case, to which no
            // reference exists. The call fails if the process has ended, which unmapped the memory.
            unsafe { zx::zx_vmar_destroy(region.0) };
        }
        self.sub_vmars.clear();
        self.vmos.clear();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A new VMAR in a VMAR: at this offset, or at one that the kernel picks.
pub(super) fn allocate(
    parent: zx_handle_t,
    offset: Option<usize>,
    len: usize,
) -> Result<(OwnedHandle, zx_vaddr_t), Skip> {
    let specific = offset.map_or(0, |_| zx::ZX_VM_SPECIFIC);
    let options = zx::ZX_VM_CAN_MAP_READ
        | zx::ZX_VM_CAN_MAP_WRITE
        | zx::ZX_VM_CAN_MAP_EXECUTE
        | zx::ZX_VM_CAN_MAP_SPECIFIC;
    let mut start = 0;
    let vmar = new_handle("zx_vmar_allocate", |out| {
        let offset = offset.unwrap_or(0);
        // SAFETY: `out` is valid for a write of a handle, and `start` for a write of an address.
        unsafe {
            zx::zx_vmar_allocate(parent, options | specific, offset, len, out, &raw mut start)
        }
    })?;
    Ok((vmar, start))
}

/// The address of an area.
#[derive(Clone, Copy)]
pub(super) struct MapPosition {
    pub(super) vmar: zx_handle_t,
    /// In the VMAR.
    pub(super) offset: usize,
    pub(super) vaddr: zx_vaddr_t,
}

impl MapPosition {
    fn second_page(self) -> Self {
        Self {
            offset: self.offset + PAGE,
            vaddr: self.vaddr + PAGE,
            ..self
        }
    }

    pub(super) fn map(
        self,
        access: Access,
        vmo: zx_handle_t,
        page: usize,
        pages: usize,
    ) -> Result<(), Skip> {
        let permissions = permissions(access) | zx::ZX_VM_SPECIFIC;
        let (from, len) = ((page * PAGE) as u64, pages * PAGE);
        let mut mapped = 0;
        // SAFETY: this maps a free range of a VMAR that was allocated for the layout. `mapped` is valid
        // for a write of an address.
        let raw = unsafe {
            let to = &raw mut mapped;
            zx::zx_vmar_map(self.vmar, permissions, self.offset, vmo, from, len, to)
        };
        or_skip("zx_vmar_map", raw)
    }

    pub(super) fn unmap(self, vaddr: zx_vaddr_t, pages: usize) -> Result<(), Skip> {
        // SAFETY: the memory was just mapped, and no reference to it exists.
        let raw = unsafe { zx::zx_vmar_unmap(self.vmar, vaddr, pages * PAGE) };
        or_skip("zx_vmar_unmap", raw)
    }

    fn protect(self, vaddr: zx_vaddr_t, pages: usize, access: Access) -> Result<(), Skip> {
        // SAFETY: the memory was just mapped, and no reference to it exists.
        let raw =
            unsafe { zx::zx_vmar_protect(self.vmar, permissions(access), vaddr, pages * PAGE) };
        or_skip("zx_vmar_protect", raw)
    }
}

fn permissions(access: Access) -> u32 {
    let (read, write) = (zx::ZX_VM_PERM_READ, zx::ZX_VM_PERM_WRITE);
    match access {
        Access::None => 0,
        Access::Read => read,
        Access::ReadWrite => read | write,
        Access::ReadExecute => read | zx::ZX_VM_PERM_EXECUTE,
        Access::All => read | write | zx::ZX_VM_PERM_EXECUTE,
    }
}
