//! Handles, their rights and their types.

use super::debuggee::{Debuggee, PAGE, Page};
use std::collections::HashSet;
use std::mem::ManuallyDrop;
use zx_process_memory::sys::{self, zx_handle_t, zx_info_handle_basic_t, zx_rights_t};
use zx_process_memory::{Process, ProcessRef, Rights, Status};

/// Anything as a `Process`, never closed.
fn borrowed(handle: zx_handle_t) -> ProcessRef<'static> {
    // SAFETY: no test writes to this program by it.
    unsafe { ProcessRef::borrow_raw(handle) }.unwrap()
}

fn close(handle: zx_handle_t) -> Result<(), Status> {
    // SAFETY: tests that close a handle look only whether it is still known.
    Status::ok(unsafe { sys::zx_handle_close(handle) })
}

fn duplicate(handle: zx_handle_t, rights: zx_rights_t) -> Result<zx_handle_t, Status> {
    let mut out = 0;
    // SAFETY: `out` is valid for a write.
    Status::ok(unsafe { sys::zx_handle_duplicate(handle, rights, &raw mut out) })?;
    Ok(out)
}

fn child(job: zx_handle_t, koid: u64, rights: Rights) -> Result<Process, Status> {
    let mut out = 0;
    // SAFETY: `out` is valid for a write.
    let raw = unsafe { sys::zx_object_get_child(job, koid, rights.bits(), &raw mut out) };
    Status::ok(raw)?;
    // SAFETY: the handle is new and a debuggee's.
    unsafe { Process::from_raw(out) }
}

pub(crate) fn a_handle_without_write_is_refused() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let all = process.rights().unwrap();
    let weak = process.duplicate(all - Rights::WRITE).unwrap();
    assert_eq!(weak.write_memory(base, &[1]), Err(Status::AccessDenied));
    assert!(debuggee.sees_only(0, base..base + PAGE));
}

pub(crate) fn a_handle_with_write_alone_is_enough() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process().duplicate(Rights::WRITE_MEMORY).unwrap();
    assert_eq!(process.write_memory(base, &[1, 2, 3]), Ok(3));
    assert_eq!(debuggee.sees(base..base + 4), [1, 2, 3, 0]);
}

pub(crate) fn a_handle_of_another_type_is_refused() {
    let job = borrowed(sys::zx_job_default());
    assert_eq!(job.write_memory(0x1000, &[1]), Err(Status::WrongType));
}

pub(crate) fn a_closed_handle_is_refused() {
    let handle = Debuggee::start().process().into_raw();
    assert_eq!(close(handle), Ok(()));
    let refused = borrowed(handle).write_memory(0x1000, &[1]);
    assert_eq!(refused, Err(Status::BadHandle));
    assert_eq!(borrowed(handle).koid(), Err(Status::BadHandle));
    assert_eq!(borrowed(handle).rights(), Err(Status::BadHandle));
    let again = borrowed(handle).duplicate(Rights::SAME_RIGHTS);
    assert_eq!(again.unwrap_err(), Status::BadHandle);
    assert_eq!(close(handle), Err(Status::BadHandle));
    let shown = format!("{:?}", borrowed(handle));
    assert_eq!(
        shown,
        format!("Process {{ handle: {handle:#x}, error: BadHandle }}")
    );
}

pub(crate) fn a_stale_handle_is_refused_after_new_ones_were_made() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let stale = process.duplicate(Rights::SAME_RIGHTS).unwrap().as_raw();
    for _ in 0..10_000 {
        let new = process.duplicate(Rights::SAME_RIGHTS).unwrap();
        assert_ne!(new.as_raw(), stale);
        let refused = borrowed(stale).write_memory(base, &[1]);
        assert_eq!(refused, Err(Status::BadHandle));
    }
    assert!(debuggee.sees_only(0, base..base + PAGE));
}

pub(crate) fn zero_and_garbage_are_no_handles() {
    for handle in [1, 2, 3, 4, 0xdead_beef, 0xffff_ffff, 0x8000_0003] {
        let refused = borrowed(handle).write_memory(0x1000, &[1]);
        assert_eq!(refused, Err(Status::BadHandle), "{handle:#x}");
    }
    // SAFETY: 0 is no handle.
    let owned = unsafe { Process::from_raw(0) };
    assert_eq!(owned.unwrap_err(), Status::BadHandle);
    // SAFETY: as above.
    let lent = unsafe { ProcessRef::borrow_raw(0) };
    assert_eq!(lent.unwrap_err(), Status::BadHandle);
    let mut actual = 7;
    // SAFETY: the buffer has one byte, and `actual` can be written.
    let raw = unsafe { sys::zx_process_write_memory(0, 0x1000, [1].as_ptr(), 1, &raw mut actual) };
    assert_eq!(Status::ok(raw), Err(Status::BadHandle));
}

