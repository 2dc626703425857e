//! Calls with two errors. The kernel checks in this order and returns the first error: arguments,
//! handle, type, right, mapping, vDSO.

use crate::suite::case::{Buffer::*, Case, Handle::*, Location::*, State::*, memory};
use crate::suite::expect::{Expect, Outcome::Failed};
use crate::suite::kernel::Era::In2018;
use zx_process_memory::Status::{AccessDenied, InvalidArgs, WrongType};

const INVALID_ARGS: Expect = Expect::failed(InvalidArgs);
const ACCESS_DENIED: Expect = Expect::failed(AccessDenied);
const WRONG_TYPE: Expect = Expect::failed(WrongType);
/// The kernel of 2018 checks the right before the type.
const WRONG_TYPE_OR_DENIED: Expect = WRONG_TYPE.until(In2018, Failed(AccessDenied));
const ABOVE_MAX: usize = (64 << 20) + 1;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("no bytes and an unmapped address", &[], Address(0), Claimed(0), INVALID_ARGS),
    Case::new("no bytes and the vDSO", &[], VdsoCode, Claimed(0), INVALID_ARGS),
    Case::new("no bytes by a job", &[memory(1)], Offset(0), Claimed(0), INVALID_ARGS).handle(Job),
    Case::new("no bytes without the right", &[memory(1)], Offset(0), Claimed(0), INVALID_ARGS).handle(AllButWrite),
    Case::new("no bytes and a process that was killed", &[memory(1)], Offset(0), Claimed(0), INVALID_ARGS).state(Killed),
    Case::new("too many bytes and an unmapped address", &[], Address(0), Claimed(ABOVE_MAX), INVALID_ARGS),
    Case::new("too many bytes and the vDSO", &[], VdsoCode, Claimed(ABOVE_MAX), INVALID_ARGS),
    Case::new("too many bytes by a job", &[memory(1)], Offset(0), Claimed(ABOVE_MAX), INVALID_ARGS).handle(Job),
    Case::new("too many bytes without the right", &[memory(1)], Offset(0), Claimed(ABOVE_MAX), INVALID_ARGS).handle(AllButWrite),
    Case::new("too many bytes and a process that was killed", &[memory(1)], Offset(0), Claimed(ABOVE_MAX), INVALID_ARGS).state(Killed),
    Case::new("a null buffer and an unmapped address", &[], Address(0), Null(1), INVALID_ARGS),
    Case::new("a null buffer and the vDSO", &[], VdsoCode, Null(1), INVALID_ARGS),
    Case::new("a null buffer by a job", &[memory(1)], Offset(0), Null(1), INVALID_ARGS).handle(Job),
    Case::new("a null buffer without the right", &[memory(1)], Offset(0), Null(1), INVALID_ARGS).handle(AllButWrite),
    Case::new("a null buffer and a process that was killed", &[memory(1)], Offset(0), Null(1), INVALID_ARGS).state(Killed),
    Case::new("a job and an unmapped address", &[], Address(0), Bytes(1), WRONG_TYPE).handle(Job),
    Case::new("a job and the vDSO", &[], VdsoCode, Bytes(1), WRONG_TYPE).handle(Job),
    Case::new("a job without the right and an unmapped address", &[], Address(0), Bytes(1), WRONG_TYPE_OR_DENIED).handle(JobWithoutWrite),
    Case::new("no right and an unmapped address", &[], Address(0), Bytes(1), ACCESS_DENIED).handle(AllButWrite),
    Case::new("no right and the vDSO", &[], VdsoCode, Bytes(1), ACCESS_DENIED).handle(AllButWrite),
    Case::new("no right to read and an unmapped address", &[], Address(0), Bytes(1), ACCESS_DENIED).handle(AllButRead).read_only(),
    Case::new("no right to read and the vDSO", &[], VdsoCode, Bytes(1), ACCESS_DENIED).handle(AllButRead).read_only(),
    Case::new("no right to read and a process that was killed", &[memory(1)], Offset(0), Bytes(1), ACCESS_DENIED).handle(AllButRead).state(Killed).read_only(),
    Case::new("no bytes without the right to read", &[memory(1)], Offset(0), Claimed(0), INVALID_ARGS).handle(AllButRead).read_only(),
    Case::new("no right and a process that was killed", &[memory(1)], Offset(0), Bytes(1), ACCESS_DENIED).handle(AllButWrite).state(Killed),
];
