//! Makes the calls under test: raw, and by the wrapper.

use super::case::{Buffer, Call, Case, Handle};
use super::expect::Outcome;
use super::image;
use super::received::CANARY;
use zx_process_memory::sys::{self, zx_handle_t, zx_status_t, zx_vaddr_t};
use zx_process_memory::{ProcessRef, Status};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Raw,
    Wrapper,
}

impl Way {
    /// The wrapper has no way to say some: a slice is never null.
    pub(crate) fn can_say(self, case: &Case) -> bool {
        let len_is_real = matches!(case.buffer, Buffer::Bytes(_) | Buffer::Claimed(0));
        // 0 never becomes a `Process`.
        self == Self::Raw || (len_is_real && case.handle != Handle::Invalid)
    }
}

/// What came of a call.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    /// The caller's buffer afterwards.
    pub(crate) buffer: Vec<u8>,
    /// What an error wrote to `actual`, which is nobody's then.
    pub(crate) actual_on_error: Option<usize>,
}

pub(crate) fn make(
    call: Call,
    way: Way,
    buffer: Buffer,
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
) -> Answer {
    let len = match (buffer, way) {
        (Buffer::Bytes(len), _) | (Buffer::Claimed(len), Way::Wrapper) => len,
        (Buffer::Claimed(_) | Buffer::Null(_), _) => 1,
    };
    let mut bytes = match call {
        Call::Write => image::pattern(0, len),
        Call::Read => vec![CANARY; len],
    };
    let (outcome, actual_on_error) = match way {
        Way::Raw => raw(call, buffer, &mut bytes, handle, vaddr),
        Way::Wrapper => (wrapped(call, &mut bytes, handle, vaddr), None),
    };
    Answer {
        outcome,
        buffer: bytes,
        actual_on_error,
    }
}

fn raw(
    call: Call,
    buffer: Buffer,
    bytes: &mut [u8],
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
) -> (Outcome, Option<usize>) {
    const UNTOUCHED: usize = 0x5eed;
    let (buffer, len) = match buffer {
        Buffer::Bytes(len) | Buffer::Claimed(len) => (bytes.as_mut_ptr(), len),
        Buffer::Null(len) => (std::ptr::null_mut(), len),
    };
    let mut actual = UNTOUCHED;
    // SAFETY: the buffer has the bytes, or the size alone is refused, or it is null, which
    // every kernel refuses. `actual` is writable. What is written in the process is memory
    // that the target laid out for this, and nothing else knows of.
    let raw = unsafe { made(call, handle, vaddr, buffer, len, &raw mut actual) };
    match Status::ok(raw) {
        Ok(()) => (Outcome::Done(actual), None),
        Err(status) => {
            let wrong = (actual != UNTOUCHED).then_some(actual);
            (Outcome::Failed(status), wrong)
        }
    }
}

/// # Safety
///
/// That of the call.
pub(crate) unsafe fn made(
    call: Call,
    handle: zx_handle_t,
    vaddr: zx_vaddr_t,
    buffer: *mut u8,
    len: usize,
    actual: *mut usize,
) -> zx_status_t {
    match call {
        // SAFETY: the caller's promise.
        Call::Write => unsafe { sys::zx_process_write_memory(handle, vaddr, buffer, len, actual) },
        // SAFETY: the caller's promise.
        Call::Read => unsafe { sys::zx_process_read_memory(handle, vaddr, buffer, len, actual) },
    }
}

fn wrapped(call: Call, bytes: &mut [u8], handle: zx_handle_t, vaddr: zx_vaddr_t) -> Outcome {
    // SAFETY: the target keeps the handle open, or it is one that was closed, which the
    // kernel refuses. What is written is memory that was laid out for this.
    let process = unsafe { ProcessRef::borrow_raw(handle) };
    let done = process.and_then(|process| match call {
        Call::Write => process.write_memory(vaddr, bytes),
        Call::Read => process.read_memory(vaddr, bytes),
    });
    match done {
        Ok(count) => Outcome::Done(count),
        Err(status) => Outcome::Failed(status),
    }
}
