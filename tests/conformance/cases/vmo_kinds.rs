//! Contiguous, discardable and pager-backed VMOs.

use crate::suite::case::{
    AreaKind::*, Buffer::Bytes, Case, Location::Offset, PAGE, Pager::*, area,
};
use crate::suite::expect::{Expect, Outcome::Failed};
use crate::suite::kernel::Era::In2020;
use zx_process_memory::Status::{BadState, IoDataIntegrity, NotFound};

/// A pager that was detached supplies no pages. The status changed in January 2021, so a kernel of the
/// two months before would differ from its era.
const DETACHED: Expect = Expect::failed(BadState).until(In2020, Failed(NotFound));

#[rustfmt::skip] // A table with one case on each line.
pub(crate) const CASES: &[Case] = &[
    Case::new("a contiguous VMO", &[area(2, Contiguous)], Offset(4000), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("a discardable VMO that is locked", &[area(2, Discardable { locked: true })], Offset(4000), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("a discardable VMO that is not locked", &[area(2, Discardable { locked: false })], Offset(4000), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("a VMO whose pager has supplied the pages", &[area(2, Paged(Supplied))], Offset(4000), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("a VMO whose pager supplies pages on request", &[area(2, Paged(SuppliesOnRequest))], Offset(4000), Bytes(PAGE), Expect::transferred(PAGE)),
    Case::new("a VMO whose pager fails", &[area(1, Paged(Fails))], Offset(0), Bytes(9), Expect::failed(IoDataIntegrity)),
    Case::new("a VMO whose pager was detached", &[area(1, Paged(Detached))], Offset(0), Bytes(9), DETACHED),
];
