//! What is no handle. Arguments come before it, all else after.

use crate::suite::case::{At::*, Buffer::*, Case, Handle::*, memory};
use crate::suite::expect::Expect;
use zx_process_memory::Status::{BadHandle, InvalidArgs};

const BAD: Expect = Expect::failed(BadHandle);
const INVALID: Expect = Expect::failed(InvalidArgs);
const TOO_LONG: usize = (64 << 20) + 1;

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("handle 0", &[memory(1)], Offset(0), Bytes(1), BAD).handle(Invalid),
    Case::new("garbage for a handle", &[memory(1)], Offset(0), Bytes(1), BAD).handle(Garbage),
    Case::new("all ones for a handle", &[memory(1)], Offset(0), Bytes(1), BAD).handle(AllOnes),
    Case::new("a handle that was closed", &[memory(1)], Offset(0), Bytes(1), BAD).handle(Closed),
    Case::new("handle 0 and an unmapped address", &[], Address(0), Bytes(1), BAD).handle(Invalid),
    Case::new("garbage and an unmapped address", &[], Address(0), Bytes(1), BAD).handle(Garbage),
    Case::new("a closed handle and an unmapped address", &[], Address(0), Bytes(1), BAD).handle(Closed),
    Case::new("a closed handle and the vDSO", &[], VdsoCode, Bytes(1), BAD).handle(Closed),
    Case::new("no bytes and handle 0", &[memory(1)], Offset(0), Claimed(0), INVALID).handle(Invalid),
    Case::new("no bytes and garbage", &[memory(1)], Offset(0), Claimed(0), INVALID).handle(Garbage),
    Case::new("too many bytes and a closed handle", &[memory(1)], Offset(0), Claimed(TOO_LONG), INVALID).handle(Closed),
    Case::new("a null buffer and handle 0", &[memory(1)], Offset(0), Null(1), INVALID).handle(Invalid),
    Case::new("a null buffer and a closed handle", &[memory(1)], Offset(0), Null(1), INVALID).handle(Closed),
];
