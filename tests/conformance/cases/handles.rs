//! Rights and types of handles. A write requires ZX_RIGHT_WRITE. A read requires ZX_RIGHT_READ and
//! ZX_RIGHT_WRITE.

use crate::suite::case::{Buffer::Bytes, Case, Handle::*, Location::Offset, memory};
use crate::suite::expect::{Expect, Outcome::Failed};
use crate::suite::kernel::Era::In2018;
use zx_process_memory::Status::{AccessDenied, WrongType};

const TRANSFERRED: Expect = Expect::transferred(9);
const ACCESS_DENIED: Expect = Expect::failed(AccessDenied);
const WRONG_TYPE: Expect = Expect::failed(WrongType);

/// The kernel of 2018 checks the right before the type.
const WRONG_TYPE_OR_DENIED: Expect = WRONG_TYPE.until(In2018, Failed(AccessDenied));

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("a handle with the right to write alone", &[memory(1)], Offset(0), Bytes(9), TRANSFERRED).handle(WriteOnly).for_read(ACCESS_DENIED),
    Case::new("a handle with the right to read alone", &[memory(1)], Offset(0), Bytes(9), ACCESS_DENIED).handle(ReadOnly),
    Case::new("a handle with the rights to read and to write alone", &[memory(1)], Offset(0), Bytes(9), TRANSFERRED).handle(ReadAndWriteOnly),
    Case::new("a handle without the right to write", &[memory(1)], Offset(0), Bytes(9), ACCESS_DENIED).handle(AllButWrite),
    Case::new("a handle without the right to read", &[memory(1)], Offset(0), Bytes(9), TRANSFERRED).handle(AllButRead).for_read(ACCESS_DENIED),
    Case::new("a job", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Job),
    Case::new("a job, without the right to read", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(JobWithoutRead).for_read(WRONG_TYPE_OR_DENIED),
    Case::new("a job, without the right to write", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE_OR_DENIED).handle(JobWithoutWrite),
    Case::new("a VMO", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Vmo),
    Case::new("a VMO, without the right to write", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE_OR_DENIED).handle(VmoWithoutWrite),
    // An event has neither right.
    Case::new("an event", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE_OR_DENIED).handle(Event),
    Case::new("a VMAR", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Vmar),
    Case::new("a thread", &[memory(1)], Offset(0), Bytes(9), WRONG_TYPE).handle(Thread),
];
