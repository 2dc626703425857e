use super::{
    zx_info_maps_type_t, zx_koid_t, zx_obj_type_t, zx_object_info_topic_t, zx_rights_t, zx_vaddr_t,
    zx_vm_option_t,
};

/// What [`zx_object_get_info`](super::zx_object_get_info) tells about a handle
/// under the topic [`ZX_INFO_HANDLE_BASIC`](super::ZX_INFO_HANDLE_BASIC).
///
/// ```
/// use zx_process_memory::sys;
///
/// let mut info = sys::zx_info_handle_basic_t::default();
/// // SAFETY: `info` is writable and of the size that is passed; null is allowed
/// // for the two counts.
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
    /// The object's koid: unique while the system runs, never reused.
    pub koid: zx_koid_t,
    /// The rights of the handle that was asked.
    pub rights: zx_rights_t,
    /// The object's type, such as [`ZX_OBJ_TYPE_PROCESS`](super::ZX_OBJ_TYPE_PROCESS).
    pub type_: zx_obj_type_t,
    /// For a process the koid of its job; 0 where there is none.
    pub related_koid: zx_koid_t,
    /// Zero today; kernels before 2020 kept properties here.
    pub reserved: u32,
    /// The kernel fills the whole record, so its tail is named rather than left
    /// to the compiler.
    pub padding1: [u8; 4],
}

// Zircon is 64-bit everywhere. Elsewhere a u64 may be aligned less.
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

/// The topic of [`zx_object_get_info`](super::zx_object_get_info) that lists what is
/// mapped in a process, in its first version: every kernel to date knows it. (Version 2
/// and 3 count pages in more ways.)
pub const ZX_INFO_PROCESS_MAPS_V1: zx_object_info_topic_t = 13;

/// What [`zx_object_get_info`](super::zx_object_get_info) tells about each node of an
/// address space under the topic [`ZX_INFO_PROCESS_MAPS_V1`]: the space, its VMARs and
/// the mappings in them, depth first, by address.
///
/// `zx_info_maps_v1_t` of `<zircon/syscalls/object.h>`, with the only member of its
/// union in place of the union.
///
/// ```
/// let record = zx_process_memory::sys::zx_info_maps_v1_t::default();
/// assert_eq!(size_of_val(&record), 96);
/// ```
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(non_camel_case_types)]
pub struct zx_info_maps_v1_t {
    /// The VMO's name, or the node's, up to the first 0.
    pub name: [u8; 32],
    /// The first address.
    pub base: zx_vaddr_t,
    /// In bytes.
    pub size: usize,
    /// How deep in the tree the node lies; the address space has 0.
    pub depth: usize,
    /// Address space, VMAR or mapping, such as
    /// [`ZX_INFO_MAPS_TYPE_MAPPING`](super::ZX_INFO_MAPS_TYPE_MAPPING).
    pub type_: zx_info_maps_type_t,
    /// The kernel fills the whole record.
    pub padding1: [u8; 4],
    /// Of a mapping alone.
    pub mapping: zx_info_maps_mapping_v1_t,
}

/// What [`zx_info_maps_v1_t`] tells of a mapping.
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
    /// The kernel fills the whole record.
    pub padding1: [u8; 4],
    /// The VMO that is mapped.
    pub vmo_koid: zx_koid_t,
    /// Where in the VMO the mapping begins, in bytes.
    pub vmo_offset: u64,
    /// Pages of the mapping that are in memory.
    pub committed_pages: usize,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    // Version 2, with a field more at its end.
    type Theirs = fuchsia_zircon_sys::zx_info_maps_t;
    type Ours = zx_info_maps_v1_t;
    assert!(size_of::<Ours>() + size_of::<usize>() == size_of::<Theirs>());
    assert!(core::mem::offset_of!(Ours, base) == core::mem::offset_of!(Theirs, base));
    assert!(core::mem::offset_of!(Ours, type_) == core::mem::offset_of!(Theirs, r#type));
    assert!(core::mem::offset_of!(Ours, mapping) == core::mem::offset_of!(Theirs, u));
};
