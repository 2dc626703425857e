//! The system calls, on the objects of this backend.

use super::behavior::{Behavior, HandleCheck};
use super::handle_table::Entry;
use super::objects;
use super::opened_process::OpenedProcess;
use crate::linux::{debugging_syscalls, kernel};
use crate::sys::{
    ZX_HANDLE_INVALID, ZX_INFO_HANDLE_BASIC, ZX_INFO_JOB_CHILDREN, ZX_INFO_PROCESS_MAPS_V1, ZX_OK,
    zx_handle_t, zx_info_handle_basic_t, zx_koid_t, zx_object_info_topic_t, zx_rights_t,
    zx_status_t, zx_vaddr_t,
};
use crate::{MAX_READ_LEN, MAX_WRITE_LEN, Rights, Status};
use std::slice;

/// Writes `buffer_size` bytes at `vaddr` of the process that `handle` names. Stores the number of
/// bytes written in `actual`, which an error leaves unchanged.
///
/// A null `actual` is `ZX_ERR_INVALID_ARGS` after the data was written, as in the kernel (measured:
/// July 2019 and April 2021; read in the sources of 2018 to 2026).
///
/// # Safety
///
/// `buffer` must be null or valid for reads of `buffer_size` bytes, and `actual` null or valid for a
/// write. If `handle` names the calling process, the write must follow the rules of
/// [`Process::current`](crate::Process::current).
pub unsafe extern "C" fn zx_process_write_memory(
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
    buffer: *const u8,
    buffer_size: usize,
    actual: *mut usize,
) -> zx_status_t {
    raw((|| {
        let behavior = Behavior::of(kernel());
        if behavior.has_debugging_syscalls_option && !debugging_syscalls() {
            return Err(Status::NotSupported);
        }
        if buffer.is_null() || buffer_size == 0 || buffer_size > MAX_WRITE_LEN {
            return Err(Status::InvalidArgs);
        }
        let entry = entry(handle)?;
        let process = process_with_rights(&entry, Rights::WRITE_MEMORY, behavior)?;
        // SAFETY: `buffer` is not null, and the caller ensures that it is readable for this size.
        let bytes = unsafe { slice::from_raw_parts(buffer, buffer_size) };
        let written = process.space.write(vaddr, bytes, behavior)?;
        // SAFETY: the caller ensures that the pointer is null or valid.
        unsafe { store(actual, written) }
    })())
}

/// Reads `buffer_size` bytes at `vaddr` of the process that `handle` names. Stores the number of
/// bytes read in `actual`, which an error leaves unchanged.
///
/// Unless a [kernel](crate::linux#kernels) since 2021 is selected, zeros are first written to the
/// first byte, each 4096th byte and the last byte of the buffer, as the kernels of 2018 and July 2019
/// do (measured). So a test finds a caller that relies on the bytes after `actual`.
///
/// # Safety
///
/// `buffer` must be null or valid for writes of `buffer_size` bytes, and `actual` null
/// or valid for a write.
pub unsafe extern "C" fn zx_process_read_memory(
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
    buffer: *mut u8,
    buffer_size: usize,
    actual: *mut usize,
) -> zx_status_t {
    raw((|| {
        let behavior = Behavior::of(kernel());
        if buffer.is_null() || buffer_size == 0 || buffer_size > MAX_READ_LEN {
            return Err(Status::InvalidArgs);
        }
        let entry = entry(handle)?;
        let process = process_with_rights(&entry, Rights::READ_MEMORY, behavior)?;
        // SAFETY: `buffer` is not null, and the caller ensures that it is writable for this size.
        // `MaybeUninit` allows uninitialized bytes.
        let bytes = unsafe { slice::from_raw_parts_mut(buffer.cast(), buffer_size) };
        let read = process.read(vaddr, bytes, behavior)?;
        // SAFETY: the caller ensures that the pointer is null or valid.
        unsafe { store(actual, read) }
    })())
}

