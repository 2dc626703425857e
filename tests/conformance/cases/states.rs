//! States of the process. Running and suspended make no difference; an ended process has no memory.

use crate::suite::case::{Buffer::Bytes, Case, Location::*, PAGE, State::*, memory};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("a running process", &[memory(2)], Offset(4000), Bytes(PAGE), Expect::transferred(PAGE)).state(Running),
    Case::new("a hole in a running process", &[memory(1)], Offset(4096), Bytes(1), Expect::unmapped()).state(Running),
    Case::new("a suspended process", &[memory(2)], Offset(4000), Bytes(PAGE), Expect::transferred(PAGE)).state(Suspended),
    Case::new("a hole in a suspended process", &[memory(1)], Offset(4096), Bytes(1), Expect::unmapped()).state(Suspended),
    Case::new("a process that was killed", &[memory(2)], Offset(0), Bytes(1), Expect::process_ended()).state(Killed),
    Case::new("a process that was killed, several pages", &[memory(2)], Offset(0), Bytes(2 * PAGE), Expect::process_ended()).state(Killed),
    Case::new("a hole in a process that was killed", &[memory(1)], Offset(4096), Bytes(1), Expect::process_ended()).state(Killed),
    Case::new("address 0 of a process that was killed", &[], Address(0), Bytes(1), Expect::process_ended()).state(Killed),
    Case::new("a process whose root VMAR was destroyed", &[memory(2)], Offset(0), Bytes(1), Expect::process_ended()).state(VmarDestroyed),
];
