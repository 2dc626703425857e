//! The VMO pages that a layout maps.

use super::case::{Area, AreaKind, Pager};
use super::target::system::page_size;
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

/// The offset of an area from the start of the layout.
pub(crate) fn offset(memory: &[Area], index: usize) -> usize {
    memory[..index]
        .iter()
        .map(|area| area.pages() * page_size())
        .sum()
}

/// The VMO pages that an area maps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VmoPages {
    /// The index of the area that created the VMO.
    pub(crate) vmo: usize,
    /// The page of the VMO that the first page of the area maps.
    pub(crate) first: usize,
}

/// The VMO pages of each area.
pub(crate) fn vmo_pages(memory: &[Area]) -> Vec<VmoPages> {
    let mut all: Vec<VmoPages> = Vec::new();
    for (index, area) in memory.iter().enumerate() {
        let new = VmoPages {
            vmo: index,
            first: 0,
        };
        let previous = index
            .checked_sub(1)
            .map(|before| (all[before], memory[before].pages()));
        let (previous, pages) = previous.unwrap_or((new, 0));
        all.push(match area.kind {
            AreaKind::NextPages(_) => VmoPages {
                first: previous.first + pages,
                ..previous
            },
            AreaKind::SamePages => previous,
            AreaKind::PagesFrom(first) | AreaKind::SliceFrom(first) => {
                VmoPages { first, ..previous }
            }
            AreaKind::NewVmoFrom(first) => VmoPages { first, ..new },
            _ => new,
        });
    }
    all
}

/// How many pages the VMO of an area has: all that some area maps.
pub(crate) fn vmo_len(memory: &[Area], vmo: usize) -> usize {
    let ends = vmo_pages(memory).into_iter().zip(memory);
    let ends = ends.filter(|(pages, _)| pages.vmo == vmo);
    let pages = ends.map(|(pages, area)| pages.first + area.pages()).max();
    pages.unwrap_or(0) * page_size()
}

/// The runs of the layout, from its start to its end.
pub(crate) fn runs(memory: &[Area]) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut offset = 0;
    for (area, VmoPages { vmo, first }) in memory.iter().zip(vmo_pages(memory)) {
        let mut add = |pages: Range<usize>| {
            if !pages.is_empty() {
                runs.push(Run {
                    offset: offset + pages.start * page_size(),
                    len: pages.len() * page_size(),
                    vmo,
                    vmo_offset: (first + pages.start) * page_size(),
                });
            }
        };
        match area.kind {
            AreaKind::Mapped(_)
            | AreaKind::Untouched
            | AreaKind::NextPages(_)
            | AreaKind::SamePages
            | AreaKind::PagesFrom(_)
            | AreaKind::NewVmoFrom(_)
            | AreaKind::SnapshotOfPrevious(_)
            | AreaKind::SliceFrom(_)
            | AreaKind::Protected(_)
            | AreaKind::SecondPageProtected(_)
            | AreaKind::SecondPageProtectedAndBack(_)
            | AreaKind::SecondPageMappedAgain
            | AreaKind::Discardable { .. }
            | AreaKind::Contiguous
            | AreaKind::Paged(Pager::Supplied | Pager::SuppliesOnRequest)
            | AreaKind::InSubVmar => add(0..area.pages()),
            AreaKind::ShrunkTo(pages) => add(0..pages),
            AreaKind::SecondPageUnmapped => {
                add(0..1);
                add(2..area.pages());
            }
            AreaKind::WithPolicy(_)
            | AreaKind::Physical
            | AreaKind::Paged(Pager::Fails | Pager::Detached)
            | AreaKind::Unmapped
            | AreaKind::EmptySubVmar
            | AreaKind::DestroyedSubVmar
            | AreaKind::Hole => {}
        }
        offset += area.pages() * page_size();
    }
    runs
}