/// Closes a handle. For 0 it returns `ZX_OK`.
///
/// # Safety
///
/// The handle must not be used afterwards. A call in progress completes on the process with which it
/// started.
pub unsafe extern "C" fn zx_handle_close(handle: zx_handle_t) -> zx_status_t {
    if handle == ZX_HANDLE_INVALID {
        return ZX_OK;
    }
    let removed = objects().handles.remove(handle);
    raw(removed.map(drop).ok_or(Status::BadHandle))
}

/// Makes a second handle to the same object, with the same rights or fewer.
///
/// # Safety
///
/// `out` must be null or valid for a write.
pub unsafe extern "C" fn zx_handle_duplicate(
    handle: zx_handle_t,
    rights: zx_rights_t,
    out: *mut zx_handle_t,
) -> zx_status_t {
    raw((|| {
        let entry = entry(handle)?;
        require(&entry, Rights::DUPLICATE)?;
        let rights = requested(&entry, rights).ok_or(Status::InvalidArgs)?;
        // SAFETY: the caller ensures that the pointer is null or valid.
        unsafe { store_handle(out, Entry { rights, ..entry }) }
    })())
}

/// Returns information about an object. The topics are `ZX_INFO_HANDLE_BASIC`,
/// `ZX_INFO_JOB_CHILDREN` (the default job has no child jobs) and [`ZX_INFO_PROCESS_MAPS_V1`]. Other
/// topics are `ZX_ERR_NOT_SUPPORTED`.
///
/// A list is truncated to the records that fit. A single record that does not fit is
/// `ZX_ERR_BUFFER_TOO_SMALL`.
///
/// # Safety
///
/// `buffer` must be null or valid for writes of `buffer_size` bytes; `actual` and
/// `avail` must be null or valid for a write.
pub unsafe extern "C" fn zx_object_get_info(
    handle: zx_handle_t,
    topic: zx_object_info_topic_t,
    buffer: *mut u8,
    buffer_size: usize,
    actual: *mut usize,
    avail: *mut usize,
) -> zx_status_t {
    raw((|| match topic {
        ZX_INFO_HANDLE_BASIC => {
            let info = [handle_basic(&entry(handle)?)];
            // SAFETY: the caller ensures that the three pointers are null or valid.
            let stored = unsafe { store_records(&info, buffer, buffer_size, actual, avail) }?;
            (stored == 1).then_some(()).ok_or(Status::BufferTooSmall)
        }
        ZX_INFO_JOB_CHILDREN => {
            let entry = entry(handle)?;
            if entry.object.as_process().is_some() {
                return Err(Status::WrongType);
            }
            require(&entry, Rights::ENUMERATE)?;
            let none: [zx_koid_t; 0] = [];
            // SAFETY: the caller ensures that the three pointers are null or valid.
            unsafe { store_records(&none, buffer, buffer_size, actual, avail) }.map(drop)
        }
        ZX_INFO_PROCESS_MAPS_V1 => {
            let entry = entry(handle)?;
            let process = entry.object.as_process().ok_or(Status::WrongType)?;
            require(&entry, Rights::INSPECT)?;
            let records = process.space.records()?;
            // SAFETY: the caller ensures that the three pointers are null or valid.
            unsafe { store_records(&records, buffer, buffer_size, actual, avail) }.map(drop)
        }
        _ => Err(Status::NotSupported),
    })())
}

fn handle_basic(entry: &Entry) -> zx_info_handle_basic_t {
    let job = entry.object.as_process().map(|_| objects().default_job().0);
    zx_info_handle_basic_t {
        koid: entry.object.koid,
        rights: entry.rights,
        type_: entry.object.type_(),
        related_koid: job.unwrap_or(0),
        ..Default::default()
    }
}

