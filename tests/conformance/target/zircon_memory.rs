//! A layout of VMOs in a VMAR.

use crate::suite::case::{Access, Area, Kind, PAGE, Policy};
use crate::suite::image;
use crate::suite::layout;
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use zx_process_memory::Status;
use zx_process_memory::sys::{zx_handle_t, zx_vaddr_t};

unsafe extern "C" {
    /// libc's: hands out, once, a handle that the program was started with, or 0.
    safe fn zx_take_startup_handle(id: u32) -> zx_handle_t;
}

/// `PA_RESOURCE` of `<zircon/processargs.h>`: what allows physical memory.
const PA_RESOURCE: u32 = 0x3f;

/// A handle that is closed on drop.
pub(super) struct Owned(pub(super) zx_handle_t);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { zx::zx_handle_close(self.0) };
    }
}

/// A kernel or a policy that does not let a case be set up is no failure of the case.
pub(super) fn ok(call: &str, raw: i32) -> Result<(), Skip> {
    Status::ok(raw).map_err(|status| Skip(format!("{call}: {status}")))
}

fn made(call: &str, make: impl FnOnce(*mut zx_handle_t) -> i32) -> Result<Owned, Skip> {
    let mut handle = 0;
    ok(call, make(&raw mut handle))?;
    Ok(Owned(handle))
}

