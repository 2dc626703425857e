//! Values that name no handle. The kernel checks the arguments before the handle, and everything
//! else after it.

use crate::suite::case::{Buffer::*, Case, Handle::*, Location::*, memory};
use crate::suite::expect::Expect;
use zx_process_memory::Status::{BadHandle, InvalidArgs};

const BAD_HANDLE: Expect = Expect::failed(BadHandle);
const INVALID_ARGS: Expect = Expect::failed(InvalidArgs);
const ABOVE_MAX: usize = (64 << 20) + 1;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("handle 0", &[memory(1)], Offset(0), Bytes(1), BAD_HANDLE).handle(Invalid),
    Case::new("garbage for a handle", &[memory(1)], Offset(0), Bytes(1), BAD_HANDLE).handle(Garbage),
    Case::new("all ones for a handle", &[memory(1)], Offset(0), Bytes(1), BAD_HANDLE).handle(AllOnes),
    Case::new("a handle that was closed", &[memory(1)], Offset(0), Bytes(1), BAD_HANDLE).handle(Closed),
    Case::new("handle 0 and an unmapped address", &[], Address(0), Bytes(1), BAD_HANDLE).handle(Invalid),
    Case::new("garbage and an unmapped address", &[], Address(0), Bytes(1), BAD_HANDLE).handle(Garbage),
    Case::new("a closed handle and an unmapped address", &[], Address(0), Bytes(1), BAD_HANDLE).handle(Closed),
    Case::new("a closed handle and the vDSO", &[], VdsoCode, Bytes(1), BAD_HANDLE).handle(Closed),
    Case::new("no bytes and handle 0", &[memory(1)], Offset(0), Claimed(0), INVALID_ARGS).handle(Invalid),
    Case::new("no bytes and garbage", &[memory(1)], Offset(0), Claimed(0), INVALID_ARGS).handle(Garbage),
    Case::new("too many bytes and a closed handle", &[memory(1)], Offset(0), Claimed(ABOVE_MAX), INVALID_ARGS).handle(Closed),
    Case::new("a null buffer and handle 0", &[memory(1)], Offset(0), Null(1), INVALID_ARGS).handle(Invalid),
    Case::new("a null buffer and a closed handle", &[memory(1)], Offset(0), Null(1), INVALID_ARGS).handle(Closed),
];
