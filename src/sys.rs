//! The raw calls, for those who want them without the wrapper.
//!
//! The names, the types and the order of arguments are those of
//! `<zircon/syscalls.h>`. On Fuchsia these are declarations that link to
//! `libzircon` (the vDSO) and, for [`zx_process_self`] and [`zx_job_default`],
//! to `libc`. On 64-bit Linux with the feature `std` they are ordinary functions
//! of the [stand-in](crate::linux); no symbol of these names is exported.
//! Everywhere else each returns [`ZX_ERR_NOT_SUPPORTED`].
//!
//! The integer aliases and constants come from `fuchsia-zircon-sys`.
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use zx_process_memory::sys;
//!
//! static TARGET: AtomicU32 = AtomicU32::new(0);
//!
//! let (mut handle, mut actual) = (0, 0);
//! // SAFETY: `handle` is writable.
//! let status = unsafe {
//!     let rights = sys::ZX_RIGHT_SAME_RIGHTS;
//!     sys::zx_handle_duplicate(sys::zx_process_self(), rights, &raw mut handle)
//! };
//! assert_eq!(status, sys::ZX_OK);
//!
//! let (vaddr, bytes) = (TARGET.as_ptr().addr(), [7; 4]);
//! // SAFETY: the bytes are readable, `actual` is writable, and only `TARGET` changes: an
//! // atomic, to which every value is valid.
//! let status = unsafe {
//!     sys::zx_process_write_memory(handle, vaddr, bytes.as_ptr(), 4, &raw mut actual)
//! };
//! assert_eq!((status, actual), (sys::ZX_OK, 4));
//! assert_eq!(TARGET.load(Ordering::Relaxed), 0x0707_0707);
//!
//! // SAFETY: nothing uses the handle afterwards.
//! assert_eq!(unsafe { sys::zx_handle_close(handle) }, sys::ZX_OK);
//! ```

mod info;

pub use crate::backend::syscalls::{
    zx_handle_close, zx_handle_duplicate, zx_job_default, zx_object_get_child, zx_object_get_info,
    zx_process_read_memory, zx_process_self, zx_process_write_memory,
};
pub use fuchsia_zircon_sys::{
    ZX_ERR_NOT_SUPPORTED, ZX_HANDLE_INVALID, ZX_INFO_HANDLE_BASIC, ZX_INFO_JOB_CHILDREN,
    ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_MAPPING, ZX_INFO_MAPS_TYPE_VMAR, ZX_OBJ_TYPE_JOB,
    ZX_OBJ_TYPE_PROCESS, ZX_OK, ZX_RIGHT_NONE, ZX_RIGHT_SAME_RIGHTS, zx_handle_t,
    zx_info_maps_type_t, zx_koid_t, zx_obj_type_t, zx_object_info_topic_t, zx_rights_t,
    zx_status_t, zx_vaddr_t, zx_vm_option_t,
};
pub use info::{
    ZX_INFO_PROCESS_MAPS_V1, zx_info_handle_basic_t, zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};
