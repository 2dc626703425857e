//! Adjacent mappings of one VMO. Since November 2020, `zx_vmar_map` merges a new mapping with an
//! adjacent one that continues it: the same VMO, contiguous offsets, equal flags and, until about 2022,
//! equal permissions.

use crate::suite::case::{
    Access::*, AreaKind::*, Buffer::Bytes, Case, Location::Offset, MapOrder::*, PAGE, area, mapped,
    memory,
};
use crate::suite::expect::{Expect, Outcome::Transferred};
use crate::suite::kernel::Era::{In2020, In2022};

/// The first mapping has the first number of bytes, and with the mappings that continue it the
/// second.
const fn merged(separate: usize, merged: usize) -> Expect {
    Expect::transferred(merged).until(In2020, Transferred(separate))
}

/// Since about 2022, permissions belong to the pages of a mapping: they do not prevent a merge, and
/// `zx_vmar_protect` splits no mapping.
const fn by_permissions(separate: usize, merged: usize) -> Expect {
    Expect::transferred(separate).since(In2022, Transferred(merged))
}

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("an adjacent mapping that continues the VMO", &[memory(1), area(1, NextPages(ReadWrite))], Offset(4090), Bytes(12), merged(6, 12)),
    Case::new("an adjacent mapping that continues the VMO, by its own address", &[memory(1), area(1, NextPages(ReadWrite))], Offset(4096), Bytes(12), Expect::transferred(12)),
    Case::new("an adjacent mapping that continues the VMO, mapped before the first", &[memory(1), area(1, NextPages(ReadWrite))], Offset(4090), Bytes(12), merged(6, 12)).map_order(LastToFirst),
    Case::new("three mappings that continue the VMO", &[memory(1), area(1, NextPages(ReadWrite)), area(1, NextPages(ReadWrite))], Offset(0), Bytes(3 * PAGE), merged(PAGE, 3 * PAGE)),
    Case::new("three mappings that continue the VMO, the middle one mapped last", &[memory(1), area(1, NextPages(ReadWrite)), area(1, NextPages(ReadWrite))], Offset(0), Bytes(3 * PAGE), merged(PAGE, 3 * PAGE)).map_order(SecondLast),
    Case::new("three mappings that continue the VMO, mapped from the last to the first", &[memory(1), area(1, NextPages(ReadWrite)), area(1, NextPages(ReadWrite))], Offset(0), Bytes(3 * PAGE), merged(PAGE, 3 * PAGE)).map_order(LastToFirst),
    Case::new("read-only mappings that continue the VMO", &[mapped(1, Read), area(1, NextPages(Read))], Offset(4090), Bytes(12), merged(6, 12)),
    Case::new("executable mappings that continue the VMO", &[mapped(1, ReadExecute), area(1, NextPages(ReadExecute))], Offset(4090), Bytes(12), merged(6, 12)),
    Case::new("a read-only mapping that continues the VMO", &[memory(1), area(1, NextPages(Read))], Offset(4090), Bytes(12), by_permissions(6, 12)),
    Case::new("a read-write mapping that continues the VMO of a read-only one", &[mapped(1, Read), area(1, NextPages(ReadWrite))], Offset(4090), Bytes(12), by_permissions(6, 12)),
    Case::new("an adjacent mapping of the page before in the VMO", &[area(1, NewVmoFrom(1)), area(1, PagesFrom(0))], Offset(4090), Bytes(12), Expect::transferred(6)),
    Case::new("an adjacent mapping of the page before in the VMO, mapped before the first", &[area(1, NewVmoFrom(1)), area(1, PagesFrom(0))], Offset(4090), Bytes(12), Expect::transferred(6)).map_order(LastToFirst),
    Case::new("an adjacent mapping that omits a page of the VMO", &[memory(1), area(1, PagesFrom(2))], Offset(4090), Bytes(12), Expect::transferred(6)),
    Case::new("a page unmapped from the middle and mapped again", &[area(3, SecondPageMappedAgain)], Offset(0), Bytes(3 * PAGE), merged(PAGE, 3 * PAGE)),
    Case::new("up to a page of the mapping that was made read-only", &[area(3, SecondPageProtected(Read))], Offset(0), Bytes(3 * PAGE), by_permissions(PAGE, 3 * PAGE)),
    Case::new("a page of the mapping that was made read-only", &[area(3, SecondPageProtected(Read))], Offset(4096), Bytes(2 * PAGE), by_permissions(PAGE, 2 * PAGE)),
    Case::new("up to a page of the mapping that was made read-only and read-write again", &[area(3, SecondPageProtectedAndBack(Read))], Offset(0), Bytes(3 * PAGE), by_permissions(PAGE, 3 * PAGE)),
    Case::new("a page of the mapping that was made read-only and read-write again", &[area(3, SecondPageProtectedAndBack(Read))], Offset(4096), Bytes(2 * PAGE), by_permissions(PAGE, 2 * PAGE)),
];
