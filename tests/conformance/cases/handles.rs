//! Rights and types. Write alone is needed, and enough.

use crate::suite::case::{
    At::Offset, Case, Expect, Handle::*, Outcome::Failed, Source::Bytes, memory,
};
use zx_process_memory::Status::{AccessDenied, WrongType};

const WRONG_TYPE: Expect = Expect::failed(WrongType);

/// The kernel of 2018 looked at the right first.
const RIGHT_FIRST: Expect = WRONG_TYPE.in_2018(Failed(AccessDenied));

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("a handle with the right to write alone", &[memory(1)], Offset(0), Bytes(9), Expect::wrote(9)).handle(WriteAlone),
    Case::new("a handle without the right to write", &[memory(1)], Offset(0), Bytes(9), Expect::failed(AccessDenied)).handle(AllButWrite),
    Case::new("a job", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Job),
    Case::new("a job, without the right", &[memory(1)], Offset(0), Bytes(9), RIGHT_FIRST).handle(JobWithoutWrite),
    Case::new("a VMO", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Vmo),
    Case::new("a VMO, without the right", &[memory(1)], Offset(0), Bytes(9), RIGHT_FIRST).handle(VmoWithoutWrite),
    // An event never has the right.
    Case::new("an event", &[memory(1)], Offset(0), Bytes(9), RIGHT_FIRST).handle(Event),
    Case::new("a VMAR", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Vmar),
    Case::new("a thread", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Thread),
];