pub(super) struct Memory {
    parent: zx_handle_t,
    region: Option<Owned>,
    /// By the number of the area that brought it.
    vmos: Vec<Option<Owned>>,
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
        let mut at = Place {
            vmar,
            offset: PAGE,
            vaddr: start + PAGE,
        };
        // The VMO that an area shares with the one before, and how far that one reached.
        let (mut vmo, mut first) = (0, 0);
        for (index, area) in areas.iter().enumerate() {
            self.vmos.push(None);
            match area.kind {
                Kind::Next => first += areas[index - 1].pages,
                Kind::Again => {}
                _ => (vmo, first) = (index, 0),
            }
            if matches!(area.kind, Kind::Next | Kind::Again) {
                let shared = self.vmos[vmo].as_ref().map_or(0, |vmo| vmo.0);
                at.map(Access::ReadWrite, shared, first, area.pages)?;
            } else {
                // Room for what goes on in it.
                let rest = &areas[index + 1..];
                let next = rest.iter().take_while(|area| area.kind == Kind::Next);
                let len = area.pages + next.map(|area| area.pages).sum::<usize>();
                self.vmos[index] = at.lay_out_one(*area, len * PAGE)?;
            }
            at.offset += area.pages * PAGE;
            at.vaddr += area.pages * PAGE;
        }
        Ok(start + PAGE)
    }

    /// A page mapped through a handle that could never write.
    pub(super) fn never_writable(&mut self) -> Result<zx_vaddr_t, Skip> {
        self.clear();
        let vmo = new_vmo(PAGE)?;
        let weak = made("zx_handle_duplicate", |out| {
            let rights = zx::ZX_RIGHT_READ | zx::ZX_RIGHT_MAP;
            // SAFETY: `out` is valid for a write.
            unsafe { zx::zx_handle_duplicate(vmo.0, rights, out) }
        })?;
        let (region, start) = allocate(self.parent, None, PAGE)?;
        let place = Place {
            vmar: region.0,
            offset: 0,
            vaddr: start,
        };
        place.map(Access::Read, weak.0, 0, 1)?;
        (self.region, self.vmos) = (Some(region), vec![Some(vmo)]);
        Ok(start)
    }

    pub(super) fn first_byte(&self) -> Result<u8, Status> {
        let mut byte = [0];
        let vmo = self.vmos[0].as_ref().map_or(0, |vmo| vmo.0);
        // SAFETY: one byte is writable.
        Status::ok(unsafe { zx::zx_vmo_read(vmo, byte.as_mut_ptr(), 0, 1) })?;
        Ok(byte[0])
    }

    pub(super) fn fill(&self, areas: &[Area]) {
        image::fill(areas, |run, bytes| {
            let vmo = self.vmos[run.vmo].as_ref().map_or(0, |vmo| vmo.0);
            let (from, offset) = (bytes.as_ptr(), run.from as u64);
            // SAFETY: the bytes are readable.
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
            // SAFETY: as many bytes are writable there.
            let raw = unsafe { zx::zx_vmo_read(vmo, to.as_mut_ptr(), run.from as u64, to.len()) };
            assert_eq!(Status::ok(raw), Ok(()), "zx_vmo_read of {run:?}");
            rest = after;
        }
        contents
    }

    fn clear(&mut self) {
        if let Some(region) = self.region.take() {
            // SAFETY: what is mapped there was mapped by `lay_out`, and nothing uses it.
            // Where the process is gone it fails, and nothing is left to be done.
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

/// A new VMAR within a VMAR: at an offset, or where there is room.
fn allocate(
    parent: zx_handle_t,
    at: Option<usize>,
    len: usize,
) -> Result<(Owned, zx_vaddr_t), Skip> {
    let specific = at.map_or(0, |_| zx::ZX_VM_SPECIFIC);
    let can = zx::ZX_VM_CAN_MAP_READ
        | zx::ZX_VM_CAN_MAP_WRITE
        | zx::ZX_VM_CAN_MAP_EXECUTE
        | zx::ZX_VM_CAN_MAP_SPECIFIC;
    let mut start = 0;
    let vmar = made("zx_vmar_allocate", |out| {
        let offset = at.unwrap_or(0);
        // SAFETY: both results are valid for a write.
        unsafe { zx::zx_vmar_allocate(parent, can | specific, offset, len, out, &raw mut start) }
    })?;
    Ok((vmar, start))
}

fn new_vmo(len: usize) -> Result<Owned, Skip> {
    // VMOs were resizable without being asked for until about 2019; the option that asks
    // for it was unknown then.
    let create = |options| {
        made("zx_vmo_create", |out| {
            // SAFETY: `out` is valid for a write.
            unsafe { zx::zx_vmo_create(len as u64, options, out) }
        })
    };
    create(zx::ZX_VMO_RESIZABLE).or_else(|_| create(0))
}

/// Where the next area goes.
struct Place {
    vmar: zx_handle_t,
    offset: usize,
    vaddr: zx_vaddr_t,
}

impl Place {
    fn map(&self, access: Access, vmo: zx_handle_t, page: usize, pages: usize) -> Result<(), Skip> {
        let permissions = permissions(access) | zx::ZX_VM_SPECIFIC;
        let (from, len) = ((page * PAGE) as u64, pages * PAGE);
        let mut mapped = 0;
        // SAFETY: the room was allocated for this, and nothing uses it.
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
        ok("zx_vmar_map", raw)
    }

    fn lay_out_one(&self, area: Area, len: usize) -> Result<Option<Owned>, Skip> {
        let (vaddr, pages) = (self.vaddr, area.pages);
        let unmap = |vmar, vaddr, pages| {
            // SAFETY: mapped just now, and nothing uses it.
            let raw = unsafe { zx::zx_vmar_unmap(vmar, vaddr, pages * PAGE) };
            ok("zx_vmar_unmap", raw)
        };
        let mapped = |access| {
            let vmo = executable(new_vmo(len)?, access)?;
            self.map(access, vmo.0, 0, pages)?;
            Ok::<_, Skip>(vmo)
        };
        Ok(Some(match area.kind {
            Kind::Hole => return Ok(None),
            Kind::Mapped(access) => mapped(access)?,
            Kind::Fresh => mapped(Access::ReadWrite)?,
            Kind::Next | Kind::Again => unreachable!("they have no VMO of their own"),
            Kind::Policy(policy) => {
                let vmo = new_vmo(len)?;
                // SAFETY: nothing is mapped of it yet.
                let raw = unsafe { zx::zx_vmo_set_cache_policy(vmo.0, cache_policy(policy)) };
                ok("zx_vmo_set_cache_policy", raw)?;
                self.map(Access::ReadWrite, vmo.0, 0, pages)?;
                vmo
            }
            Kind::Physical => {
                let vmo = physical(len)?;
                self.map(Access::ReadWrite, vmo.0, 0, pages)?;
                vmo
            }
            Kind::ShrunkTo(kept) => {
                let vmo = mapped(Access::ReadWrite)?;
                // SAFETY: nothing uses what is cut off.
                let raw = unsafe { zx::zx_vmo_set_size(vmo.0, (kept * PAGE) as u64) };
                ok("zx_vmo_set_size", raw)?;
                vmo
            }
            Kind::Unmapped => {
                let vmo = mapped(Access::ReadWrite)?;
                unmap(self.vmar, vaddr, pages)?;
                vmo
            }
            Kind::Punched => {
                let vmo = mapped(Access::ReadWrite)?;
                unmap(self.vmar, vaddr + PAGE, 1)?;
                vmo
            }
            Kind::Protected(access) => {
                let vmo = mapped(Access::ReadWrite)?;
                // SAFETY: nothing uses it.
                let raw = unsafe {
                    zx::zx_vmar_protect(self.vmar, permissions(access), vaddr, pages * PAGE)
                };
                ok("zx_vmar_protect", raw)?;
                vmo
            }
            Kind::InSubVmar => {
                let (vmar, vaddr) = allocate(self.vmar, Some(self.offset), pages * PAGE)?;
                let place = Self {
                    vmar: vmar.0,
                    offset: 0,
                    vaddr,
                };
                let vmo = new_vmo(len)?;
                place.map(Access::ReadWrite, vmo.0, 0, pages)?;
                vmo
            }
            Kind::EmptySubVmar => allocate(self.vmar, Some(self.offset), pages * PAGE)?.0,
            Kind::DestroyedSubVmar => {
                let (vmar, vaddr) = allocate(self.vmar, Some(self.offset), pages * PAGE)?;
                let vmo = new_vmo(len)?;
                Self {
                    vmar: vmar.0,
                    offset: 0,
                    vaddr,
                }
                .map(Access::ReadWrite, vmo.0, 0, pages)?;
                // SAFETY: nothing uses what is mapped in it.
                ok("zx_vmar_destroy", unsafe { zx::zx_vmar_destroy(vmar.0) })?;
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

fn cache_policy(policy: Policy) -> u32 {
    match policy {
        Policy::Uncached => zx::ZX_CACHE_POLICY_UNCACHED,
        Policy::UncachedDevice => zx::ZX_CACHE_POLICY_UNCACHED_DEVICE,
        Policy::WriteCombining => zx::ZX_CACHE_POLICY_WRITE_COMBINING,
    }
}

/// Kernels since about September 2019 give the right to execute only on request.
pub(super) fn executable(vmo: Owned, access: Access) -> Result<Owned, Skip> {
    if !matches!(access, Access::ReadExecute | Access::All) {
        return Ok(vmo);
    }
    let mut info = zx_process_memory::sys::zx_info_handle_basic_t::default();
    let (topic, none) = (zx::ZX_INFO_HANDLE_BASIC, std::ptr::null_mut());
    // SAFETY: `info` is writable and of the size that is passed.
    let raw = unsafe {
        let (to, size) = ((&raw mut info).cast(), size_of_val(&info));
        zx::zx_object_get_info(vmo.0, topic, to, size, none, none)
    };
    ok("zx_object_get_info", raw)?;
    if info.rights & zx::ZX_RIGHT_EXECUTE != 0 {
        return Ok(vmo);
    }
    // It takes the handle, whatever it answers.
    let taken = std::mem::ManuallyDrop::new(vmo);
    made("zx_vmo_replace_as_executable", |out| {
        // SAFETY: `out` is valid for a write.
        unsafe { zx::zx_vmo_replace_as_executable(taken.0, 0, out) }
    })
}

/// Memory of no device: the write is refused before it is looked at.
fn physical(len: usize) -> Result<Owned, Skip> {
    // libc gives it away but once.
    static RESOURCE: std::sync::OnceLock<zx_handle_t> = std::sync::OnceLock::new();
    let resource = *RESOURCE.get_or_init(|| zx_take_startup_handle(PA_RESOURCE));
    if resource == 0 {
        return Err("no resource was given that allows physical memory".into());
    }
    made("zx_vmo_create_physical", |out| {
        // SAFETY: `out` is valid for a write; nothing reads or writes what is mapped.
        unsafe { zx::zx_vmo_create_physical(resource, 0xfd00_0000, len, out) }
    })
}
