//! Makes the calls under test, by the raw call and by the wrapper.

use super::case::{Buffer, Call, Case, Handle};
use super::expect::Outcome;
use super::image;
use super::read_buffer::CANARY;
use zx_process_memory::sys::{self, zx_handle_t, zx_status_t, zx_vaddr_t};
use zx_process_memory::{ProcessRef, Status};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Raw,
    Wrapper,
}

impl Api {
    /// Whether the call of the case can be made. The wrapper takes slices, which are never null
    /// and have the length that they claim, and has no `Process` with handle 0.
    pub(crate) fn can_call(self, case: &Case) -> bool {
        let is_slice = matches!(case.buffer, Buffer::Bytes(_) | Buffer::Claimed(0));
        self == Self::Raw || (is_slice && case.handle != Handle::Invalid)
    }
}

pub(crate) struct CallResult {
    pub(crate) outcome: Outcome,
    /// The caller's buffer after the call.
    pub(crate) buffer: Vec<u8>,
    /// The value of `actual` if the call failed and changed it, which it must not.
    pub(crate) actual_on_error: Option<usize>,
}

pub(crate) fn make(
    call: Call,
    api: Api,
    buffer: Buffer,
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
) -> CallResult {
    let len = match (buffer, api) {
        (Buffer::Bytes(len), _) | (Buffer::Claimed(len), Api::Wrapper) => len,
        (Buffer::Claimed(_) | Buffer::Null(_), _) => 1,
    };
    let mut bytes = match call {
        Call::Write => image::pattern(0, len),
        Call::Read => vec![CANARY; len],
    };
    let (outcome, actual_on_error) = match api {
        Api::Raw => call_raw(call, buffer, &mut bytes, handle, vaddr),
        Api::Wrapper => (call_wrapper(call, &mut bytes, handle, vaddr), None),
    };
    CallResult {
        outcome,
        buffer: bytes,
        actual_on_error,
    }
}

fn call_raw(
    call: Call,
    buffer: Buffer,
    bytes: &mut [u8],
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
) -> (Outcome, Option<usize>) {
    const UNCHANGED: usize = 0x5eed;
    let (buffer, len) = match buffer {
        Buffer::Bytes(len) | Buffer::Claimed(len) => (bytes.as_mut_ptr(), len),
        Buffer::Null(len) => (std::ptr::null_mut(), len),
    };
    let mut actual = UNCHANGED;
    // SAFETY: the buffer is valid for reads and writes of `len` bytes, or every kernel rejects
    // the call: for its length, or because the buffer is null. `actual` is valid for a write. In
    // the process, the call writes only memory that the target laid out for this case, to which
    // no reference exists.
    let raw = unsafe { syscall(call, handle, vaddr, buffer, len, &raw mut actual) };
    match Status::ok(raw) {
        Ok(()) => (Outcome::Transferred(actual), None),
        Err(status) => {
            let changed = (actual != UNCHANGED).then_some(actual);
            (Outcome::Failed(status), changed)
        }
    }
}

/// # Safety
///
/// The requirements of `sys::zx_process_write_memory` or `sys::zx_process_read_memory`.
pub(crate) unsafe fn syscall(
    call: Call,
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
    buffer: *mut u8,
    len: usize,
    actual: *mut usize,
) -> zx_status_t {
    match call {
        // SAFETY: the caller meets the requirements of the call.
        Call::Write => unsafe { sys::zx_process_write_memory(handle, vaddr, buffer, len, actual) },
        // SAFETY: the caller meets the requirements of the call.
        Call::Read => unsafe { sys::zx_process_read_memory(handle, vaddr, buffer, len, actual) },
    }
}

fn call_wrapper(call: Call, bytes: &mut [u8], handle: zx_handle_t, vaddr: zx_vaddr_t) -> Outcome {
    // SAFETY: the target keeps the handle open, or it is a bad handle, which the kernel rejects.
    // A write changes only memory that the target laid out for this case, to which no reference
    // exists.
    let process = unsafe { ProcessRef::borrow_raw(handle) };
    let transferred = process.and_then(|process| match call {
        Call::Write => process.write_memory(vaddr, bytes),
        Call::Read => process.read_memory(vaddr, bytes),
    });
    match transferred {
        Ok(count) => Outcome::Transferred(count),
        Err(status) => Outcome::Failed(status),
    }
}
