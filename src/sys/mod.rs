//! The raw calls, for those who want them without the wrapper.
//!
//! The names, the types and the order of arguments are those of
//! `<zircon/syscalls.h>`. On Fuchsia these are declarations that link to
//! `libzircon` (the vDSO) and, for [`zx_process_self`] and [`zx_job_default`],
//! to `libc`. On 64-bit Linux with the feature `std` they are ordinary functions
//! of the [stand-in](crate::stand_in); no symbol of these names is exported.
//! Everywhere else each returns [`ZX_ERR_NOT_SUPPORTED`].
//!
//! The integer aliases and constants come from `fuchsia-zircon-sys`.

#[cfg_attr(backend = "fuchsia", path = "fuchsia.rs")]
#[cfg_attr(backend = "stand_in", path = "../stand_in/calls.rs")]
#[cfg_attr(backend = "unsupported", path = "unsupported.rs")]
mod calls;
mod info;

pub use calls::{
    zx_handle_close, zx_handle_duplicate, zx_job_default, zx_object_get_child, zx_object_get_info,
    zx_process_self, zx_process_write_memory,
};
pub use fuchsia_zircon_sys::{
    ZX_ERR_NOT_SUPPORTED, ZX_HANDLE_INVALID, ZX_INFO_HANDLE_BASIC, ZX_INFO_JOB_CHILDREN,
    ZX_OBJ_TYPE_JOB, ZX_OBJ_TYPE_PROCESS, ZX_OK, ZX_RIGHT_NONE, ZX_RIGHT_SAME_RIGHTS, zx_handle_t,
    zx_koid_t, zx_obj_type_t, zx_object_info_topic_t, zx_rights_t, zx_status_t, zx_vaddr_t,
};
pub use info::zx_info_handle_basic_t;
