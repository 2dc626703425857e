//! Uncached memory and device memory.

use crate::suite::case::{
    AreaKind, Buffer::Bytes, CachePolicy::*, Case, Location::Offset, area, memory,
};
use crate::suite::expect::Expect;
use zx_process_memory::Status::{BadState, NotSupported};

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("uncached memory", &[area(1, AreaKind::WithPolicy(Uncached))], Offset(0), Bytes(1), Expect::failed(BadState)),
    Case::new("uncached device memory", &[area(1, AreaKind::WithPolicy(UncachedDevice))], Offset(0), Bytes(1), Expect::failed(BadState)),
    Case::new("write-combining memory", &[area(1, AreaKind::WithPolicy(WriteCombining))], Offset(0), Bytes(1), Expect::failed(BadState)),
    Case::new("up to uncached memory", &[memory(1), area(1, AreaKind::WithPolicy(Uncached))], Offset(4090), Bytes(12), Expect::transferred(6)),
    Case::new("a physical VMO", &[area(1, AreaKind::Physical)], Offset(0), Bytes(1), Expect::failed(NotSupported)),
];
