//! Every call returns `ZX_ERR_NOT_SUPPORTED`, so that the crate compiles for every target.

use crate::sys::{
    ZX_ERR_NOT_SUPPORTED, ZX_HANDLE_INVALID, zx_handle_t, zx_koid_t, zx_object_info_topic_t,
    zx_rights_t, zx_status_t, zx_vaddr_t,
};

/// Returns [`ZX_ERR_NOT_SUPPORTED`].
///
/// # Safety
///
/// None on this target. On Fuchsia the pointers must be valid.
pub unsafe extern "C" fn zx_process_write_memory(
    _handle: zx_handle_t,
    _vaddr: zx_vaddr_t,
    _buffer: *const u8,
    _buffer_size: usize,
    _actual: *mut usize,
) -> zx_status_t {
    ZX_ERR_NOT_SUPPORTED
}

/// Returns [`ZX_ERR_NOT_SUPPORTED`].
///
/// # Safety
///
/// None on this target. On Fuchsia the pointers must be valid.
pub unsafe extern "C" fn zx_process_read_memory(
    _handle: zx_handle_t,
    _vaddr: zx_vaddr_t,
    _buffer: *mut u8,
    _buffer_size: usize,
    _actual: *mut usize,
) -> zx_status_t {
    ZX_ERR_NOT_SUPPORTED
}

/// Returns [`ZX_ERR_NOT_SUPPORTED`].
///
/// # Safety
///
/// None on this target. On Fuchsia the handle must not be used afterwards.
pub unsafe extern "C" fn zx_handle_close(_handle: zx_handle_t) -> zx_status_t {
    ZX_ERR_NOT_SUPPORTED
}

/// Returns [`ZX_ERR_NOT_SUPPORTED`].
///
/// # Safety
///
/// None on this target. On Fuchsia the pointer must be valid.
pub unsafe extern "C" fn zx_handle_duplicate(
    _handle: zx_handle_t,
    _rights: zx_rights_t,
    _out: *mut zx_handle_t,
) -> zx_status_t {
    ZX_ERR_NOT_SUPPORTED
}

/// Returns [`ZX_ERR_NOT_SUPPORTED`].
///
/// # Safety
///
/// None on this target. On Fuchsia the pointers must be valid.
pub unsafe extern "C" fn zx_object_get_info(
    _handle: zx_handle_t,
    _topic: zx_object_info_topic_t,
    _buffer: *mut u8,
    _buffer_size: usize,
    _actual: *mut usize,
    _avail: *mut usize,
) -> zx_status_t {
    ZX_ERR_NOT_SUPPORTED
}

/// Returns [`ZX_ERR_NOT_SUPPORTED`].
///
/// # Safety
///
/// None on this target. On Fuchsia the pointer must be valid.
pub unsafe extern "C" fn zx_object_get_child(
    _handle: zx_handle_t,
    _koid: zx_koid_t,
    _rights: zx_rights_t,
    _out: *mut zx_handle_t,
) -> zx_status_t {
    ZX_ERR_NOT_SUPPORTED
}

/// Returns 0.
#[must_use]
pub extern "C" fn zx_process_self() -> zx_handle_t {
    ZX_HANDLE_INVALID
}

/// Returns 0.
#[must_use]
pub extern "C" fn zx_job_default() -> zx_handle_t {
    ZX_HANDLE_INVALID
}
