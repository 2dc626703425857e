//! A call stops at the end of a mapping.

use crate::suite::case::{
    AreaKind::*, Buffer::Bytes, Case, Location::Offset, PAGE, area, hole, memory,
};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("past the end of a mapping by a byte", &[memory(1)], Offset(4000), Bytes(97), Expect::transferred(96)),
    Case::new("past the end of a mapping by a page", &[memory(2)], Offset(0), Bytes(3 * PAGE), Expect::transferred(2 * PAGE)),
    Case::new("from the last byte of a mapping", &[memory(3)], Offset(12_287), Bytes(10), Expect::transferred(1)),
    Case::new("into a hole and past it", &[memory(1), hole(1), memory(1)], Offset(10), Bytes(3 * PAGE - 10), Expect::transferred(PAGE - 10)),
    Case::new("into an adjacent mapping of another VMO", &[memory(1), memory(1)], Offset(4095), Bytes(2), Expect::transferred(1)),
    Case::new("the middle one of three adjacent mappings", &[memory(1), memory(2), memory(1)], Offset(4096), Bytes(4 * PAGE), Expect::transferred(2 * PAGE)),
    Case::new("the second of two adjacent mappings", &[memory(1), memory(1)], Offset(4096), Bytes(16), Expect::transferred(16)),
    Case::new("the same page mapped twice, by the first", &[memory(1), area(1, SamePages)], Offset(7), Bytes(20), Expect::transferred(20)),
    Case::new("the same page mapped twice, by the second", &[memory(1), area(1, SamePages)], Offset(4103), Bytes(20), Expect::transferred(20)),
    Case::new("the same page mapped twice, from the first into the second", &[memory(1), area(1, SamePages)], Offset(4000), Bytes(200), Expect::transferred(96)),
    Case::new("memory that was never written", &[area(3, Untouched)], Offset(4000), Bytes(2 * PAGE), Expect::transferred(2 * PAGE)),
    Case::new("from memory into memory that was never written", &[memory(1), area(1, Untouched)], Offset(4000), Bytes(PAGE), Expect::transferred(96)),
    Case::new("memory that was unmapped", &[memory(1), area(2, Unmapped), memory(1)], Offset(4096), Bytes(1), Expect::unmapped()),
    Case::new("up to memory that was unmapped", &[memory(1), area(2, Unmapped), memory(1)], Offset(0), Bytes(2 * PAGE), Expect::transferred(PAGE)),
    Case::new("a page unmapped from the middle", &[area(3, SecondPageUnmapped)], Offset(4096), Bytes(1), Expect::unmapped()),
    Case::new("up to a page unmapped from the middle", &[area(3, SecondPageUnmapped)], Offset(1), Bytes(3 * PAGE - 1), Expect::transferred(PAGE - 1)),
    Case::new("after a page unmapped from the middle", &[area(3, SecondPageUnmapped)], Offset(8192), Bytes(PAGE), Expect::transferred(PAGE)),
];
