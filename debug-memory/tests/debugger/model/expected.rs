//! What breakpoints should do, said as plainly as can be. The fuzz target `breakpoints`
//! has it, too.

use std::collections::BTreeMap;
use zx_debug_memory::{BreakInstruction, Removed};

/// What the process is taken for, byte by byte.
pub(crate) struct Model {
    pub(crate) raw: Vec<u8>,
    pub(crate) inserted: BTreeMap<usize, (BreakInstruction, Vec<u8>)>,
}

impl Model {
    pub(crate) fn new(raw: Vec<u8>) -> Self {
        Self {
            raw,
            inserted: BTreeMap::new(),
        }
    }

    fn stands(&self, at: usize) -> bool {
        let bytes = self.inserted[&at].0.bytes();
        self.raw[at..at + bytes.len()] == *bytes
    }

    /// The breakpoint whose instruction stands over this byte.
    fn over(&self, byte: usize) -> Option<usize> {
        let (at, (_, kept)) = self.inserted.range(..=byte).next_back()?;
        (byte < at + kept.len() && self.stands(*at)).then_some(*at)
    }

    pub(crate) fn seen(&self) -> Vec<u8> {
        let byte = |byte| match self.over(byte) {
            Some(at) => self.inserted[&at].1[byte - at],
            None => self.raw[byte],
        };
        (0..self.raw.len()).map(byte).collect()
    }

    /// The first breakpoint that is in the way of another one.
    pub(crate) fn in_the_way(&self, at: usize, instruction: BreakInstruction) -> Option<usize> {
        let end = at + instruction.bytes().len();
        let overlaps = |(other, (_, kept)): &(&usize, &(_, Vec<u8>))| {
            **other < end && at < *other + kept.len()
        };
        self.inserted.iter().find(overlaps).map(|(other, _)| *other)
    }

    pub(crate) fn insert(&mut self, at: usize, instruction: BreakInstruction) -> Result<(), usize> {
        if let Some(other) = self.in_the_way(at, instruction) {
            return Err(other);
        }
        let bytes = instruction.bytes();
        let range = at..at + bytes.len();
        let kept = self.raw.splice(range, bytes.iter().copied()).collect();
        self.inserted.insert(at, (instruction, kept));
        Ok(())
    }

    pub(crate) fn remove(&mut self, at: usize) -> Option<Removed> {
        let stands = self.inserted.contains_key(&at).then(|| self.stands(at))?;
        let (_, kept) = self.inserted.remove(&at)?;
        if !stands {
            return Some(Removed::Replaced);
        }
        self.raw[at..at + kept.len()].copy_from_slice(&kept);
        Some(Removed::Restored)
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        let written = at..at + bytes.len();
        let over: Vec<_> = written.clone().map(|byte| self.over(byte)).collect();
        let fallen: Vec<_> = (self.inserted.iter())
            .filter(|(at, (_, kept))| **at < written.end && written.start < *at + kept.len())
            .map(|(at, _)| *at)
            .filter(|at| !self.stands(*at))
            .collect();
        for ((byte, value), over) in (at..).zip(bytes).zip(over) {
            match over {
                Some(at) => self.inserted.get_mut(&at).unwrap().1[byte - at] = *value,
                None => self.raw[byte] = *value,
            }
        }
        // What was written counts, even if it makes a break instruction again.
        if !bytes.is_empty() {
            for at in fallen {
                let kept = &mut self.inserted.get_mut(&at).unwrap().1;
                let end = at + kept.len();
                kept.copy_from_slice(&self.raw[at..end]);
            }
        }
    }
}
