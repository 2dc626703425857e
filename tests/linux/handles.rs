//! Handles: values, rights, types and lifetimes.

use super::debuggee::{Debuggee, Page, page_size};
use std::collections::HashSet;
use std::mem::ManuallyDrop;
use zx_process_memory::sys::{self, zx_handle_t, zx_info_handle_basic_t, zx_rights_t};
use zx_process_memory::{Process, ProcessRef, Rights, Status};

/// Borrows any handle value as a process. The borrow does not close it.
fn borrow(handle: zx_handle_t) -> ProcessRef<'static> {
    // SAFETY: no test writes to its own process, and a closed handle is `BadHandle`: the Linux
    // backend does not reuse handle values.
    unsafe { ProcessRef::borrow_raw(handle) }.unwrap()
}

fn close(handle: zx_handle_t) -> Result<(), Status> {
    // SAFETY: after this the tests use the handle only to check that it is `BadHandle`.
    Status::ok(unsafe { sys::zx_handle_close(handle) })
}

fn duplicate(handle: zx_handle_t, rights: zx_rights_t) -> Result<zx_handle_t, Status> {
    let mut out = 0;
    // SAFETY: `out` is valid for a write of a handle.
    Status::ok(unsafe { sys::zx_handle_duplicate(handle, rights, &raw mut out) })?;
    Ok(out)
}

fn get_child(job: zx_handle_t, koid: u64, rights: Rights) -> Result<Process, Status> {
    let mut out = 0;
    // SAFETY: `out` is valid for a write of a handle.
    let raw = unsafe { sys::zx_object_get_child(job, koid, rights.bits(), &raw mut out) };
    Status::ok(raw)?;
    // SAFETY: the call returned a new handle, which nothing else owns, to a debuggee.
    unsafe { Process::from_raw(out) }
}

pub(crate) fn handle_without_write_right_is_access_denied() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let all = process.rights().unwrap();
    let weak = process.duplicate(all - Rights::WRITE).unwrap();
    assert_eq!(weak.write_memory(base, &[1]), Err(Status::AccessDenied));
    assert!(debuggee.sees_only(0, base..base + page_size()));
}

pub(crate) fn write_right_alone_is_sufficient() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process().duplicate(Rights::WRITE_MEMORY).unwrap();
    assert_eq!(process.write_memory(base, &[1, 2, 3]), Ok(3));
    assert_eq!(debuggee.sees(base..base + 4), [1, 2, 3, 0]);
}

pub(crate) fn job_handle_is_wrong_type() {
    let job = borrow(sys::zx_job_default());
    assert_eq!(job.write_memory(0x1000, &[1]), Err(Status::WrongType));
}

pub(crate) fn closed_handle_is_bad_handle() {
    let handle = Debuggee::start().process().into_raw();
    assert_eq!(close(handle), Ok(()));
    let refused = borrow(handle).write_memory(0x1000, &[1]);
    assert_eq!(refused, Err(Status::BadHandle));
    assert_eq!(borrow(handle).koid(), Err(Status::BadHandle));
    assert_eq!(borrow(handle).rights(), Err(Status::BadHandle));
    let again = borrow(handle).duplicate(Rights::SAME_RIGHTS);
    assert_eq!(again.unwrap_err(), Status::BadHandle);
    assert_eq!(close(handle), Err(Status::BadHandle));
    let shown = format!("{:?}", borrow(handle));
    assert!(shown.contains(&format!("{handle:#x}")), "{shown}");
}

pub(crate) fn value_of_closed_handle_is_not_reused() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let stale = process.duplicate(Rights::SAME_RIGHTS).unwrap().as_raw();
    for _ in 0..10_000 {
        let new = process.duplicate(Rights::SAME_RIGHTS).unwrap();
        assert_ne!(new.as_raw(), stale);
        let refused = borrow(stale).write_memory(base, &[1]);
        assert_eq!(refused, Err(Status::BadHandle));
    }
    assert!(debuggee.sees_only(0, base..base + page_size()));
}

pub(crate) fn zero_and_unknown_values_are_bad_handle() {
    for handle in [1, 2, 3, 4, 0xdead_beef, 0xffff_ffff, 0x8000_0003] {
        let refused = borrow(handle).write_memory(0x1000, &[1]);
        assert_eq!(refused, Err(Status::BadHandle), "{handle:#x}");
    }
    // SAFETY: 0 names no handle, so the result owns nothing.
    let owned = unsafe { Process::from_raw(0) };
    assert_eq!(owned.unwrap_err(), Status::BadHandle);
    // SAFETY: 0 names no handle, so nothing can close it during the borrow.
    let borrowed = unsafe { ProcessRef::borrow_raw(0) };
    assert_eq!(borrowed.unwrap_err(), Status::BadHandle);
    let mut actual = 7;
    // SAFETY: the buffer is valid for a read of 1 byte, `actual` is valid for a write, and 0 names
    // no process.
    let raw = unsafe { sys::zx_process_write_memory(0, 0x1000, [1].as_ptr(), 1, &raw mut actual) };
    assert_eq!(Status::ok(raw), Err(Status::BadHandle));
}

