//! The expected contents of a layout, by VMO, since two mappings may show the same page.

use super::case::{Area, AreaKind};
use super::layout::{Run, runs};

pub(crate) struct Image {
    runs: Vec<Run>,
    vmos: Vec<Vec<u8>>,
}

impl Image {
    /// The contents after `Target::lay_out`.
    pub(crate) fn zeroed(memory: &[Area]) -> Self {
        Self::new(memory, |_, len| vec![0; len])
    }

    /// The contents after `fill`. No two pages are equal, and only untouched areas contain zeros.
    pub(crate) fn filled(memory: &[Area]) -> Self {
        Self::new(memory, |vmo, len| match memory[vmo].kind {
            AreaKind::Untouched => vec![0; len],
            _ => pattern(100 * vmo, len),
        })
    }

    /// Makes the contents of each VMO, up to the last byte that is in a run.
    fn new(memory: &[Area], make: impl Fn(usize, usize) -> Vec<u8>) -> Self {
        let runs = runs(memory);
        let len = |vmo| {
            let ends = runs.iter().filter(|run| run.vmo == vmo);
            ends.map(|run| run.vmo_offset + run.len).max().unwrap_or(0)
        };
        let vmos = (0..memory.len()).map(|vmo| make(vmo, len(vmo))).collect();
        Self { runs, vmos }
    }

    /// The contents of each run.
    pub(crate) fn run_contents(&self) -> impl Iterator<Item = (&Run, &[u8])> {
        let bytes = |run: &Run| &self.vmos[run.vmo][run.vmo_offset..run.vmo_offset + run.len];
        self.runs.iter().map(move |run| (run, bytes(run)))
    }

    /// The offset of the first difference from `contents`, which are those of all runs in order.
    pub(crate) fn difference(&self, contents: &[u8]) -> Option<usize> {
        let mut offset = 0;
        for (_, expected) in self.run_contents() {
            let actual = &contents[offset..contents.len().min(offset + expected.len())];
            if let Some(at) = first_difference(expected, actual) {
                return Some(offset + at);
            }
            offset += expected.len();
        }
        (offset != contents.len()).then_some(offset)
    }

    /// Writes the bytes as the call does. `None` if some of them are in no run.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> Option<()> {
        let mut written = 0;
        for run in &self.runs {
            if let Some((part, start)) = run.overlap(offset, bytes.len()) {
                let to = &mut self.vmos[run.vmo][start..start + part.len()];
                to.copy_from_slice(&bytes[part]);
                written += to.len();
            }
        }
        (written == bytes.len()).then_some(())
    }

    /// The bytes that a read of this length returns. `None` if some of them are in no run.
    pub(crate) fn read(&self, offset: usize, len: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(len);
        for run in &self.runs {
            if let Some((part, start)) = run.overlap(offset, len) {
                bytes.extend_from_slice(&self.vmos[run.vmo][start..start + part.len()]);
            }
        }
        (bytes.len() == len).then_some(bytes)
    }
}

/// Calls `write` with each run and the bytes to fill it with, except in untouched areas.
pub(crate) fn fill(memory: &[Area], mut write: impl FnMut(&Run, &[u8])) {
    for (run, bytes) in Image::filled(memory).run_contents() {
        if memory[run.vmo].kind != AreaKind::Untouched {
            write(run, bytes);
        }
    }
}

/// The first offset at which the slices differ.
pub(crate) fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    // Compares the whole slices first, since single bytes are slow on an emulated processor.
    (one != other).then(|| {
        let at = one.iter().zip(other).position(|(one, other)| one != other);
        at.unwrap_or(one.len().min(other.len()))
    })
}

/// Bytes that differ from page to page and are never 0 and never the canary of a read buffer. A
/// write under test writes those from 0. Other starts are for filling memory.
pub(crate) fn pattern(start: usize, len: usize) -> Vec<u8> {
    let mut period: Vec<u8> = (1..=251).collect();
    period.rotate_left(start % 251);
    let mut bytes = period.repeat(len.div_ceil(period.len()));
    bytes.truncate(len);
    bytes
}
