//! Buffers of the caller that are not null and not valid. A slice is always valid, so only the raw
//! calls have them.

use crate::suite::case::{Buffer::*, Case, Location::*, PAGE, memory};
use crate::suite::expect::{Expect, Outcome, Outcome::*};
use crate::suite::kernel::Era::{In2018, In2019};
use zx_process_memory::Status::{AccessDenied, InvalidArgs, NotFound};

/// Kernels until September 2019 access the whole buffer before the transfer, also the part that is not
/// transferred, and return the status of the man page.
const fn since_october_2019(outcome: Outcome) -> Expect {
    Expect::everywhere(outcome)
        .until(In2019, Failed(InvalidArgs))
        .by_man_page(Failed(InvalidArgs))
}

const NOT_FOUND: Expect = since_october_2019(Failed(NotFound));

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("a buffer at which nothing is mapped", &[memory(1)], Offset(0), Unmapped(9), NOT_FOUND),
    Case::new("a buffer at which nothing is mapped, several pages", &[memory(3)], Offset(0), Unmapped(2 * PAGE), NOT_FOUND),
    Case::new("a buffer without the permission", &[memory(1)], Offset(0), WithoutPermission(9), since_october_2019(Failed(AccessDenied))),
    Case::new("a buffer of which only the first page is mapped", &[memory(3)], Offset(0), OnlyFirstPageMapped(2 * PAGE), since_october_2019(FailedAfter(NotFound, PAGE))),
    Case::new("a buffer of which only the first page is mapped, and memory of one page", &[memory(1)], Offset(0), OnlyFirstPageMapped(2 * PAGE), since_october_2019(Transferred(PAGE))),
    Case::new("a bad buffer and an unmapped address", &[], Address(0), Unmapped(9), Expect::unmapped()),
    Case::new("a bad buffer and the vDSO", &[], VdsoCode, Unmapped(9), Expect::failed(AccessDenied).until(In2018, Failed(InvalidArgs))).write_only(),
];
