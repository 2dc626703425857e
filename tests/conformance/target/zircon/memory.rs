//! A layout of VMOs in a VMAR.

use crate::suite::case::{Access, Area, AreaKind, CachePolicy, PAGE};
use crate::suite::image;
use crate::suite::layout;
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use zx_process_memory::Status;
use zx_process_memory::sys::{zx_handle_t, zx_vaddr_t};

unsafe extern "C" {
    /// Returns a startup handle of the program and gives up its ownership, or returns 0. From libc.
    safe fn zx_take_startup_handle(id: u32) -> zx_handle_t;
}

/// `PA_RESOURCE` of `<zircon/processargs.h>`: the startup handle that is required for physical VMOs.
const PA_RESOURCE: u32 = 0x3f;

/// A handle that is closed on drop.
pub(super) struct OwnedHandle(pub(super) zx_handle_t);

impl Drop for OwnedHandle {
    fn drop(&mut self) {
        // SAFETY: this value owns the handle, and nothing uses it afterwards.
        unsafe { zx::zx_handle_close(self.0) };
    }
}

/// Skips the case if a call for its setup fails, since the kernel or a policy may not allow it.
pub(super) fn or_skip(call: &str, raw: i32) -> Result<(), Skip> {
    Status::ok(raw).map_err(|status| Skip(format!("{call}: {status}")))
}

fn new_handle(call: &str, make: impl FnOnce(*mut zx_handle_t) -> i32) -> Result<OwnedHandle, Skip> {
    let mut handle = 0;
    or_skip(call, make(&raw mut handle))?;
    Ok(OwnedHandle(handle))
}

pub(super) struct Memory {
    parent: zx_handle_t,
    region: Option<OwnedHandle>,
    /// By the index of the area that created the VMO.
    vmos: Vec<Option<OwnedHandle>>,
}

impl Memory {
    pub(super) fn new(parent: zx_handle_t) -> Self {
        Self {
            parent,
            region: None,
            vmos: Vec::new(),
        }
    }

    pub(super) fn lay_out(&mut self, areas: &[Area]) -> Result<zx_vaddr_t, Skip> {
        self.clear();
        let pages: usize = areas.iter().map(|area| area.pages).sum();
        let (region, start) = allocate(self.parent, None, (pages + 2) * PAGE)?;
        let vmar = region.0;
        self.region = Some(region);
        let mut position = MapPosition {
            vmar,
            offset: PAGE,
            vaddr: start + PAGE,
        };
        // The VMO of the area, and the first page in it.
        let (mut vmo, mut first_page) = (0, 0);
        for (index, area) in areas.iter().enumerate() {
            self.vmos.push(None);
            match area.kind {
                AreaKind::NextPages => first_page += areas[index - 1].pages,
                AreaKind::SamePages => {}
                _ => (vmo, first_page) = (index, 0),
            }
            if matches!(area.kind, AreaKind::NextPages | AreaKind::SamePages) {
                let shared = self.vmos[vmo].as_ref().map_or(0, |vmo| vmo.0);
                position.map(Access::ReadWrite, shared, first_page, area.pages)?;
            } else {
                // The VMO has the pages of this area and of the `NextPages` areas after it.
                let rest = &areas[index + 1..];
                let next = rest
                    .iter()
                    .take_while(|area| area.kind == AreaKind::NextPages);
                let len = area.pages + next.map(|area| area.pages).sum::<usize>();
                self.vmos[index] = position.lay_out_area(*area, len * PAGE)?;
            }
            position.offset += area.pages * PAGE;
            position.vaddr += area.pages * PAGE;
        }
        Ok(start + PAGE)
    }

    /// A page that is mapped through a handle without ZX_RIGHT_WRITE.
    pub(super) fn never_writable(&mut self) -> Result<zx_vaddr_t, Skip> {
        self.clear();
        let vmo = new_vmo(PAGE)?;
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
        (self.region, self.vmos) = (Some(region), vec![Some(vmo)]);
        Ok(start)
    }

