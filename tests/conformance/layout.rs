//! The VMO pages that a layout maps.

use super::case::{Area, AreaKind, PAGE};
use std::ops::Range;

/// A range of the layout whose contents can be read without the call under test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// From the start of the layout.
    pub(crate) offset: usize,
    pub(crate) len: usize,
    /// The index of the area that created the VMO.
    pub(crate) vmo: usize,
    /// From the start of the VMO.
    pub(crate) vmo_offset: usize,
}

impl Run {
    /// The part of `offset..offset + len` that is in this run, relative to `offset`, and the
    /// start of that part in the VMO.
    pub(crate) fn overlap(&self, offset: usize, len: usize) -> Option<(Range<usize>, usize)> {
        let start = self.offset.max(offset);
        let end = (self.offset + self.len).min(offset + len);
        (start < end).then(|| {
            (
                start - offset..end - offset,
                self.vmo_offset + start - self.offset,
            )
        })
    }
}

/// The runs of the layout, from its start to its end.
pub(crate) fn runs(memory: &[Area]) -> Vec<Run> {
    let mut runs = Vec::new();
    let (mut vmo, mut first_page, mut offset) = (0, 0, 0);
    for (index, area) in memory.iter().enumerate() {
        match area.kind {
            AreaKind::NextPages => first_page += memory[index - 1].pages,
            AreaKind::SamePages => {}
            _ => (vmo, first_page) = (index, 0),
        }
        let mut add = |pages: Range<usize>| {
            if !pages.is_empty() {
                runs.push(Run {
                    offset: offset + pages.start * PAGE,
                    len: pages.len() * PAGE,
                    vmo,
                    vmo_offset: (first_page + pages.start) * PAGE,
                });
            }
        };
        match area.kind {
            AreaKind::Mapped(_)
            | AreaKind::Untouched
            | AreaKind::NextPages
            | AreaKind::SamePages
            | AreaKind::Protected(_)
            | AreaKind::InSubVmar => add(0..area.pages),
            AreaKind::ShrunkTo(pages) => add(0..pages),
            AreaKind::SecondPageUnmapped => {
                add(0..1);
                add(2..area.pages);
            }
            AreaKind::WithPolicy(_)
            | AreaKind::Physical
            | AreaKind::Unmapped
            | AreaKind::EmptySubVmar
            | AreaKind::DestroyedSubVmar
            | AreaKind::Hole => {}
        }
        offset += area.pages * PAGE;
    }
    runs
}