pub(crate) fn closing_zero_is_no_error() {
    assert_eq!(close(0), Ok(()));
}

pub(crate) fn values_are_shaped_as_zircons() {
    let process = Debuggee::start().process();
    for _ in 0..100 {
        let handle = process.duplicate(Rights::SAME_RIGHTS).unwrap().as_raw();
        assert_eq!(handle & 0b11, 0b11, "{handle:#x}");
    }
}

pub(crate) fn a_duplicate_has_what_was_asked_for() {
    let process = Debuggee::start().process();
    let same = process.duplicate(Rights::SAME_RIGHTS).unwrap();
    assert_eq!(same.rights(), process.rights());
    let none = process.duplicate(Rights::empty()).unwrap();
    assert_eq!(none.rights(), Ok(Rights::empty()));
    assert_eq!(none.koid(), process.koid());
    // It lives on without the first one.
    drop(process);
    assert!(same.koid().is_ok());
}

pub(crate) fn a_duplicate_needs_the_right_and_no_more_rights() {
    let process = Debuggee::start().process();
    let weak = process.duplicate(Rights::DUPLICATE | Rights::READ).unwrap();
    let stronger = weak.duplicate(Rights::READ | Rights::WRITE);
    assert_eq!(stronger.unwrap_err(), Status::InvalidArgs);
    let unknown = weak.duplicate(Rights::from_bits_retain(1 << 30));
    assert_eq!(unknown.unwrap_err(), Status::InvalidArgs);
    let fixed = process.duplicate(Rights::READ).unwrap();
    // The missing right is told before the rights that are too many.
    let refused = fixed.duplicate(Rights::READ | Rights::WRITE);
    assert_eq!(refused.unwrap_err(), Status::AccessDenied);
}

