//! The vDSO: nobody's to change, since 2019.

use crate::suite::case::{At::*, Case, Expect, Outcome::NotKnown, PAGE, Source::Bytes};
use zx_process_memory::Status::AccessDenied;

/// In 2018 it is written. That is not tried: it is every process's vDSO.
const REFUSED: Expect = Expect::failed(AccessDenied).in_2018(NotKnown);

#[rustfmt::skip] // A line each: it is a table.
pub(crate) const CASES: &[Case] = &[
    Case::new("the vDSO's code", &[], VdsoCode, Bytes(1), REFUSED),
    Case::new("the vDSO's code, several pages", &[], VdsoCode, Bytes(2 * PAGE), REFUSED),
    // Kernels from 2025 on refuse the code; whether the data too is not known here.
    Case::new("the vDSO's data", &[], VdsoStart, Bytes(1), REFUSED.since_2025(NotKnown)),
    Case::new("the vDSO's data and over", &[], VdsoStart, Bytes(64 << 20), REFUSED.since_2025(NotKnown)),
];
