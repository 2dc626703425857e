//! Makes the VMOs of a layout.

use super::handle::{OwnedHandle, new_handle, or_skip, startup_handle};
use super::newer_syscall::zx_vmo_create_child;
use crate::suite::case::{Access, CachePolicy, PAGE};
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use std::sync::OnceLock;
use zx_process_memory::sys::zx_handle_t;

/// `PA_RESOURCE` of `<zircon/processargs.h>`: the startup handle that is required for physical and
/// contiguous VMOs.
const PA_RESOURCE: u32 = 0x3f;

pub(super) fn new_vmo(len: usize) -> Result<OwnedHandle, Skip> {
    create(len, 0)
}

pub(super) fn resizable(len: usize) -> Result<OwnedHandle, Skip> {
    // Until May 2019 every VMO was resizable and the option ZX_VMO_RESIZABLE did not exist (commit
    // b698de46f28).
    create(len, zx::ZX_VMO_RESIZABLE).or_else(|_| create(len, 0))
}

fn create(len: usize, options: u32) -> Result<OwnedHandle, Skip> {
    new_handle("zx_vmo_create", |out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { zx::zx_vmo_create(len as u64, options, out) }
    })
}

/// Gives the VMO the right to execute if the access requires it. Since February 2019 a new VMO does not
/// have the right (commit 97f73241278).
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

/// A VMO with this cache policy.
pub(super) fn with_policy(len: usize, policy: CachePolicy) -> Result<OwnedHandle, Skip> {
    let vmo = new_vmo(len)?;
    // SAFETY: the call takes no pointer, and the VMO is not mapped yet.
    let raw = unsafe { zx::zx_vmo_set_cache_policy(vmo.0, cache_policy(policy)) };
    or_skip("zx_vmo_set_cache_policy", raw)?;
    Ok(vmo)
}

fn cache_policy(policy: CachePolicy) -> u32 {
    match policy {
        CachePolicy::Uncached => zx::ZX_CACHE_POLICY_UNCACHED,
        CachePolicy::UncachedDevice => zx::ZX_CACHE_POLICY_UNCACHED_DEVICE,
        CachePolicy::WriteCombining => zx::ZX_CACHE_POLICY_WRITE_COMBINING,
    }
}

/// A copy-on-write snapshot of a VMO.
pub(super) fn snapshot(parent: zx_handle_t, len: usize) -> Result<OwnedHandle, Skip> {
    child(parent, zx::ZX_VMO_CHILD_SNAPSHOT, 0, len)
}

/// A slice of a VMO from this page on.
pub(super) fn slice(parent: zx_handle_t, page: usize, len: usize) -> Result<OwnedHandle, Skip> {
    /// The value of `ZX_VMO_CHILD_SLICE` until January 2020. Later this is another option (commit
    /// 3e51a215010).
    const OLD_SLICE: u32 = 1 << 4;
    let mut result = Err("this kernel has no slices of VMOs".into());
    for options in [zx::ZX_VMO_CHILD_SLICE, OLD_SLICE] {
        match child(parent, options, page * PAGE, len) {
            Ok(slice) if shares_pages(parent, page, slice.0)? => return Ok(slice),
            Ok(_) => {}
            Err(skip) => result = Err(skip),
        }
    }
    result
}

/// Whether the first byte of the child is that of the page of the parent. Leaves both bytes 0.
fn shares_pages(parent: zx_handle_t, page: usize, child: zx_handle_t) -> Result<bool, Skip> {
    let mut seen = [0];
    for byte in [1, 0] {
        let offset = (page * PAGE) as u64;
        // SAFETY: the bytes are valid for reads of 1 byte.
        let raw = unsafe { zx::zx_vmo_write(parent, [byte].as_ptr(), offset, 1) };
        or_skip("zx_vmo_write", raw)?;
        // SAFETY: `seen` is valid for a write of 1 byte.
        let raw = unsafe { zx::zx_vmo_read(child, seen.as_mut_ptr(), 0, 1) };
        or_skip("zx_vmo_read", raw)?;
        if seen != [byte] {
            return Ok(false);
        }
    }
    Ok(true)
}

fn child(
    parent: zx_handle_t,
    options: u32,
    offset: usize,
    len: usize,
) -> Result<OwnedHandle, Skip> {
    let create_child = zx_vmo_create_child()?;
    let (offset, len) = (offset as u64, len as u64);
    new_handle("zx_vmo_create_child", |out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { create_child(parent, options, offset, len, out) }
    })
}

/// A VMO whose pages the kernel may discard while it is not locked.
pub(super) fn discardable(len: usize, locked: bool) -> Result<OwnedHandle, Skip> {
    let vmo = create(len, zx::ZX_VMO_DISCARDABLE)?;
    let operate = |operation| {
        let none = std::ptr::null_mut();
        // SAFETY: the operations take no buffer.
        unsafe { zx::zx_vmo_op_range(vmo.0, operation, 0, len as u64, none, 0) }
    };
    // Pages are committed only while the VMO is locked.
    or_skip("ZX_VMO_OP_TRY_LOCK", operate(zx::ZX_VMO_OP_TRY_LOCK))?;
    or_skip("ZX_VMO_OP_COMMIT", operate(zx::ZX_VMO_OP_COMMIT))?;
    if !locked {
        or_skip("ZX_VMO_OP_UNLOCK", operate(zx::ZX_VMO_OP_UNLOCK))?;
    }
    Ok(vmo)
}

/// A physically contiguous VMO.
pub(super) fn contiguous(len: usize) -> Result<OwnedHandle, Skip> {
    let resource = resource()?;
    let iommu = new_handle("zx_iommu_create", |out| {
        let dummy = zx::zx_iommu_desc_dummy_t::default();
        let (desc, size) = ((&raw const dummy).cast(), size_of_val(&dummy));
        // SAFETY: `desc` is valid for reads of its size, and `out` for a write of a handle.
        unsafe { zx::zx_iommu_create(resource, zx::ZX_IOMMU_TYPE_DUMMY, desc, size, out) }
    })?;
    let bti = new_handle("zx_bti_create", |out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { zx::zx_bti_create(iommu.0, 0, 0, out) }
    })?;
    new_handle("zx_vmo_create_contiguous", |out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { zx::zx_vmo_create_contiguous(bti.0, len, 0, out) }
    })
}

/// A physical VMO at an address without a device. The kernel rejects calls on it before it accesses
/// the memory (read in the sources of 2018 to 2026).
pub(super) fn physical(len: usize) -> Result<OwnedHandle, Skip> {
    let resource = resource()?;
    new_handle("zx_vmo_create_physical", |out| {
        // SAFETY: `out` is valid for a write of a handle, and nothing accesses the memory.
        unsafe { zx::zx_vmo_create_physical(resource, 0xfd00_0000, len, out) }
    })
}

fn resource() -> Result<zx_handle_t, Skip> {
    static RESOURCE: OnceLock<zx_handle_t> = OnceLock::new();
    match *RESOURCE.get_or_init(|| startup_handle(PA_RESOURCE)) {
        0 => Err("the suite has no resource handle for physical memory".into()),
        resource => Ok(resource),
    }
}
