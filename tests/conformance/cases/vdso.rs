//! The vDSO: nobody's to change, since 2019, and everybody's to read.

use crate::suite::case::{At::*, Buffer::Bytes, Case, PAGE};
use crate::suite::expect::{Expect, Outcome::Failed, Outcome::NotTried};
use zx_process_memory::Status::AccessDenied;

const REFUSED: Expect = Expect::failed(AccessDenied).in_2018(NotTried(
    "this kernel would write it, and it is every process's",
));

/// Kernels from 2025 on refuse the code.
const DATA: Expect = REFUSED.since_2025(NotTried("nobody here knows what this kernel does"));

/// Linux shows a debugger its code, but not its data.
const fn data_read(count: usize) -> Expect {
    Expect::done(count).on_linux(Failed(AccessDenied))
}

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("the vDSO's code", &[], VdsoCode, Bytes(1), REFUSED).reading(Expect::done(1)),
    Case::new("the vDSO's code, several bytes", &[], VdsoCode, Bytes(8), REFUSED).reading(Expect::done(8)),
    Case::new("the vDSO's data", &[], VdsoStart, Bytes(1), DATA).reading(data_read(1)),
    Case::new("the vDSO's data, a page", &[], VdsoStart, Bytes(PAGE), DATA).reading(data_read(PAGE)),
    // Where a read would end differs from build to build.
    Case::new("the vDSO's code, several pages", &[], VdsoCode, Bytes(2 * PAGE), REFUSED).write_only(),
    Case::new("the vDSO's data and over", &[], VdsoStart, Bytes(64 << 20), DATA).write_only(),
];
