//! Lengths of 0, a page and 64 MiB, and one byte more or less.

use crate::suite::case::{Buffer::*, Case, Location::Offset, PAGE, memory};
use crate::suite::expect::Expect;
use zx_process_memory::Status::InvalidArgs;

const MIB_64: usize = 64 << 20;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("1 byte", &[memory(1)], Offset(0), Bytes(1), Expect::transferred(1)),
    Case::new("2 bytes", &[memory(1)], Offset(100), Bytes(2), Expect::transferred(2)),
    Case::new("8 bytes, not aligned", &[memory(1)], Offset(13), Bytes(8), Expect::transferred(8)),
    Case::new("the last byte of a page", &[memory(2)], Offset(4095), Bytes(1), Expect::transferred(1)),
    Case::new("a page less a byte", &[memory(1)], Offset(0), Bytes(PAGE - 1), Expect::transferred(PAGE - 1)),
    Case::new("a page", &[memory(1)], Offset(0), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("a page and a byte", &[memory(2)], Offset(0), Bytes(PAGE + 1), Expect::transferred(PAGE + 1)),
    Case::new("two bytes across two pages", &[memory(2)], Offset(4095), Bytes(2), Expect::transferred(2)),
    Case::new("a page across two pages", &[memory(2)], Offset(1), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("nine pages, not aligned", &[memory(10)], Offset(77), Bytes(9 * PAGE), Expect::transferred(9 * PAGE)),
    Case::new("64 MiB less a byte", &[memory(MIB_64 / PAGE)], Offset(0), Bytes(MIB_64 - 1), Expect::transferred(MIB_64 - 1)),
    Case::new("64 MiB", &[memory(MIB_64 / PAGE)], Offset(0), Bytes(MIB_64), Expect::transferred(MIB_64)),
    Case::new("64 MiB at four mapped pages", &[memory(4)], Offset(0), Bytes(MIB_64), Expect::transferred(4 * PAGE)),
    Case::new("64 MiB and a byte", &[memory(4)], Offset(0), Bytes(MIB_64 + 1), Expect::failed(InvalidArgs)),
    Case::new("64 MiB and a byte, claimed", &[memory(4)], Offset(0), Claimed(MIB_64 + 1), Expect::failed(InvalidArgs)),
    Case::new("a size of all ones", &[memory(4)], Offset(0), Claimed(usize::MAX), Expect::failed(InvalidArgs)),
    Case::new("a size of 2^63", &[memory(4)], Offset(0), Claimed(1 << 63), Expect::failed(InvalidArgs)),
    Case::new("no bytes", &[memory(1)], Offset(0), Claimed(0), Expect::failed(InvalidArgs)),
    Case::new("a null buffer", &[memory(1)], Offset(0), Null(1), Expect::failed(InvalidArgs)),
    Case::new("a null buffer of no bytes", &[memory(1)], Offset(0), Null(0), Expect::failed(InvalidArgs)),
    Case::new("a null buffer of 64 MiB and a byte", &[memory(1)], Offset(0), Null(MIB_64 + 1), Expect::failed(InvalidArgs)),
];