pub(crate) fn closing_zero_succeeds() {
    assert_eq!(close(0), Ok(()));
}

pub(crate) fn handle_values_have_both_low_bits_set() {
    let process = Debuggee::start().process();
    for _ in 0..100 {
        let handle = process.duplicate(Rights::SAME_RIGHTS).unwrap().as_raw();
        assert_eq!(handle & 0b11, 0b11, "{handle:#x}");
    }
}

pub(crate) fn duplicate_has_requested_rights() {
    let process = Debuggee::start().process();
    let same = process.duplicate(Rights::SAME_RIGHTS).unwrap();
    assert_eq!(same.rights(), process.rights());
    let none = process.duplicate(Rights::empty()).unwrap();
    assert_eq!(none.rights(), Ok(Rights::empty()));
    assert_eq!(none.koid(), process.koid());
    // The duplicate stays open when the original is closed.
    drop(process);
    assert!(same.koid().is_ok());
}

pub(crate) fn duplicate_requires_right_and_rejects_added_rights() {
    let process = Debuggee::start().process();
    let weak = process.duplicate(Rights::DUPLICATE | Rights::READ).unwrap();
    let stronger = weak.duplicate(Rights::READ | Rights::WRITE);
    assert_eq!(stronger.unwrap_err(), Status::InvalidArgs);
    let unknown = weak.duplicate(Rights::from_bits_retain(1 << 30));
    assert_eq!(unknown.unwrap_err(), Status::InvalidArgs);
    let without_duplicate = process.duplicate(Rights::READ).unwrap();
    // The check for ZX_RIGHT_DUPLICATE comes before the check for added rights.
    let refused = without_duplicate.duplicate(Rights::READ | Rights::WRITE);
    assert_eq!(refused.unwrap_err(), Status::AccessDenied);
}

pub(crate) fn info_reports_koid_rights_and_type() {
    let process = Debuggee::start().process();
    let shown = format!("{process:?}");
    let (handle, koid) = (process.as_raw(), process.koid().unwrap());
    let rights = process.rights().unwrap();
    assert!(rights.contains(Rights::READ_MEMORY | Rights::WRITE_MEMORY));
    assert!(shown.contains(&format!("{handle:#x}")), "{shown}");

    let info_of = |handle| info(handle, size_of::<zx_info_handle_basic_t>()).1;
    let (process, job) = (info_of(handle), info_of(sys::zx_job_default()));
    assert_eq!((process.koid, process.rights), (koid, rights.bits()));
    assert_eq!((process.type_, job.type_), (1, 17));
    assert_eq!((process.related_koid, job.related_koid), (job.koid, 0));
    assert!(1024 <= job.koid);
}

fn info(
    handle: zx_handle_t,
    size: usize,
) -> (Result<(), Status>, zx_info_handle_basic_t, [usize; 2]) {
    let mut info = zx_info_handle_basic_t::default();
    let [mut actual, mut avail] = [99; 2];
    // SAFETY: `info` is valid for writes of `size` bytes, since no caller passes a larger size, and
    // both counts are valid for writes.
    let raw = unsafe {
        sys::zx_object_get_info(
            handle,
            sys::ZX_INFO_HANDLE_BASIC,
            (&raw mut info).cast(),
            size,
            &raw mut actual,
            &raw mut avail,
        )
    };
    (Status::ok(raw), info, [actual, avail])
}

pub(crate) fn info_checks_size_topic_and_buffer() {
    let process = Debuggee::start().process();
    let unchanged = zx_info_handle_basic_t::default();
    let size = size_of_val(&unchanged);
    assert_eq!(info(process.as_raw(), size).2, [1, 1]);
    let short = info(process.as_raw(), size - 1);
    assert_eq!(short, (Err(Status::BufferTooSmall), unchanged, [0, 1]));
    let stale = info(0xdead_beef, size);
    assert_eq!(stale, (Err(Status::BadHandle), unchanged, [99, 99]));

    let null = std::ptr::null_mut();
    let get_info = |topic, buffer| {
        // SAFETY: the call rejects the topic or the null buffer before it writes, and allows null
        // counts.
        let raw = unsafe {
            let none = std::ptr::null_mut();
            sys::zx_object_get_info(process.as_raw(), topic, buffer, size, none, none)
        };
        Status::ok(raw)
    };
    assert_eq!(get_info(0xffff, null), Err(Status::NotSupported));
    assert_eq!(
        get_info(sys::ZX_INFO_HANDLE_BASIC, null),
        Err(Status::InvalidArgs)
    );
}