/// Stores as many records as fit. Returns their number.
///
/// # Safety
///
/// `buffer` must be null or valid for writes of `size` bytes; `actual` and `avail` must
/// be null or valid for a write.
unsafe fn store_records<T: Copy>(
    records: &[T],
    buffer: *mut u8,
    size: usize,
    actual: *mut usize,
    avail: *mut usize,
) -> Result<usize, Status> {
    let fitting = &records[..records.len().min(size / size_of::<T>())];
    if !fitting.is_empty() {
        if buffer.is_null() {
            return Err(Status::InvalidArgs);
        }
        // SAFETY: `fitting` and the buffer are different objects, `buffer` is not null, and the
        // caller ensures that it is writable for at least this size. Bytes are copied, since it can
        // be unaligned.
        unsafe { buffer.copy_from(fitting.as_ptr().cast(), size_of_val(fitting)) };
    }
    for (count, value) in [(actual, fitting.len()), (avail, records.len())] {
        if !count.is_null() {
            // SAFETY: the pointer is not null, so the caller ensures that it is valid.
            unsafe { count.write(value) };
        }
    }
    Ok(fitting.len())
}

/// Opens a job's child by koid. The default job contains the processes that the caller has open.
///
/// # Safety
///
/// `out` must be null or valid for a write.
pub unsafe extern "C" fn zx_object_get_child(
    handle: zx_handle_t,
    koid: zx_koid_t,
    rights: zx_rights_t,
    out: *mut zx_handle_t,
) -> zx_status_t {
    raw((|| {
        let parent = entry(handle)?;
        require(&parent, Rights::ENUMERATE)?;
        let rights = requested(&parent, rights).ok_or(Status::AccessDenied)?;
        // The children of a process are its threads, which this backend does not have.
        let is_job = parent.object.as_process().is_none();
        let object = is_job.then(|| objects().process_by_koid(koid)).flatten();
        let object = object.ok_or(Status::NotFound)?;
        // SAFETY: the caller ensures that the pointer is null or valid.
        unsafe { store_handle(out, Entry { object, rights }) }
    })())
}

/// Returns the calling process's handle to itself, or 0 if Linux does not let it open its own memory.
/// Do not close it.
#[must_use]
pub extern "C" fn zx_process_self() -> zx_handle_t {
    objects().own_process()
}

/// Returns the handle to the default job. Do not close it.
#[must_use]
pub extern "C" fn zx_job_default() -> zx_handle_t {
    objects().default_job().1
}

fn raw(result: Result<(), Status>) -> zx_status_t {
    result.err().map_or(ZX_OK, Status::into_raw)
}

fn entry(handle: zx_handle_t) -> Result<Entry, Status> {
    objects().handles.get(handle).ok_or(Status::BadHandle)
}

/// Returns the process of a handle that has these rights.
fn process_with_rights<'a>(
    entry: &'a Entry,
    rights: Rights,
    behavior: &Behavior,
) -> Result<&'a OpenedProcess, Status> {
    if behavior.first_handle_check == HandleCheck::Rights {
        require(entry, rights)?;
    }
    let process = entry.object.as_process().ok_or(Status::WrongType)?;
    require(entry, rights)?;
    Ok(process)
}

fn require(entry: &Entry, rights: Rights) -> Result<(), Status> {
    if Rights::from_bits_retain(entry.rights).contains(rights) {
        Ok(())
    } else {
        Err(Status::AccessDenied)
    }
}

/// Returns the rights of the new handle, or `None` if the old one lacks one of them.
fn requested(entry: &Entry, rights: zx_rights_t) -> Option<zx_rights_t> {
    match Rights::from_bits_retain(rights) {
        Rights::SAME_RIGHTS => Some(entry.rights),
        _ => (rights & !entry.rights == 0).then_some(rights),
    }
}

/// # Safety
///
/// `out` must be null or valid for a write.
unsafe fn store_handle(out: *mut zx_handle_t, entry: Entry) -> Result<(), Status> {
    if out.is_null() {
        return Err(Status::InvalidArgs);
    }
    // SAFETY: `out` is not null, so the caller ensures that it is valid.
    unsafe { store(out, objects().handles.insert(entry)) }
}

/// # Safety
///
/// `out` must be null or valid for a write.
unsafe fn store<T>(out: *mut T, value: T) -> Result<(), Status> {
    if out.is_null() {
        return Err(Status::InvalidArgs);
    }
    // SAFETY: `out` is not null, so the caller ensures that it is valid.
    unsafe { out.write(value) };
    Ok(())
}
