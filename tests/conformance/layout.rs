//! Which part of which VMO stands behind a layout, and what it should hold.

use super::case::{Area, Case, Kind, Outcome, PAGE};

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
        let mut seen = |pages: std::ops::Range<usize>| {
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
            Kind::Mapped(_) | Kind::Next | Kind::Again | Kind::Protected(_) | Kind::InSubVmar => {
                seen(0..area.pages);
            }
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

/// The bytes that a call writes: never 0, and unlike from page to page.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    let once: Vec<u8> = (1..=251).collect();
    let mut bytes = once.repeat(len.div_ceil(once.len()));
    bytes.truncate(len);
    bytes
}

/// All that can be seen after the call, run by run.
pub(crate) fn expected(case: &Case, offset: Option<usize>, outcome: Outcome) -> Vec<u8> {
    let runs = runs(case.memory);
    // Each VMO, as far as it is seen: two mappings of one page show the same.
    let len = |vmo| {
        runs.iter()
            .filter(|run| run.vmo == vmo)
            .map(|run| run.from + run.len)
            .max()
    };
    let mut vmos: Vec<Vec<u8>> = (0..case.memory.len())
        .map(|vmo| vec![0; len(vmo).unwrap_or(0)])
        .collect();
    if let (Outcome::Wrote(count), Some(offset)) = (outcome, offset) {
        let bytes = pattern(count);
        let mut covered = 0;
        for run in &runs {
            let start = run.offset.max(offset);
            let end = (run.offset + run.len).min(offset + count);
            if start < end {
                let to = run.from + start - run.offset;
                let part = &bytes[start - offset..end - offset];
                vmos[run.vmo][to..to + part.len()].copy_from_slice(part);
                covered += part.len();
            }
        }
        assert_eq!(
            covered, count,
            "{}: a write where nothing can be seen",
            case.name
        );
    }
    let mut all = Vec::with_capacity(runs.iter().map(|run| run.len).sum());
    for run in &runs {
        all.extend_from_slice(&vmos[run.vmo][run.from..run.from + run.len]);
    }
    all
}
