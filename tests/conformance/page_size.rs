//! The size of a page. The tables count in Zircon's pages of 4 KiB. A Linux kernel can have larger
//! pages, to which the cases are scaled.

use super::case::{Buffer, Case, Location, PAGE};
use super::expect::Outcome;
use super::target::system::page_size;

/// Sizes from here on are limits of the calls, which do not depend on the size of a page.
const LARGE: usize = 16 << 20;

/// Returns a size or an offset of a table in pages of this system. The distance from the nearest page
/// boundary stays.
pub(crate) fn scaled(bytes: usize) -> usize {
    if bytes >= LARGE {
        return bytes;
    }
    let boundary = (bytes + PAGE / 2) / PAGE;
    boundary * page_size() + bytes - boundary * PAGE
}

/// Returns the case in pages of this system.
pub(crate) fn scaled_case(case: &Case) -> Case {
    let location = match case.location {
        Location::Offset(offset) => Location::Offset(scaled_offset(offset)),
        other => other,
    };
    let buffer = match case.buffer {
        Buffer::Bytes(len) => Buffer::Bytes(scaled(len)),
        // The kernel does not access these buffers.
        other => other,
    };
    case.with_sizes(location, buffer, |outcome| match outcome {
        Outcome::Transferred(count) => Outcome::Transferred(scaled(count)),
        Outcome::FailedAfter(status, count) => Outcome::FailedAfter(status, scaled(count)),
        Outcome::Failed(_) | Outcome::Skipped(_) => outcome,
    })
}

/// A negative offset is in the page before the layout.
fn scaled_offset(offset: isize) -> isize {
    let scaled = usize::try_from(offset).map(scaled);
    scaled.map_or(offset, |offset| isize::try_from(offset).unwrap())
}
