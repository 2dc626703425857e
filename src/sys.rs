//! The raw system calls.
//!
//! Names, types and the order of arguments are those of `<zircon/syscalls.h>`. On Fuchsia these are
//! declarations; they link to `libzircon` (the vDSO) and, for [`zx_process_self`] and
//! [`zx_job_default`], to libc. On 64-bit Linux with the feature `std` they are functions of the
//! Linux backend, which exports no symbols of these names. On all other targets they return
//! [`ZX_ERR_NOT_SUPPORTED`].
//!
//! Integer aliases and constants come from `fuchsia-zircon-sys`. The functions are declared again
//! here, because that crate is a pre-release, declares them for Fuchsia only, and lacks
//! [`zx_process_self`] and [`zx_job_default`]. A test compares the two sets of declarations.
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
//! // SAFETY: the bytes are readable and `actual` is writable. The write goes to `TARGET`, an
//! // atomic, for which all values are valid.
//! let status = unsafe {
//!     sys::zx_process_write_memory(handle, vaddr, bytes.as_ptr(), 4, &raw mut actual)
//! };
//! assert_eq!((status, actual), (sys::ZX_OK, 4));
//! assert_eq!(TARGET.load(Ordering::Relaxed), 0x0707_0707);
//!
//! // SAFETY: this function owns the handle and does not use it again.
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
