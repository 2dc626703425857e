//! Declarations of the system calls.

use crate::sys::{
    zx_handle_t, zx_koid_t, zx_object_info_topic_t, zx_rights_t, zx_status_t, zx_vaddr_t,
};

#[link(name = "zircon")]
unsafe extern "C" {
    /// Writes `buffer_size` bytes at `vaddr` of the process that `handle` names. Stores the number of
    /// bytes written in `actual`.
    ///
    /// [`Process::write_memory`](crate::Process::write_memory) is the safe wrapper. Its documentation
    /// applies to this call too.
    ///
    /// # Safety
    ///
    /// `buffer` must be valid for reads of `buffer_size` bytes and `actual` for a write. If `handle`
    /// names the calling process, the write must follow the rules of
    /// [`Process::current`](crate::Process::current).
    ///
    /// # References
    ///
    /// - [`zx_process_write_memory`](https://fuchsia.dev/reference/syscalls/process_write_memory)
    pub fn zx_process_write_memory(
        handle: zx_handle_t,
        vaddr: zx_vaddr_t,
        buffer: *const u8,
        buffer_size: usize,
        actual: *mut usize,
    ) -> zx_status_t;

    /// Reads `buffer_size` bytes at `vaddr` of the process that `handle` names. Stores the number of
    /// bytes read in `actual`.
    ///
    /// [`Process::read_memory`](crate::Process::read_memory) is the safe wrapper. Its documentation
    /// applies to this call too.
    ///
    /// # Safety
    ///
    /// `buffer` must be valid for writes of `buffer_size` bytes and `actual` for a write. The call can
    /// change bytes of `buffer` after `actual`, also if it fails (measured: July 2019).
    ///
    /// # References
    ///
    /// - [`zx_process_read_memory`](https://fuchsia.dev/reference/syscalls/process_read_memory)
    pub fn zx_process_read_memory(
        handle: zx_handle_t,
        vaddr: zx_vaddr_t,
        buffer: *mut u8,
        buffer_size: usize,
        actual: *mut usize,
    ) -> zx_status_t;

    /// Closes a handle.
    ///
    /// # Safety
    ///
    /// The handle must not be used afterwards. Its value can come to name another object.
    ///
    /// # References
    ///
    /// - [`zx_handle_close`](https://fuchsia.dev/reference/syscalls/handle_close)
    pub fn zx_handle_close(handle: zx_handle_t) -> zx_status_t;

    /// Makes a second handle to the same object, with the same rights or fewer.
    ///
    /// # Safety
    ///
    /// `out` must be valid for a write.
    ///
    /// # References
    ///
    /// - [`zx_handle_duplicate`](https://fuchsia.dev/reference/syscalls/handle_duplicate)
    pub fn zx_handle_duplicate(
        handle: zx_handle_t,
        rights: zx_rights_t,
        out: *mut zx_handle_t,
    ) -> zx_status_t;

    /// Returns information about an object. This crate uses the topics
    /// [`ZX_INFO_HANDLE_BASIC`](crate::sys::ZX_INFO_HANDLE_BASIC) and
    /// [`ZX_INFO_JOB_CHILDREN`](crate::sys::ZX_INFO_JOB_CHILDREN).
    ///
    /// # Safety
    ///
    /// `buffer` must be valid for writes of `buffer_size` bytes; `actual` and
    /// `avail` must be null or valid for a write.
    ///
    /// # References
    ///
    /// - [`zx_object_get_info`](https://fuchsia.dev/reference/syscalls/object_get_info)
    pub fn zx_object_get_info(
        handle: zx_handle_t,
        topic: zx_object_info_topic_t,
        buffer: *mut u8,
        buffer_size: usize,
        actual: *mut usize,
        avail: *mut usize,
    ) -> zx_status_t;

    /// Opens a job's direct child (a job or a process) by koid.
    ///
    /// # Safety
    ///
    /// `out` must be valid for a write.
    ///
    /// # References
    ///
    /// - [`zx_object_get_child`](https://fuchsia.dev/reference/syscalls/object_get_child)
    pub fn zx_object_get_child(
        handle: zx_handle_t,
        koid: zx_koid_t,
        rights: zx_rights_t,
        out: *mut zx_handle_t,
    ) -> zx_status_t;
}

// These two are exported by libc. A program that does not use them links without libc.
unsafe extern "C" {
    /// Returns the calling process's handle to itself. libc owns it: do not close it.
    pub safe fn zx_process_self() -> zx_handle_t;

    /// Returns the handle to the job in which the calling process creates its children, or 0. libc
    /// owns it: do not close it.
    pub safe fn zx_job_default() -> zx_handle_t;
}
