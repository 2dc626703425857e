//! Makes the calls under test, by the raw call and by the wrapper.

use super::caller_buffer::CallerBuffer;
use super::case::{Buffer, Call, Case, Handle};
use super::expect::Outcome;
use zx_process_memory::sys::{self, zx_handle_t, zx_status_t, zx_vaddr_t};
use zx_process_memory::{MAX_WRITE_LEN, ProcessRef, Status};

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
    /// The value of `actual` if the call failed and changed it, which it must not.
    pub(crate) actual_on_error: Option<usize>,
}

pub(crate) fn make(
    call: Call,
    api: Api,
    buffer: &mut CallerBuffer,
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
) -> CallResult {
    match api {
        Api::Raw => call_raw(call, buffer, handle, vaddr),
        Api::Wrapper => CallResult {
            outcome: call_wrapper(call, buffer.bytes(), handle, vaddr),
            actual_on_error: None,
        },
    }
}

/// Whether the wrapper accepts the length of the buffer.
pub(crate) fn has_valid_len(buffer: Buffer) -> bool {
    let (Buffer::Bytes(len)
    | Buffer::Claimed(len)
    | Buffer::Null(len)
    | Buffer::Unmapped(len)
    | Buffer::WithoutPermission(len)
    | Buffer::OnlyFirstPageMapped(len)) = buffer;
    (1..=MAX_WRITE_LEN).contains(&len)
}

fn call_raw(
    call: Call,
    buffer: &mut CallerBuffer,
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
) -> CallResult {
    const UNCHANGED: usize = 0x5eed;
    let (pointer, len) = buffer.arguments();
    let mut actual = UNCHANGED;
    // SAFETY: the buffer is valid for reads and writes of `len` bytes, or every kernel rejects
    // the call: for its length, or because the buffer is null. On Zircon it can also be an address
    // that the kernel finds invalid; no Rust object is there. `actual` is valid for a write. In the
    // process, the call writes only memory that the target laid out for this case, to which no
    // reference exists.
    let raw = unsafe { syscall(call, handle, vaddr, pointer, len, &raw mut actual) };
    match Status::ok(raw) {
        Ok(()) => CallResult {
            outcome: Outcome::Transferred(actual),
            actual_on_error: None,
        },
        Err(status) => CallResult {
            outcome: Outcome::Failed(status),
            actual_on_error: (actual != UNCHANGED).then_some(actual),
        },
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
