//! Two errors at once: the one that is looked for first is told. Arguments, handle, type,
//! right, mapping, vDSO.

use crate::suite::case::{At::*, Buffer::*, Case, Handle::*, State::*, memory};
use crate::suite::expect::{Expect, Outcome::Failed};
use zx_process_memory::Status::{AccessDenied, InvalidArgs, WrongType};

const INVALID: Expect = Expect::failed(InvalidArgs);
const DENIED: Expect = Expect::failed(AccessDenied);
const WRONG_TYPE: Expect = Expect::failed(WrongType);
const RIGHT_FIRST: Expect = WRONG_TYPE.in_2018(Failed(AccessDenied));
const TOO_LONG: usize = (64 << 20) + 1;

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("no bytes and an unmapped address", &[], Address(0), Claimed(0), INVALID),
    Case::new("no bytes and the vDSO", &[], VdsoCode, Claimed(0), INVALID),
    Case::new("no bytes by a job", &[memory(1)], Offset(0), Claimed(0), INVALID).handle(Job),
    Case::new("no bytes without the right", &[memory(1)], Offset(0), Claimed(0), INVALID).handle(AllButWrite),
    Case::new("no bytes and a process that was killed", &[memory(1)], Offset(0), Claimed(0), INVALID).state(Killed),
    Case::new("too many bytes and an unmapped address", &[], Address(0), Claimed(TOO_LONG), INVALID),
    Case::new("too many bytes and the vDSO", &[], VdsoCode, Claimed(TOO_LONG), INVALID),
    Case::new("too many bytes by a job", &[memory(1)], Offset(0), Claimed(TOO_LONG), INVALID).handle(Job),
    Case::new("too many bytes without the right", &[memory(1)], Offset(0), Claimed(TOO_LONG), INVALID).handle(AllButWrite),
    Case::new("too many bytes and a process that was killed", &[memory(1)], Offset(0), Claimed(TOO_LONG), INVALID).state(Killed),
    Case::new("a null buffer and an unmapped address", &[], Address(0), Null(1), INVALID),
    Case::new("a null buffer and the vDSO", &[], VdsoCode, Null(1), INVALID),
    Case::new("a null buffer by a job", &[memory(1)], Offset(0), Null(1), INVALID).handle(Job),
    Case::new("a null buffer without the right", &[memory(1)], Offset(0), Null(1), INVALID).handle(AllButWrite),
    Case::new("a null buffer and a process that was killed", &[memory(1)], Offset(0), Null(1), INVALID).state(Killed),
    Case::new("a job and an unmapped address", &[], Address(0), Bytes(1), WRONG_TYPE).handle(Job),
    Case::new("a job and the vDSO", &[], VdsoCode, Bytes(1), WRONG_TYPE).handle(Job),
    Case::new("a job without the right and an unmapped address", &[], Address(0), Bytes(1), RIGHT_FIRST).handle(JobWithoutWrite),
    Case::new("no right and an unmapped address", &[], Address(0), Bytes(1), DENIED).handle(AllButWrite),
    Case::new("no right and the vDSO", &[], VdsoCode, Bytes(1), DENIED).handle(AllButWrite),
    Case::new("no right to read and an unmapped address", &[], Address(0), Bytes(1), DENIED).handle(AllButRead).read_only(),
    Case::new("no right to read and the vDSO", &[], VdsoCode, Bytes(1), DENIED).handle(AllButRead).read_only(),
    Case::new("no right to read and a process that was killed", &[memory(1)], Offset(0), Bytes(1), DENIED).handle(AllButRead).state(Killed).read_only(),
    Case::new("no bytes without the right to read", &[memory(1)], Offset(0), Claimed(0), INVALID).handle(AllButRead).read_only(),
    Case::new("no right and a process that was killed", &[memory(1)], Offset(0), Bytes(1), DENIED).handle(AllButWrite).state(Killed),
];
