//! Memory that is not cached, and memory of devices.

use crate::suite::case::{At::Offset, Buffer::Bytes, Case, Kind, Policy::*, area, memory};
use crate::suite::expect::Expect;
use zx_process_memory::Status::{BadState, NotSupported};

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("uncached memory", &[area(1, Kind::Policy(Uncached))], Offset(0), Bytes(1), Expect::failed(BadState)),
    Case::new("uncached device memory", &[area(1, Kind::Policy(UncachedDevice))], Offset(0), Bytes(1), Expect::failed(BadState)),
    Case::new("write-combining memory", &[area(1, Kind::Policy(WriteCombining))], Offset(0), Bytes(1), Expect::failed(BadState)),
    Case::new("up to uncached memory", &[memory(1), area(1, Kind::Policy(Uncached))], Offset(4090), Bytes(12), Expect::done(6)),
    Case::new("a physical VMO", &[area(1, Kind::Physical)], Offset(0), Bytes(1), Expect::failed(NotSupported)),
];
