//! VMOs made from another VMO.

use crate::suite::case::{
    Access::*, AreaKind::*, Buffer::Bytes, Case, Location::Offset, PAGE, area, memory,
};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("a copy-on-write snapshot", &[memory(1), area(1, SnapshotOfPrevious(ReadWrite))], Offset(4096), Bytes(9), Expect::transferred(9)),
    Case::new("a read-only mapping of a copy-on-write snapshot", &[memory(2), area(2, SnapshotOfPrevious(Read))], Offset(8192), Bytes(PAGE + 9), Expect::transferred(PAGE + 9)),
    Case::new("a slice of a VMO", &[memory(2), area(1, SliceFrom(1))], Offset(8192), Bytes(9), Expect::transferred(9)),
    Case::new("past the end of a slice", &[memory(2), area(1, SliceFrom(0))], Offset(8192), Bytes(PAGE + 9), Expect::transferred(PAGE)),
    Case::new("the VMO of a slice", &[memory(2), area(1, SliceFrom(1))], Offset(4096), Bytes(9), Expect::transferred(9)),
];
