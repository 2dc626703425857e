//! Fuchsia: the real calls.

use crate::sys::{
    zx_handle_t, zx_koid_t, zx_object_info_topic_t, zx_rights_t, zx_status_t, zx_vaddr_t,
};

#[link(name = "zircon")]
unsafe extern "C" {
    /// Writes `buffer_size` bytes at `vaddr` of the process that `handle` names,
    /// and stores how many were written in `actual`.
    ///
    /// [`Process::write_memory`](crate::Process::write_memory) is the same call
    /// with a slice, a count and a typed status; its documentation holds for
    /// this one.
    ///
    /// # Safety
    ///
    /// `buffer` must be valid for reads of `buffer_size` bytes and `actual` for a
    /// write. Where `handle` names the calling process, nothing that Rust takes
    /// for unchanged may be written.
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

    /// Reads `buffer_size` bytes at `vaddr` of the process that `handle` names, and
    /// stores how many were read in `actual`.
    ///
    /// [`Process::read_memory`](crate::Process::read_memory) is the same call with a
    /// slice, a count and a typed status; its documentation holds for this one.
    ///
    /// # Safety
    ///
    /// `buffer` must be valid for writes of `buffer_size` bytes and `actual` for a
    /// write. Bytes of `buffer` beyond `actual` may have changed, in a failing call too.
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
    /// Nobody may use the handle afterwards: its number may come to name
    /// something else.
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

    /// Asks about an object. The crate uses the topics
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

    /// Turns the koid of a job's direct child (a job or a process) into a handle.
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

// These two are the C library's, not the kernel's. A program without a C library
// links as long as it does not use them.
unsafe extern "C" {
    /// The calling process's handle to itself. The C library owns it: do not
    /// close it.
    pub safe fn zx_process_self() -> zx_handle_t;

    /// The job in which the calling process makes its children, or 0. The C
    /// library owns it: do not close it.
    pub safe fn zx_job_default() -> zx_handle_t;
}
