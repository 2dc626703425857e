use super::{zx_koid_t, zx_obj_type_t, zx_rights_t};

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
