//! The permissions of a mapping do not apply, so that a debugger can read code and set breakpoints.

use crate::suite::case::{
    Access, AreaKind::Protected, Buffer::Bytes, Case, Location::Offset, PAGE, area, mapped, memory,
};
use crate::suite::expect::Expect;

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("read-only memory", &[mapped(1, Access::Read)], Offset(5), Bytes(9), Expect::transferred(9)),
    Case::new("read-only memory, several pages", &[mapped(3, Access::Read)], Offset(5), Bytes(2 * PAGE), Expect::transferred(2 * PAGE)),
    Case::new("memory without permission", &[mapped(1, Access::None)], Offset(5), Bytes(9), Expect::transferred(9)),
    Case::new("memory without permission, several pages", &[mapped(3, Access::None)], Offset(5), Bytes(2 * PAGE), Expect::transferred(2 * PAGE)),
    Case::new("executable memory", &[mapped(1, Access::ReadExecute)], Offset(5), Bytes(9), Expect::transferred(9)),
    Case::new("executable memory, several pages", &[mapped(3, Access::ReadExecute)], Offset(5), Bytes(2 * PAGE), Expect::transferred(2 * PAGE)),
    Case::new("executable memory that can be written", &[mapped(1, Access::All)], Offset(5), Bytes(9), Expect::transferred(9)),
    Case::new("memory made read-only later", &[area(2, Protected(Access::Read))], Offset(4090), Bytes(9), Expect::transferred(9)),
    Case::new("memory that lost all permissions later", &[area(2, Protected(Access::None))], Offset(4090), Bytes(9), Expect::transferred(9)),
    Case::new("from read-only memory into the next mapping", &[mapped(1, Access::Read), memory(1)], Offset(4090), Bytes(9), Expect::transferred(6)),
    Case::new("from memory into read-only memory", &[memory(1), mapped(1, Access::Read)], Offset(4090), Bytes(9), Expect::transferred(6)),
    Case::new("from executable memory into the next mapping", &[mapped(1, Access::ReadExecute), mapped(1, Access::Read)], Offset(4090), Bytes(9), Expect::transferred(6)),
];