pub(crate) fn null_out_pointers_are_invalid_args() {
    let mut debuggee = Debuggee::start();
    let vaddr = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let (handle, koid) = (process.as_raw(), process.koid().unwrap());
    let (same, null) = (sys::ZX_RIGHT_SAME_RIGHTS, std::ptr::null_mut());
    // SAFETY: the call rejects a null out-pointer.
    let raw = unsafe { sys::zx_handle_duplicate(handle, same, null) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    // SAFETY: the call rejects a null out-pointer.
    let raw = unsafe { sys::zx_object_get_child(sys::zx_job_default(), koid, same, null) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    // SAFETY: the buffer is valid for a read of 1 byte, and the Linux backend rejects a null
    // `actual` after the write.
    let raw = unsafe {
        sys::zx_process_write_memory(handle, vaddr, [7].as_ptr(), 1, std::ptr::null_mut())
    };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    assert_eq!(debuggee.sees(vaddr..vaddr + 2), [7, 0]);
}

pub(crate) fn koids_are_not_reused() {
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let debuggee = Debuggee::start();
        assert!(seen.insert(debuggee.process().koid().unwrap()));
        // The Linux backend drops the object with its last handle. The next open makes a new one.
        assert!(seen.insert(debuggee.process().koid().unwrap()));
    }
}

pub(crate) fn job_returns_children_by_koid() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let koid = process.koid().unwrap();
    let job = sys::zx_job_default();

    let found = get_child(job, koid, Rights::WRITE).unwrap();
    assert_eq!(found.write_memory(base, &[4]), Ok(1));
    assert_eq!(found.rights(), Ok(Rights::WRITE));
    let same_rights = get_child(job, koid, Rights::SAME_RIGHTS).unwrap();
    assert_eq!(Ok(same_rights.rights().unwrap()), borrow(job).rights());

    assert_eq!(
        get_child(job, 1, Rights::empty()).unwrap_err(),
        Status::NotFound
    );
    let unavailable_right = get_child(job, koid, Rights::EXECUTE);
    assert_eq!(unavailable_right.unwrap_err(), Status::AccessDenied);
    let without_enumerate = duplicate(job, Rights::WRITE.bits()).unwrap();
    let refused = get_child(without_enumerate, koid, Rights::WRITE);
    assert_eq!(refused.unwrap_err(), Status::AccessDenied);
    close(without_enumerate).unwrap();
    assert_eq!(
        get_child(0, koid, Rights::WRITE).unwrap_err(),
        Status::BadHandle
    );
    let from_process = get_child(process.as_raw(), koid, Rights::WRITE);
    assert_eq!(from_process.unwrap_err(), Status::NotFound);

    debuggee.kill_and_wait();
    let ended = get_child(job, koid, Rights::WRITE);
    assert_eq!(ended.unwrap_err(), Status::NotFound);
}

pub(crate) fn borrowed_handle_is_not_closed() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    for round in 0..3 {
        let borrowed = borrow(process.as_raw());
        assert_eq!(borrowed.write_memory(base, &[round]), Ok(1));
        assert_eq!(borrowed.as_raw(), process.as_raw());
        assert_eq!(borrowed.koid(), process.koid());
    }
    assert_eq!(debuggee.sees(base..base + 1), [2]);
}

/// A writer uses a handle while another thread closes it and makes new handles to another process.
pub(crate) fn close_during_write_does_not_redirect_it() {
    const LEN: usize = 1 << 20;
    let (mut target, mut other) = (Debuggee::start(), Debuggee::start());
    let base = target.lay_out_large_in_both(&mut other, LEN);
    let (process, other_process) = (target.process(), other.process());
    for _ in 0..200 {
        let handle = process.duplicate(Rights::SAME_RIGHTS).unwrap().into_raw();
        let (first, rest) = std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let write = || borrow(handle).write_memory(base, &vec![1; LEN]);
                let first = write();
                (first, [write(), write()])
            });
            close(handle).unwrap();
            let duplicates: Vec<_> = (0..20)
                .map(|_| other_process.duplicate(Rights::SAME_RIGHTS).unwrap())
                .collect();
            let seen = writer.join().unwrap();
            drop(duplicates);
            seen
        });
        let allowed = [Ok(LEN), Err(Status::BadHandle)];
        assert!(allowed.contains(&first), "{first:?}");
        assert!(
            rest.iter().all(|outcome| allowed.contains(outcome)),
            "{rest:?}"
        );
    }
    assert!(other.sees_only(0, base..base + LEN));
    // The original handle still writes.
    let process = ManuallyDrop::new(process);
    assert_eq!(process.write_memory(base, &vec![2; LEN]), Ok(LEN));
    close(process.as_raw()).unwrap();
    assert!(target.sees_only(2, base..base + LEN));
}
