//! The raw call: the order of its checks, and what it writes to `actual`. The first check, for
//! `kernel.enable-debugging-syscalls`, is in `tests/debugging_syscalls.rs`.

use super::debuggee::{Debuggee, Page, page_size};
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
        // SAFETY: `buffer` is null, which the call rejects, or valid for reads of `len` bytes, or
        // `len` is invalid and the call rejects it. `actual` is valid for a write. The debuggee
        // is another process, so the write breaks no reference in this one.
        let raw = unsafe {
            let to = &raw mut actual;
            sys::zx_process_write_memory(self.handle, self.vaddr, self.buffer, self.len, to)
        };
        (Status::ok(raw), actual)
    }
}

/// Makes calls with one error, and with each two errors that are possible at once.
fn calls(check: impl Fn(&str, &Call, Status)) {
    let mut debuggee = Debuggee::start();
    let good = debuggee.lay_out(&[Page::ReadWrite]);
    let vdso = debuggee.mapping("[vdso]").start;
    let unmapped = good - 1;
    let process = debuggee.process();
    let weak = process.duplicate(Rights::READ).unwrap();

    let mut ended_debuggee = Debuggee::start();
    let ended = ended_debuggee.process();
    let weak_ended = ended.duplicate(Rights::READ).unwrap();
    ended_debuggee.kill_and_wait();

    let job = sys::zx_job_default();
    let mut weak_job = 0;
    // SAFETY: `weak_job` is valid for a write of a handle.
    let raw = unsafe { sys::zx_handle_duplicate(job, Rights::READ.bits(), &raw mut weak_job) };
    assert_eq!(raw, sys::ZX_OK);

    let bytes = [1; 16];
    let arguments = [
        ("null buffer", std::ptr::null(), 1),
        ("null buffer and length 0", std::ptr::null(), 0),
        ("length 0", bytes.as_ptr(), 0),
        ("64 MiB + 1", bytes.as_ptr(), MAX_WRITE_LEN + 1),
        ("length usize::MAX", bytes.as_ptr(), usize::MAX),
    ];
    let handles = [
        ("good handle", process.as_raw(), None),
        ("handle 0", 0, Some(Status::BadHandle)),
        ("unknown handle", 0xdead_beef, Some(Status::BadHandle)),
        ("job", job, Some(Status::WrongType)),
        ("job without right", weak_job, Some(Status::WrongType)),
        (
            "no right to write",
            weak.as_raw(),
            Some(Status::AccessDenied),
        ),
        (
            "ended process, no right to write",
            weak_ended.as_raw(),
            Some(Status::AccessDenied),
        ),
        ("ended process", ended.as_raw(), Some(Status::BadState)),
    ];
    let addresses = [
        ("good address", good, None),
        ("unmapped", unmapped, Some(Status::NoMemory)),
        ("address 0", 0, Some(Status::NoMemory)),
        ("highest address", usize::MAX, Some(Status::NoMemory)),
        ("vdso", vdso, Some(Status::AccessDenied)),
    ];
    for (handle_name, handle, handle_status) in handles {
        for (address_name, vaddr, address_status) in addresses {
            for (argument_name, buffer, len) in arguments {
                let call = Call {
                    handle,
                    vaddr,
                    buffer,
                    len,
                };
                let name = format!("{argument_name}, {handle_name}, {address_name}");
                check(&name, &call, Status::InvalidArgs);
            }
            if let Some(expected) = handle_status.or(address_status) {
                let (buffer, len) = (bytes.as_ptr(), bytes.len());
                let call = Call {
                    handle,
                    vaddr,
                    buffer,
                    len,
                };
                check(&format!("{handle_name}, {address_name}"), &call, expected);
            }
        }
    }
    assert!(debuggee.sees_only(0, good..good + page_size()));
    // SAFETY: this function owns the handle, and does not use it again.
    unsafe { sys::zx_handle_close(weak_job) };
}

pub(crate) fn earliest_failed_check_determines_status() {
    calls(|name, call, expected| assert_eq!(call.make().0, Err(expected), "{name}"));
}

pub(crate) fn failed_call_leaves_actual_unchanged() {
    calls(|name, call, _| assert_eq!(call.make().1, UNTOUCHED, "{name}"));
}

pub(crate) fn null_actual_is_invalid_args_after_write() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    let (bytes, null) = ([3; 4], std::ptr::null_mut());
    // SAFETY: `bytes` is valid for reads of 4 bytes, and the Linux backend checks `actual` for null.
    let raw =
        unsafe { sys::zx_process_write_memory(process.as_raw(), base, bytes.as_ptr(), 4, null) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    assert_eq!(debuggee.sees(base..base + 5), [3, 3, 3, 3, 0]);
}