pub(crate) fn info_tells_koid_rights_and_type() {
    let process = Debuggee::start().process();
    let shown = format!("{process:?}");
    let (handle, koid) = (process.as_raw(), process.koid().unwrap());
    let rights = process.rights().unwrap();
    assert!(rights.contains(Rights::READ_MEMORY | Rights::WRITE_MEMORY));
    let expected = format!("Process {{ handle: {handle:#x}, koid: {koid}, rights: {rights:?} }}");
    assert_eq!(shown, expected);

    let of = |handle| info(handle, size_of::<zx_info_handle_basic_t>()).1;
    let (process, job) = (of(handle), of(sys::zx_job_default()));
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
    // SAFETY: no size that is passed is larger than `info`, and all is writable.
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

pub(crate) fn info_of_another_size_or_topic_is_refused() {
    let process = Debuggee::start().process();
    let nothing = zx_info_handle_basic_t::default();
    let size = size_of_val(&nothing);
    assert_eq!(info(process.as_raw(), size).2, [1, 1]);
    let short = info(process.as_raw(), size - 1);
    assert_eq!(short, (Err(Status::BufferTooSmall), nothing, [0, 1]));
    let stale = info(0xdead_beef, size);
    assert_eq!(stale, (Err(Status::BadHandle), nothing, [99, 99]));

    let nowhere = std::ptr::null_mut();
    let ask = |topic, buffer| {
        // SAFETY: the topic or the pointer is refused before a byte is written.
        let raw = unsafe {
            let none = std::ptr::null_mut();
            sys::zx_object_get_info(process.as_raw(), topic, buffer, size, none, none)
        };
        Status::ok(raw)
    };
    assert_eq!(ask(0xffff, nowhere), Err(Status::NotSupported));
    assert_eq!(
        ask(sys::ZX_INFO_HANDLE_BASIC, nowhere),
        Err(Status::InvalidArgs)
    );
}

pub(crate) fn an_answer_needs_a_place() {
    let mut debuggee = Debuggee::start();
    let vaddr = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let (handle, koid) = (process.as_raw(), process.koid().unwrap());
    let (same, nowhere) = (sys::ZX_RIGHT_SAME_RIGHTS, std::ptr::null_mut());
    // SAFETY: null is refused.
    let raw = unsafe { sys::zx_handle_duplicate(handle, same, nowhere) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    // SAFETY: as above.
    let raw = unsafe { sys::zx_object_get_child(sys::zx_job_default(), koid, same, nowhere) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    // SAFETY: the byte is readable, and a null count is refused, once all is written.
    let raw = unsafe {
        sys::zx_process_write_memory(handle, vaddr, [7].as_ptr(), 1, std::ptr::null_mut())
    };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    assert_eq!(debuggee.sees(vaddr..vaddr + 2), [7, 0]);
}

pub(crate) fn koids_are_never_reused() {
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let debuggee = Debuggee::start();
        assert!(seen.insert(debuggee.process().koid().unwrap()));
        // The object goes with its last handle; opened again, it is another one.
        assert!(seen.insert(debuggee.process().koid().unwrap()));
    }
}

pub(crate) fn a_job_hands_out_its_children() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let koid = process.koid().unwrap();
    let job = sys::zx_job_default();

    let found = child(job, koid, Rights::WRITE).unwrap();
    assert_eq!(found.write_memory(base, &[4]), Ok(1));
    assert_eq!(found.rights(), Ok(Rights::WRITE));
    let strong = child(job, koid, Rights::SAME_RIGHTS).unwrap();
    assert_eq!(Ok(strong.rights().unwrap()), borrowed(job).rights());

    assert_eq!(
        child(job, 1, Rights::empty()).unwrap_err(),
        Status::NotFound
    );
    let too_much = child(job, koid, Rights::EXECUTE);
    assert_eq!(too_much.unwrap_err(), Status::AccessDenied);
    let blind = duplicate(job, Rights::WRITE.bits()).unwrap();
    let refused = child(blind, koid, Rights::WRITE);
    assert_eq!(refused.unwrap_err(), Status::AccessDenied);
    close(blind).unwrap();
    assert_eq!(
        child(0, koid, Rights::WRITE).unwrap_err(),
        Status::BadHandle
    );
    let of_a_process = child(process.as_raw(), koid, Rights::WRITE);
    assert_eq!(of_a_process.unwrap_err(), Status::NotFound);

    debuggee.kill_and_wait();
    let dead = child(job, koid, Rights::WRITE);
    assert_eq!(dead.unwrap_err(), Status::NotFound);
}

pub(crate) fn a_borrowed_handle_stays_open() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    for round in 0..3 {
        let lent = borrowed(process.as_raw());
        assert_eq!(lent.write_memory(base, &[round]), Ok(1));
        assert_eq!(format!("{lent:?}"), format!("{process:?}"));
    }
    assert_eq!(debuggee.sees(base..base + 1), [2]);
}

/// Writers go on with a number whose handle is closed under them, while new handles
/// to another process are made.
pub(crate) fn a_close_does_not_redirect_a_write() {
    const LEN: usize = 1 << 20;
    let (mut target, mut stranger) = (Debuggee::start(), Debuggee::start());
    let base = target.lay_out_large_in_both(&mut stranger, LEN);
    let (process, strange) = (target.process(), stranger.process());
    for _ in 0..200 {
        let handle = process.duplicate(Rights::SAME_RIGHTS).unwrap().into_raw();
        let (first, rest) = std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let write = || borrowed(handle).write_memory(base, &vec![1; LEN]);
                let first = write();
                (first, [write(), write()])
            });
            close(handle).unwrap();
            let strangers: Vec<_> = (0..20)
                .map(|_| strange.duplicate(Rights::SAME_RIGHTS).unwrap())
                .collect();
            let seen = writer.join().unwrap();
            drop(strangers);
            seen
        });
        let allowed = [Ok(LEN), Err(Status::BadHandle)];
        assert!(allowed.contains(&first), "{first:?}");
        assert!(
            rest.iter().all(|outcome| allowed.contains(outcome)),
            "{rest:?}"
        );
    }
    assert!(stranger.sees_only(0, base..base + LEN));
    // A write that began before the close is not cut short by it either.
    let kept = ManuallyDrop::new(process);
    assert_eq!(kept.write_memory(base, &vec![2; LEN]), Ok(LEN));
    close(kept.as_raw()).unwrap();
    assert!(target.sees_only(2, base..base + LEN));
}
