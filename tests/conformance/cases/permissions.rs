//! The permissions of a page do not apply: that is how breakpoints are set, and what was
//! there before is saved.

use crate::suite::case::{
    Access, At::Offset, Buffer::Bytes, Case, Kind::Protected, PAGE, area, mapped, memory,
};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("read-only memory", &[mapped(1, Access::Read)], Offset(5), Bytes(9), Expect::done(9)),
    Case::new("read-only memory, several pages", &[mapped(3, Access::Read)], Offset(5), Bytes(2 * PAGE), Expect::done(2 * PAGE)),
    Case::new("memory without permission", &[mapped(1, Access::None)], Offset(5), Bytes(9), Expect::done(9)),
    Case::new("memory without permission, several pages", &[mapped(3, Access::None)], Offset(5), Bytes(2 * PAGE), Expect::done(2 * PAGE)),
    Case::new("executable memory", &[mapped(1, Access::ReadExecute)], Offset(5), Bytes(9), Expect::done(9)),
    Case::new("executable memory, several pages", &[mapped(3, Access::ReadExecute)], Offset(5), Bytes(2 * PAGE), Expect::done(2 * PAGE)),
    Case::new("executable memory that can be written", &[mapped(1, Access::All)], Offset(5), Bytes(9), Expect::done(9)),
    Case::new("memory made read-only later", &[area(2, Protected(Access::Read))], Offset(4090), Bytes(9), Expect::done(9)),
    Case::new("memory that lost all permissions later", &[area(2, Protected(Access::None))], Offset(4090), Bytes(9), Expect::done(9)),
    Case::new("from read-only memory not into the next", &[mapped(1, Access::Read), memory(1)], Offset(4090), Bytes(9), Expect::done(6)),
    Case::new("from memory not into read-only memory", &[memory(1), mapped(1, Access::Read)], Offset(4090), Bytes(9), Expect::done(6)),
    Case::new("from executable memory not into the next", &[mapped(1, Access::ReadExecute), mapped(1, Access::Read)], Offset(4090), Bytes(9), Expect::done(6)),
];
