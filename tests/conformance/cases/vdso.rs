//! The vDSO. Writes to it fail since June 2019, and reads succeed.

use crate::suite::case::{Buffer::Bytes, Case, Location::*, PAGE};
use crate::suite::expect::{Expect, Outcome::Skipped};
use crate::suite::kernel::Era::{From2025, In2018};
use zx_process_memory::Status::AccessDenied;

const CODE: Expect = Expect::failed(AccessDenied).until(
    In2018,
    Skipped("this kernel writes the vDSO, which all processes share"),
);

/// The last era includes kernels of 2026, of which only the refusal of the code is certain.
const DATA: Expect = CODE.since(From2025, Skipped("not measured on this kernel"));

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("the vDSO's code", &[], VdsoCode, Bytes(1), CODE).for_read(Expect::transferred(1)),
    Case::new("the vDSO's code, several bytes", &[], VdsoCode, Bytes(8), CODE).for_read(Expect::transferred(8)),
    Case::new("the vDSO's data", &[], VdsoStart, Bytes(1), DATA).for_read(Expect::transferred(1)),
    Case::new("the vDSO's data, a page", &[], VdsoStart, Bytes(PAGE), DATA).for_read(Expect::transferred(PAGE)),
    // For writes only, since the end of the vDSO differs from build to build.
    Case::new("the vDSO's code, several pages", &[], VdsoCode, Bytes(2 * PAGE), CODE).write_only(),
    Case::new("the vDSO's data and past its end", &[], VdsoStart, Bytes(64 << 20), DATA).write_only(),
];