    pub(super) fn first_byte(&self) -> Result<u8, Status> {
        let mut byte = [0];
        let vmo = self.vmos[0].as_ref().map_or(0, |vmo| vmo.0);
        // SAFETY: `byte` is valid for a write of 1 byte.
        Status::ok(unsafe { zx::zx_vmo_read(vmo, byte.as_mut_ptr(), 0, 1) })?;
        Ok(byte[0])
    }

    pub(super) fn fill(&self, areas: &[Area]) {
        image::fill(areas, |run, bytes| {
            let vmo = self.vmos[run.vmo].as_ref().map_or(0, |vmo| vmo.0);
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
            let vmo = self.vmos[run.vmo].as_ref().map_or(0, |vmo| vmo.0);
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
        self.vmos.clear();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A new VMAR in a VMAR: at this offset, or at one that the kernel picks.
fn allocate(
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

fn new_vmo(len: usize) -> Result<OwnedHandle, Skip> {
    // Until about 2019, every VMO was resizable and the option ZX_VMO_RESIZABLE did not exist.
    let create = |options| {
        new_handle("zx_vmo_create", |out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { zx::zx_vmo_create(len as u64, options, out) }
        })
    };
    create(zx::ZX_VMO_RESIZABLE).or_else(|_| create(0))
}

/// The address of the next area.
struct MapPosition {
    vmar: zx_handle_t,
    /// In the VMAR.
    offset: usize,
    vaddr: zx_vaddr_t,
}

impl MapPosition {
    fn map(&self, access: Access, vmo: zx_handle_t, page: usize, pages: usize) -> Result<(), Skip> {
        let permissions = permissions(access) | zx::ZX_VM_SPECIFIC;
        let (from, len) = ((page * PAGE) as u64, pages * PAGE);
        let mut mapped = 0;
        // SAFETY: this maps a free range of a VMAR that was allocated for the layout. `mapped` is valid
        // for a write of an address.
        let raw = unsafe {
            zx::zx_vmar_map(
                self.vmar,
                permissions,
                self.offset,
                vmo,
                from,
                len,
                &raw mut mapped,
            )
        };
        or_skip("zx_vmar_map", raw)
    }

    fn lay_out_area(&self, area: Area, len: usize) -> Result<Option<OwnedHandle>, Skip> {
        let (vaddr, pages) = (self.vaddr, area.pages);
        let unmap = |vmar, vaddr, pages| {
            // SAFETY: the memory was just mapped, and no reference to it exists.
            let raw = unsafe { zx::zx_vmar_unmap(vmar, vaddr, pages * PAGE) };
            or_skip("zx_vmar_unmap", raw)
        };
        let mapped = |access| {
            let vmo = executable(new_vmo(len)?, access)?;
            self.map(access, vmo.0, 0, pages)?;
            Ok::<_, Skip>(vmo)
        };
        Ok(Some(match area.kind {
            AreaKind::Hole => return Ok(None),
            AreaKind::Mapped(access) => mapped(access)?,
            AreaKind::Untouched => mapped(Access::ReadWrite)?,
            AreaKind::NextPages | AreaKind::SamePages => unreachable!("lay_out maps these"),
            AreaKind::WithPolicy(policy) => {
                let vmo = new_vmo(len)?;
                // SAFETY: the call takes no pointer, and the VMO is not mapped yet.
                let raw = unsafe { zx::zx_vmo_set_cache_policy(vmo.0, cache_policy(policy)) };
                or_skip("zx_vmo_set_cache_policy", raw)?;
                self.map(Access::ReadWrite, vmo.0, 0, pages)?;
                vmo
            }
            AreaKind::Physical => {
                let vmo = physical(len)?;
                self.map(Access::ReadWrite, vmo.0, 0, pages)?;
                vmo
            }
            AreaKind::ShrunkTo(new_pages) => {
                let vmo = mapped(Access::ReadWrite)?;
                // SAFETY: no reference to the removed pages exists.
                let raw = unsafe { zx::zx_vmo_set_size(vmo.0, (new_pages * PAGE) as u64) };
                or_skip("zx_vmo_set_size", raw)?;
                vmo
            }
            AreaKind::Unmapped => {
                let vmo = mapped(Access::ReadWrite)?;
                unmap(self.vmar, vaddr, pages)?;
                vmo
            }
            AreaKind::SecondPageUnmapped => {
                let vmo = mapped(Access::ReadWrite)?;
                unmap(self.vmar, vaddr + PAGE, 1)?;
                vmo
            }
            AreaKind::Protected(access) => {
                let vmo = mapped(Access::ReadWrite)?;
                // SAFETY: the memory was just mapped, and no reference to it exists.
                let raw = unsafe {
                    zx::zx_vmar_protect(self.vmar, permissions(access), vaddr, pages * PAGE)
                };
                or_skip("zx_vmar_protect", raw)?;
                vmo
            }
            AreaKind::InSubVmar => {
                let (vmar, vaddr) = allocate(self.vmar, Some(self.offset), pages * PAGE)?;
                let position = Self {
                    vmar: vmar.0,
                    offset: 0,
                    vaddr,
                };
                let vmo = new_vmo(len)?;
                position.map(Access::ReadWrite, vmo.0, 0, pages)?;
                vmo
            }
            AreaKind::EmptySubVmar => allocate(self.vmar, Some(self.offset), pages * PAGE)?.0,
            AreaKind::DestroyedSubVmar => {
                let (vmar, vaddr) = allocate(self.vmar, Some(self.offset), pages * PAGE)?;
                let vmo = new_vmo(len)?;
                Self {
                    vmar: vmar.0,
                    offset: 0,
                    vaddr,
                }
                .map(Access::ReadWrite, vmo.0, 0, pages)?;
                // SAFETY: the memory in the VMAR was just mapped, and no reference to it exists.
                or_skip("zx_vmar_destroy", unsafe { zx::zx_vmar_destroy(vmar.0) })?;
                vmo
            }
        }))
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

fn cache_policy(policy: CachePolicy) -> u32 {
    match policy {
        CachePolicy::Uncached => zx::ZX_CACHE_POLICY_UNCACHED,
        CachePolicy::UncachedDevice => zx::ZX_CACHE_POLICY_UNCACHED_DEVICE,
        CachePolicy::WriteCombining => zx::ZX_CACHE_POLICY_WRITE_COMBINING,
    }
}

/// Gives the VMO the right to execute if the access requires it. Since about September 2019 a new
/// VMO does not have the right.
pub(super) fn executable(vmo: OwnedHandle, access: Access) -> Result<OwnedHandle, Skip> {
    if !matches!(access, Access::ReadExecute | Access::All) {
        return Ok(vmo);
    }
    let mut info = zx_process_memory::sys::zx_info_handle_basic_t::default();
    let (topic, none) = (zx::ZX_INFO_HANDLE_BASIC, std::ptr::null_mut());
    // SAFETY: `info` is valid for a write of its size, and the call allows null counts.
    let raw = unsafe {
        let (to, size) = ((&raw mut info).cast(), size_of_val(&info));
        zx::zx_object_get_info(vmo.0, topic, to, size, none, none)
    };
    or_skip("zx_object_get_info", raw)?;
    if info.rights & zx::ZX_RIGHT_EXECUTE != 0 {
        return Ok(vmo);
    }
    // The call consumes the handle even if it fails.
    let consumed = std::mem::ManuallyDrop::new(vmo);
    new_handle("zx_vmo_replace_as_executable", |out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { zx::zx_vmo_replace_as_executable(consumed.0, 0, out) }
    })
}

/// A physical VMO at an address without a device. The kernel rejects calls on it before it accesses
/// the memory.
fn physical(len: usize) -> Result<OwnedHandle, Skip> {
    // libc returns the handle only once.
    static RESOURCE: std::sync::OnceLock<zx_handle_t> = std::sync::OnceLock::new();
    let resource = *RESOURCE.get_or_init(|| zx_take_startup_handle(PA_RESOURCE));
    if resource == 0 {
        return Err("the suite has no resource handle for physical memory".into());
    }
    new_handle("zx_vmo_create_physical", |out| {
        // SAFETY: `out` is valid for a write of a handle, and nothing accesses the memory.
        unsafe { zx::zx_vmo_create_physical(resource, 0xfd00_0000, len, out) }
    })
}
