//! What breakpoints should do, said as plainly as can be. The fuzz target `breakpoints`
//! has it, too.

use std::collections::BTreeMap;
use zx_debug_memory::{BreakInstruction, Removal};

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
        let (at, (_, original)) = self.inserted.range(..=byte).next_back()?;
        (byte < at + original.len() && self.stands(*at)).then_some(*at)
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
        let overlaps = |(other, (_, original)): &(&usize, &(_, Vec<u8>))| {
            **other < end && at < *other + original.len()
        };
        self.inserted.iter().find(overlaps).map(|(other, _)| *other)
    }

    pub(crate) fn insert(&mut self, at: usize, instruction: BreakInstruction) -> Result<(), usize> {
        if let Some(other) = self.in_the_way(at, instruction) {
            return Err(other);
        }
        let bytes = instruction.bytes();
        let range = at..at + bytes.len();
        let original = self.raw.splice(range, bytes.iter().copied()).collect();
        self.inserted.insert(at, (instruction, original));
        Ok(())
    }

    pub(crate) fn remove(&mut self, at: usize) -> Option<Removal> {
        let stands = self.inserted.contains_key(&at).then(|| self.stands(at))?;
        let (_, original) = self.inserted.remove(&at)?;
        if !stands {
            return Some(Removal::Overwritten);
        }
        self.raw[at..at + original.len()].copy_from_slice(&original);
        Some(Removal::Restored)
    }

    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        let written = at..at + bytes.len();
        let over: Vec<_> = written.clone().map(|byte| self.over(byte)).collect();
        let fallen: Vec<_> = (self.inserted.iter())
            .filter(|(at, (_, original))| {
                **at < written.end && written.start < *at + original.len()
            })
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
                let original = &mut self.inserted.get_mut(&at).unwrap().1;
                let end = at + original.len();
                original.copy_from_slice(&self.raw[at..end]);
            }
        }
    }
}
