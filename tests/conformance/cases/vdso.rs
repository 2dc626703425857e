//! The vDSO: nobody's to change, since 2019.

use crate::suite::case::{At::*, Case, Expect, Outcome::NotTried, PAGE, Source::Bytes};
use zx_process_memory::Status::AccessDenied;

const REFUSED: Expect = Expect::failed(AccessDenied).in_2018(NotTried(
    "this kernel would write it, and it is every process's",
));

/// Kernels from 2025 on refuse the code.
const DATA: Expect = REFUSED.since_2025(NotTried("nobody here knows what this kernel does"));

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("the vDSO's code", &[], VdsoCode, Bytes(1), REFUSED),
    Case::new("the vDSO's code, several pages", &[], VdsoCode, Bytes(2 * PAGE), REFUSED),
    Case::new("the vDSO's data", &[], VdsoStart, Bytes(1), DATA),
    Case::new("the vDSO's data and over", &[], VdsoStart, Bytes(64 << 20), DATA),
];
