//! Rights and types. A write needs the right to write alone; a read needs both rights.

use crate::suite::case::{At::Offset, Buffer::Bytes, Case, Handle::*, memory};
use crate::suite::expect::{Expect, Outcome::Failed};
use zx_process_memory::Status::{AccessDenied, WrongType};

const DONE: Expect = Expect::done(9);
const DENIED: Expect = Expect::failed(AccessDenied);
const WRONG_TYPE: Expect = Expect::failed(WrongType);

/// The kernel of 2018 looked at the right first.
const RIGHT_FIRST: Expect = WRONG_TYPE.in_2018(Failed(AccessDenied));

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("a handle with the right to write alone", &[memory(1)], Offset(0), Bytes(9), DONE).handle(WriteAlone).reading(DENIED),
    Case::new("a handle with the right to read alone", &[memory(1)], Offset(0), Bytes(9), DENIED).handle(ReadAlone),
    Case::new("a handle with the rights to read and to write alone", &[memory(1)], Offset(0), Bytes(9), DONE).handle(ReadAndWrite),
    Case::new("a handle without the right to write", &[memory(1)], Offset(0), Bytes(9), DENIED).handle(AllButWrite),
    Case::new("a handle without the right to read", &[memory(1)], Offset(0), Bytes(9), DONE).handle(AllButRead).reading(DENIED),
    Case::new("a job", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Job),
    Case::new("a job, without the right to read", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(JobWithoutRead).reading(RIGHT_FIRST),
    Case::new("a job, without the right to write", &[memory(1)], Offset(0), Bytes(9), RIGHT_FIRST).handle(JobWithoutWrite),
    Case::new("a VMO", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Vmo),
    Case::new("a VMO, without the right to write", &[memory(1)], Offset(0), Bytes(9), RIGHT_FIRST).handle(VmoWithoutWrite),
    // An event never has either right.
    Case::new("an event", &[memory(1)], Offset(0), Bytes(9), RIGHT_FIRST).handle(Event),
    Case::new("a VMAR", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Vmar),
    Case::new("a thread", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Thread),
];
