use super::{
    zx_info_maps_type_t, zx_koid_t, zx_obj_type_t, zx_object_info_topic_t, zx_rights_t, zx_vaddr_t,
    zx_vm_option_t,
};

/// The record of [`zx_object_get_info`](super::zx_object_get_info) for the topic
/// [`ZX_INFO_HANDLE_BASIC`](super::ZX_INFO_HANDLE_BASIC).
///
/// ```
/// use zx_process_memory::sys;
///
/// let mut info = sys::zx_info_handle_basic_t::default();
/// // SAFETY: `info` is writable and has the size that is passed. The two counts can be null.
/// let status = unsafe {
///     sys::zx_object_get_info(
///         sys::zx_process_self(),
///         sys::ZX_INFO_HANDLE_BASIC,
///         (&raw mut info).cast(),
///         size_of_val(&info),
///         std::ptr::null_mut(),
///         std::ptr::null_mut(),
///     )
/// };
/// assert_eq!(status, sys::ZX_OK);
/// assert_eq!(info.type_, sys::ZX_OBJ_TYPE_PROCESS);
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct zx_info_handle_basic_t {
    /// The object's koid. It is not reused while the system runs.
    pub koid: zx_koid_t,
    /// The rights of the handle.
    pub rights: zx_rights_t,
    /// The object's type, such as [`ZX_OBJ_TYPE_PROCESS`](super::ZX_OBJ_TYPE_PROCESS).
    pub type_: zx_obj_type_t,
    /// For a process, the koid of its job. 0 for an object without a related object.
    pub related_koid: zx_koid_t,
    /// 0 since August 2020 (commit 8e62a721eb1). Kernels before stored the property
    /// `ZX_OBJ_PROP_WAITABLE` (1) here (read in the sources).
    pub reserved: u32,
    /// Padding. It is a field because the kernel writes the whole record.
    pub padding1: [u8; 4],
}

// Zircon is 64-bit. On a 32-bit target the alignment of `u64` can differ.
#[cfg(target_pointer_width = "64")]
const _: () = {
    type Theirs = fuchsia_zircon_sys::zx_info_handle_basic_t;
    type Ours = zx_info_handle_basic_t;
    assert!(size_of::<Ours>() == size_of::<Theirs>());
    assert!(align_of::<Ours>() == align_of::<Theirs>());
    assert!(core::mem::offset_of!(Ours, koid) == core::mem::offset_of!(Theirs, koid));
    assert!(core::mem::offset_of!(Ours, rights) == core::mem::offset_of!(Theirs, rights));
    assert!(core::mem::offset_of!(Ours, type_) == core::mem::offset_of!(Theirs, type_));
    assert!(
        core::mem::offset_of!(Ours, related_koid) == core::mem::offset_of!(Theirs, related_koid)
    );
    assert!(core::mem::offset_of!(Ours, reserved) == core::mem::offset_of!(Theirs, reserved));
};

/// The topic of [`zx_object_get_info`](super::zx_object_get_info) that lists the mappings of a
/// process, version 1. Kernels from 2018 to 2025 have it (read in the sources). Versions 2 and 3
/// have more page counts.
pub const ZX_INFO_PROCESS_MAPS_V1: zx_object_info_topic_t = 13;

/// The record of [`zx_object_get_info`](super::zx_object_get_info) for the topic
/// [`ZX_INFO_PROCESS_MAPS_V1`]: one for the address space, each VMAR and each mapping, depth first,
/// by address (man page).
///
/// It is `zx_info_maps_v1_t` of `<zircon/syscalls/object.h>`. Its union has one member, which
/// replaces it here.
///
/// ```
/// let record = zx_process_memory::sys::zx_info_maps_v1_t::default();
/// assert_eq!(size_of_val(&record), 96);
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct zx_info_maps_v1_t {
    /// The name of the VMO, or of the address space or VMAR. It ends at the first 0.
    pub name: [u8; 32],
    /// The first address.
    pub base: zx_vaddr_t,
    /// The size in bytes.
    pub size: usize,
    /// The depth in the tree. The address space has depth 0.
    pub depth: usize,
    /// Address space, VMAR or mapping: for example
    /// [`ZX_INFO_MAPS_TYPE_MAPPING`](super::ZX_INFO_MAPS_TYPE_MAPPING).
    pub type_: zx_info_maps_type_t,
    /// Padding. It is a field because the kernel writes the whole record.
    pub padding1: [u8; 4],
    /// Valid for mappings only.
    pub mapping: zx_info_maps_mapping_v1_t,
}

/// The part of [`zx_info_maps_v1_t`] that is valid for mappings.
///
/// ```
/// let mapping = zx_process_memory::sys::zx_info_maps_mapping_v1_t::default();
/// assert_eq!(mapping.mmu_flags, 0);
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct zx_info_maps_mapping_v1_t {
    /// `ZX_VM_PERM_READ` (1), `_WRITE` (2) and `_EXECUTE` (4).
    pub mmu_flags: zx_vm_option_t,
    /// Padding. It is a field because the kernel writes the whole record.
    pub padding1: [u8; 4],
    /// The koid of the mapped VMO.
    pub vmo_koid: zx_koid_t,
    /// The offset of the mapping in the VMO, in bytes.
    pub vmo_offset: u64,
    /// The number of committed pages.
    pub committed_pages: usize,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    // This is version 2, which has one more field at its end.
    type Theirs = fuchsia_zircon_sys::zx_info_maps_t;
    type Ours = zx_info_maps_v1_t;
    assert!(size_of::<Ours>() + size_of::<usize>() == size_of::<Theirs>());
    assert!(core::mem::offset_of!(Ours, base) == core::mem::offset_of!(Theirs, base));
    assert!(core::mem::offset_of!(Ours, type_) == core::mem::offset_of!(Theirs, r#type));
    assert!(core::mem::offset_of!(Ours, mapping) == core::mem::offset_of!(Theirs, u));
};
