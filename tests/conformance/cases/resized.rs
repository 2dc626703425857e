//! VMOs that were shrunk after they were mapped.

use crate::suite::case::{AreaKind::ShrunkTo, Buffer::Bytes, Case, Location::Offset, PAGE, area};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("the rest of a VMO that was shrunk", &[area(3, ShrunkTo(1))], Offset(0), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("the first byte past the end of a VMO", &[area(3, ShrunkTo(1))], Offset(4096), Bytes(1), Expect::past_vmo_end(0)),
    Case::new("past the end of a VMO by a byte", &[area(3, ShrunkTo(1))], Offset(4095), Bytes(2), Expect::past_vmo_end(1)),
    Case::new("past the end of a VMO by pages", &[area(3, ShrunkTo(1))], Offset(10), Bytes(3 * PAGE - 10), Expect::past_vmo_end(PAGE - 10)),
    Case::new("past the end of a VMO and of the mapping", &[area(3, ShrunkTo(2))], Offset(0), Bytes(9 * PAGE), Expect::past_vmo_end(2 * PAGE)),
    Case::new("far past the end of a VMO", &[area(3, ShrunkTo(1))], Offset(12_287), Bytes(1), Expect::past_vmo_end(0)),
    Case::new("a VMO that was shrunk to no pages", &[area(2, ShrunkTo(0))], Offset(0), Bytes(1), Expect::past_vmo_end(0)),
];
