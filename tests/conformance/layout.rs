//! Which part of which VMO stands behind a layout.

use super::case::{Area, Kind, PAGE};
use std::ops::Range;

/// Bytes that can be looked at without the call under test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// From the start of the layout.
    pub(crate) offset: usize,
    pub(crate) len: usize,
    /// The number of the area that brought the VMO.
    pub(crate) vmo: usize,
    /// From the start of the VMO.
    pub(crate) from: usize,
}

impl Run {
    /// The part of so many bytes at an offset that this run shows, and where that stands in
    /// the VMO.
    pub(crate) fn overlap(&self, offset: usize, len: usize) -> Option<(Range<usize>, usize)> {
        let start = self.offset.max(offset);
        let end = (self.offset + self.len).min(offset + len);
        (start < end).then(|| {
            (
                start - offset..end - offset,
                self.from + start - self.offset,
            )
        })
    }
}

/// What can be seen of the layout, from its start to its end.
pub(crate) fn runs(memory: &[Area]) -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut vmo, mut first, mut offset) = (0, 0, 0);
    for (index, area) in memory.iter().enumerate() {
        match area.kind {
            Kind::Next => first += memory[index - 1].pages,
            Kind::Again => {}
            _ => (vmo, first) = (index, 0),
        }
        let mut seen = |pages: Range<usize>| {
            if !pages.is_empty() {
                runs.push(Run {
                    offset: offset + pages.start * PAGE,
                    len: pages.len() * PAGE,
                    vmo,
                    from: (first + pages.start) * PAGE,
                });
            }
        };
        match area.kind {
            Kind::Mapped(_)
            | Kind::Fresh
            | Kind::Next
            | Kind::Again
            | Kind::Protected(_)
            | Kind::InSubVmar => seen(0..area.pages),
            Kind::ShrunkTo(kept) => seen(0..kept),
            Kind::Punched => {
                seen(0..1);
                seen(2..area.pages);
            }
            Kind::Policy(_)
            | Kind::Physical
            | Kind::Unmapped
            | Kind::EmptySubVmar
            | Kind::DestroyedSubVmar
            | Kind::Hole => {}
        }
        offset += area.pages * PAGE;
    }
    runs
}
