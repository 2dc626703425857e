//! The raw call: the order in which it looks, and what it does with `actual`. That a
//! closed gate comes first of all is in `tests/gate.rs`.

use super::debuggee::{Debuggee, PAGE, Page};
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{MAX_WRITE_LEN, Rights, Status};

const UNTOUCHED: usize = 0x5eed;

struct Call {
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
    buffer: *const u8,
    len: usize,
}

impl Call {
    fn make(&self) -> (Result<(), Status>, usize) {
        let mut actual = UNTOUCHED;
        // SAFETY: each buffer is null or has `len` bytes, unless `len` alone is refused.
        let raw = unsafe {
            let to = &raw mut actual;
            sys::zx_process_write_memory(self.handle, self.vaddr, self.buffer, self.len, to)
        };
        (Status::ok(raw), actual)
    }
}

/// Calls with one thing wrong and with each two things wrong that can be so at once.
fn calls(check: impl Fn(&str, &Call, Status)) {
    let mut debuggee = Debuggee::start();
    let good = debuggee.lay_out(&[Page::ReadWrite]);
    let vdso = debuggee.mapping("[vdso]").start;
    let unmapped = good - 1;
    let process = debuggee.process();
    let weak = process.duplicate(Rights::READ).unwrap();

    let mut ended = Debuggee::start();
    let gone = ended.process();
    let weak_gone = gone.duplicate(Rights::READ).unwrap();
    ended.kill_and_wait();

    let job = sys::zx_job_default();
    let mut weak_job = 0;
    // SAFETY: the handle is valid for a write.
    let raw = unsafe { sys::zx_handle_duplicate(job, Rights::READ.bits(), &raw mut weak_job) };
    assert_eq!(raw, sys::ZX_OK);

    let bytes = [1; 16];
    let arguments = [
        ("null buffer", std::ptr::null(), 1),
        ("null buffer and no size", std::ptr::null(), 0),
        ("no size", bytes.as_ptr(), 0),
        ("64 MiB + 1", bytes.as_ptr(), MAX_WRITE_LEN + 1),
        ("all ones for a size", bytes.as_ptr(), usize::MAX),
    ];
    let handles = [
        ("good handle", process.as_raw(), None),
        ("zero", 0, Some(Status::BadHandle)),
        ("garbage", 0xdead_beef, Some(Status::BadHandle)),
        ("job", job, Some(Status::WrongType)),
        ("job, no right", weak_job, Some(Status::WrongType)),
        ("no right", weak.as_raw(), Some(Status::AccessDenied)),
        (
            "gone, no right",
            weak_gone.as_raw(),
            Some(Status::AccessDenied),
        ),
        ("gone", gone.as_raw(), Some(Status::BadState)),
    ];
    let addresses = [
        ("good address", good, None),
        ("unmapped", unmapped, Some(Status::NoMemory)),
        ("null", 0, Some(Status::NoMemory)),
        ("beyond", usize::MAX, Some(Status::NoMemory)),
        ("vdso", vdso, Some(Status::AccessDenied)),
    ];
    for (which, handle, of_handle) in handles {
        for (where_, vaddr, of_address) in addresses {
            for (what, buffer, len) in arguments {
                let call = Call {
                    handle,
                    vaddr,
                    buffer,
                    len,
                };
                let name = format!("{what}, {which}, {where_}");
                check(&name, &call, Status::InvalidArgs);
            }
            if let Some(expected) = of_handle.or(of_address) {
                let (buffer, len) = (bytes.as_ptr(), bytes.len());
                let call = Call {
                    handle,
                    vaddr,
                    buffer,
                    len,
                };
                check(&format!("{which}, {where_}"), &call, expected);
            }
        }
    }
    assert!(debuggee.sees_only(0, good..good + PAGE));
    // SAFETY: ours, and not used again.
    unsafe { sys::zx_handle_close(weak_job) };
}

pub(crate) fn of_two_errors_the_first_checked_is_told() {
    calls(|name, call, expected| assert_eq!(call.make().0, Err(expected), "{name}"));
}

pub(crate) fn a_failed_call_leaves_actual_alone() {
    calls(|name, call, _| assert_eq!(call.make().1, UNTOUCHED, "{name}"));
}

pub(crate) fn a_null_actual_is_told_after_the_write() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let (bytes, nowhere) = ([3; 4], std::ptr::null_mut());
    // SAFETY: four bytes can be read, and the stand-in takes a null count.
    let raw =
        unsafe { sys::zx_process_write_memory(process.as_raw(), base, bytes.as_ptr(), 4, nowhere) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    assert_eq!(debuggee.sees(base..base + 5), [3, 3, 3, 3, 0]);
}
