//! What the memory of a case holds, VMO by VMO: two mappings of one page show the same.

use super::case::{Area, Kind};
use super::layout::{Run, runs};

pub(crate) struct Image {
    runs: Vec<Run>,
    vmos: Vec<Vec<u8>>,
}

impl Image {
    /// As it is laid out.
    pub(crate) fn zeroed(memory: &[Area]) -> Self {
        Self::new(memory, |_, len| vec![0; len])
    }

    /// As `fill` leaves it: no two pages alike, and zeros nowhere but in what is
    /// fresh.
    pub(crate) fn filled(memory: &[Area]) -> Self {
        Self::new(memory, |vmo, len| match memory[vmo].kind {
            Kind::Fresh => vec![0; len],
            _ => pattern(100 * vmo, len),
        })
    }

    /// Each VMO as far as it is seen.
    fn new(memory: &[Area], make: impl Fn(usize, usize) -> Vec<u8>) -> Self {
        let runs = runs(memory);
        let len = |vmo| {
            let ends = runs.iter().filter(|run| run.vmo == vmo);
            ends.map(|run| run.from + run.len).max().unwrap_or(0)
        };
        let vmos = (0..memory.len()).map(|vmo| make(vmo, len(vmo))).collect();
        Self { runs, vmos }
    }

    /// All that can be seen, run by run.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Run, &[u8])> {
        let bytes = |run: &Run| &self.vmos[run.vmo][run.from..run.from + run.len];
        self.runs.iter().map(move |run| (run, bytes(run)))
    }

    /// Where what is seen, one run behind the other, is not as it is here.
    pub(crate) fn difference(&self, seen: &[u8]) -> Option<usize> {
        let mut done = 0;
        for (_, part) in self.parts() {
            let seen = &seen[done..seen.len().min(done + part.len())];
            if let Some(at) = first_difference(part, seen) {
                return Some(done + at);
            }
            done += part.len();
        }
        (done != seen.len()).then_some(done)
    }

    /// Puts the bytes where a call that wrote them did. `None` if they are not all seen.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> Option<()> {
        let mut covered = 0;
        for run in &self.runs {
            if let Some((part, from)) = run.overlap(offset, bytes.len()) {
                let to = &mut self.vmos[run.vmo][from..from + part.len()];
                to.copy_from_slice(&bytes[part]);
                covered += to.len();
            }
        }
        (covered == bytes.len()).then_some(())
    }

    /// What a call that reads so many bytes reads. `None` if they are not all seen.
    pub(crate) fn read(&self, offset: usize, len: usize) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(len);
        for run in &self.runs {
            if let Some((part, from)) = run.overlap(offset, len) {
                bytes.extend_from_slice(&self.vmos[run.vmo][from..from + part.len()]);
            }
        }
        (bytes.len() == len).then_some(bytes)
    }
}

/// Fills memory by what puts a run's bytes where it is. What is fresh stays so.
pub(crate) fn fill(memory: &[Area], mut put: impl FnMut(&Run, &[u8])) {
    for (run, bytes) in Image::filled(memory).parts() {
        if memory[run.vmo].kind != Kind::Fresh {
            put(run, bytes);
        }
    }
}

/// Where two slices begin to differ.
pub(crate) fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    // Compared as a whole first: a byte at a time is slow where a processor is emulated.
    (one != other).then(|| {
        let at = one.iter().zip(other).position(|(one, other)| one != other);
        at.unwrap_or(one.len().min(other.len()))
    })
}

/// The bytes that a call writes, from its first on; with another start, those with which
/// memory is filled. Never 0, never a reader's canary, and unlike from page to page.
pub(crate) fn pattern(start: usize, len: usize) -> Vec<u8> {
    let mut once: Vec<u8> = (1..=251).collect();
    once.rotate_left(start % 251);
    let mut bytes = once.repeat(len.div_ceil(once.len()));
    bytes.truncate(len);
    bytes
}
