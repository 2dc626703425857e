//! What the process does at the time is not asked; whether it is there, is.

use crate::suite::case::{At::*, Buffer::Bytes, Case, PAGE, State::*, memory};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("a process that runs", &[memory(2)], Offset(4000), Bytes(PAGE), Expect::done(PAGE)).state(Running),
    Case::new("a hole in a process that runs", &[memory(1)], Offset(4096), Bytes(1), Expect::unmapped()).state(Running),
    Case::new("a process that is suspended", &[memory(2)], Offset(4000), Bytes(PAGE), Expect::done(PAGE)).state(Suspended),
    Case::new("a hole in a process that is suspended", &[memory(1)], Offset(4096), Bytes(1), Expect::unmapped()).state(Suspended),
    Case::new("a process that was killed", &[memory(2)], Offset(0), Bytes(1), Expect::gone()).state(Killed),
    Case::new("a process that was killed, several pages", &[memory(2)], Offset(0), Bytes(2 * PAGE), Expect::gone()).state(Killed),
    Case::new("a hole in a process that was killed", &[memory(1)], Offset(4096), Bytes(1), Expect::gone()).state(Killed),
    Case::new("address 0 of a process that was killed", &[], Address(0), Bytes(1), Expect::gone()).state(Killed),
    Case::new("a process whose root VMAR was destroyed", &[memory(2)], Offset(0), Bytes(1), Expect::gone()).state(VmarDestroyed),
];
