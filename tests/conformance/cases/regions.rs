//! Mappings in sub-VMARs.

use crate::suite::case::{AreaKind::*, Buffer::Bytes, Case, Location::Offset, PAGE, area, memory};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("a mapping in a sub-VMAR", &[area(2, InSubVmar)], Offset(4090), Bytes(12), Expect::transferred(12)),
    Case::new("out of a sub-VMAR into the mapping after it", &[area(1, InSubVmar), memory(1)], Offset(4090), Bytes(12), Expect::transferred(6)),
    Case::new("into a sub-VMAR from a mapping before it", &[memory(1), area(1, InSubVmar)], Offset(4090), Bytes(12), Expect::transferred(6)),
    Case::new("an empty sub-VMAR", &[memory(1), area(1, EmptySubVmar)], Offset(4096), Bytes(1), Expect::unmapped()),
    Case::new("up to an empty sub-VMAR", &[memory(1), area(1, EmptySubVmar)], Offset(0), Bytes(2 * PAGE), Expect::transferred(PAGE)),
    Case::new("a sub-VMAR that was destroyed", &[memory(1), area(1, DestroyedSubVmar)], Offset(4096), Bytes(1), Expect::unmapped()),
];
