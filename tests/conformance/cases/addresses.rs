//! Addresses at which nothing is mapped, or at which nothing can be mapped.

use crate::suite::case::{Buffer::Bytes, Case, Location::*, PAGE, hole, memory};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("address 0", &[], Address(0), Bytes(1), Expect::unmapped()),
    Case::new("address 1", &[], Address(1), Bytes(1), Expect::unmapped()),
    Case::new("the first page", &[], Address(0), Bytes(PAGE), Expect::unmapped()),
    Case::new("a hole", &[memory(1), hole(1), memory(1)], Offset(4096), Bytes(1), Expect::unmapped()),
    Case::new("a hole, past its end", &[memory(1), hole(1), memory(1)], Offset(8191), Bytes(2), Expect::unmapped()),
    Case::new("the byte before a mapping", &[memory(1)], Offset(-1), Bytes(1), Expect::unmapped()),
    Case::new("the byte before a mapping and the next", &[memory(1)], Offset(-1), Bytes(2), Expect::unmapped()),
    Case::new("the byte after a mapping", &[memory(1)], Offset(4096), Bytes(1), Expect::unmapped()),
    Case::new("the first address that is not canonical", &[], Address(1 << 47), Bytes(1), Expect::unmapped()),
    Case::new("2^62", &[], Address(1 << 62), Bytes(1), Expect::unmapped()),
    Case::new("the last byte below 2^63", &[], Address((1 << 63) - 1), Bytes(2), Expect::unmapped()),
    Case::new("2^63", &[], Address(1 << 63), Bytes(1), Expect::unmapped()),
    Case::new("an address of the kernel", &[], Address(0xffff_ffff_8010_0000), Bytes(8), Expect::unmapped()),
    Case::new("the highest page", &[], Address(usize::MAX - 4095), Bytes(PAGE), Expect::unmapped()),
    Case::new("the highest address", &[], Address(usize::MAX), Bytes(1), Expect::unmapped()),
    Case::new("past the highest address", &[], Address(usize::MAX), Bytes(2), Expect::unmapped()),
    Case::new("an address with a tag, as on arm64", &[], Address(0x0100_0000_0020_0000), Bytes(1), Expect::unmapped()),
];
