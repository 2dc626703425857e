//! A model of `Breakpoints`. The fuzz target `breakpoints` uses it too.

use std::collections::BTreeMap;
use zx_debug_memory::{BreakInstruction, Removal};

/// The memory of a process with breakpoints. Addresses are offsets into the memory.
pub(crate) struct Model {
    /// The memory, with break instructions.
    pub(crate) memory: Vec<u8>,
    /// The instructions and original bytes of the breakpoints, by address.
    pub(crate) inserted: BTreeMap<usize, (BreakInstruction, Vec<u8>)>,
}

impl Model {
    pub(crate) fn new(memory: Vec<u8>) -> Self {
        Self {
            memory,
            inserted: BTreeMap::new(),
        }
    }

    fn is_intact(&self, at: usize) -> bool {
        let bytes = self.inserted[&at].0.bytes();
        self.memory[at..at + bytes.len()] == *bytes
    }

    /// The intact breakpoint that contains the byte.
    fn intact_breakpoint(&self, byte: usize) -> Option<usize> {
        let (at, (_, original)) = self.inserted.range(..=byte).next_back()?;
        (byte < at + original.len() && self.is_intact(*at)).then_some(*at)
    }

    /// The memory as reads return it: with the original bytes.
    pub(crate) fn shadow(&self) -> Vec<u8> {
        let byte = |byte| match self.intact_breakpoint(byte) {
            Some(at) => self.inserted[&at].1[byte - at],
            None => self.memory[byte],
        };
        (0..self.memory.len()).map(byte).collect()
    }

    /// The first breakpoint that the instruction would overlap.
    pub(crate) fn overlapping(&self, at: usize, instruction: BreakInstruction) -> Option<usize> {
        let end = at + instruction.bytes().len();
        let overlaps = |(other, (_, original)): &(&usize, &(_, Vec<u8>))| {
            **other < end && at < *other + original.len()
        };
        self.inserted.iter().find(overlaps).map(|(other, _)| *other)
    }

    /// Returns the address of the other breakpoint if they overlap.
    pub(crate) fn insert(&mut self, at: usize, instruction: BreakInstruction) -> Result<(), usize> {
        if let Some(other) = self.overlapping(at, instruction) {
            return Err(other);
        }
        let bytes = instruction.bytes();
        let range = at..at + bytes.len();
        let original = self.memory.splice(range, bytes.iter().copied()).collect();
        self.inserted.insert(at, (instruction, original));
        Ok(())
    }

    /// Returns `None` if no breakpoint is inserted there.
    pub(crate) fn remove(&mut self, at: usize) -> Option<Removal> {
        let is_intact = self
            .inserted
            .contains_key(&at)
            .then(|| self.is_intact(at))?;
        let (_, original) = self.inserted.remove(&at)?;
        if !is_intact {
            return Some(Removal::Overwritten);
        }
        self.memory[at..at + original.len()].copy_from_slice(&original);
        Some(Removal::Restored)
    }

    /// `step` changes the memory while the breakpoint is lifted. It is not put back if its bytes have
    /// changed. Returns `None`, without a call of `step`, if no breakpoint is inserted there.
    pub(crate) fn lift(&mut self, at: usize, step: impl FnOnce(&mut [u8])) -> Option<()> {
        let (instruction, original) = self.inserted.get(&at)?.clone();
        let range = at..at + original.len();
        let is_intact = self.is_intact(at);
        if is_intact {
            self.memory[range.clone()].copy_from_slice(&original);
        }
        step(&mut self.memory);
        if is_intact && self.memory[range.clone()] == original {
            self.memory[range].copy_from_slice(instruction.bytes());
        }
        Some(())
    }

    /// A write by the debugger.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) {
        let written = at..at + bytes.len();
        let intact: Vec<_> = written
            .clone()
            .map(|byte| self.intact_breakpoint(byte))
            .collect();
        let overwritten: Vec<_> = (self.inserted.iter())
            .filter(|(at, (_, original))| {
                **at < written.end && written.start < *at + original.len()
            })
            .map(|(at, _)| *at)
            .filter(|at| !self.is_intact(*at))
            .collect();
        for ((byte, value), breakpoint) in (at..).zip(bytes).zip(intact) {
            match breakpoint {
                Some(at) => self.inserted.get_mut(&at).unwrap().1[byte - at] = *value,
                None => self.memory[byte] = *value,
            }
        }
        // The bytes at an overwritten breakpoint are the new original bytes, even if they are
        // equal to the break instruction.
        if !bytes.is_empty() {
            for at in overwritten {
                let original = &mut self.inserted.get_mut(&at).unwrap().1;
                let end = at + original.len();
                original.copy_from_slice(&self.memory[at..end]);
            }
        }
    }
}
