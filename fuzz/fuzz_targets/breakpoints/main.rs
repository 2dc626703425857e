//! Sequences of operations on breakpoints, compared with the model of the crate's own tests.
//!
//! The debuggee is this process, because a child process would be slower. Only a few bytes before
//! an unmapped address are written.

#![no_main]

#[path = "../../../zx-debug-memory/tests/debugger/model/expected.rs"]
mod expected;
mod memory;
mod op;

use arbitrary::Arbitrary;
use expected::Model;
use libfuzzer_sys::fuzz_target;
use memory::{LEN, Memory};
use op::{Op, offset};
use std::sync::LazyLock;
use zx_debug_memory::{BreakInstruction, BreakpointError, Breakpoints, LiftError, OnDrop};
use zx_process_memory::{Process, Status, TransferError};

#[derive(Arbitrary, Debug)]
struct Session<'a> {
    program: [u8; LEN],
    leave_and_chunk: u8,
    operations: Vec<Op<'a>>,
}

fuzz_target!(|session: Session<'_>| session.run());

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::new);

static OWN: LazyLock<Process> = LazyLock::new(|| {
    // SAFETY: only `MEMORY` is written: atomics, for which every value is valid.
    unsafe { Process::current() }.unwrap()
});

impl Session<'_> {
    fn run(&self) {
        let memory = &*MEMORY;
        memory.store(0, &self.program);
        let on_drop = if self.leave_and_chunk & 1 == 1 {
            OnDrop::Leave
        } else {
            OnDrop::Remove
        };
        let mut both = Both {
            memory,
            breakpoints: Breakpoints::new(&OWN, on_drop),
            model: Model::new(self.program.to_vec()),
        };
        let chunk = 1 + usize::from(self.leave_and_chunk >> 1) % 8;
        for operation in &self.operations {
            both.apply(operation);
            both.compare();
            if matches!(operation, Op::Store(..)) {
                both.compare_by(chunk);
            }
        }
        both.compare_by(chunk);
        let Both {
            model, breakpoints, ..
        } = both;
        drop(breakpoints);
        let expected = match on_drop {
            OnDrop::Leave => model.memory,
            _ => model.shadow(),
        };
        assert_eq!(memory.bytes()[..], expected, "after the drop");
    }
}

struct Both<'a> {
    memory: &'a Memory,
    breakpoints: Breakpoints<&'a Process>,
    model: Model,
}

impl Both<'_> {
    /// Applies the operation to both, and compares the results.
    fn apply(&mut self, operation: &Op<'_>) {
        let base = self.memory.vaddr();
        match operation {
            Op::Insert(at, instruction) => self.insert(offset(*at), instruction.0),
            Op::Remove(at) => {
                let vaddr = base + offset(*at);
                let not_inserted = BreakpointError::NotInserted { vaddr };
                let expected = self.model.remove(offset(*at)).ok_or(not_inserted);
                assert_eq!(self.breakpoints.remove(vaddr), expected);
            }
            Op::Forget(at) => {
                let expected = self.model.inserted.remove(&offset(*at)).is_some();
                assert_eq!(self.breakpoints.forget(base + offset(*at)), expected);
            }
            Op::RemoveAll => {
                for at in self.model.inserted.keys().copied().collect::<Vec<_>>() {
                    let _ = self.model.remove(at);
                }
                assert_eq!(self.breakpoints.remove_all(), Ok(()));
            }
            Op::Write(at, bytes) => {
                let (at, bytes) = (offset(*at), bytes.all());
                let mapped = bytes.len().min(LEN.saturating_sub(at));
                self.model.write(at, &bytes[..mapped]);
                let result = self.breakpoints.write_all_memory(base + at, &bytes);
                assert_eq!(result, self.expected_transfer(at, bytes.len()));
            }
            Op::Store(at, bytes) => {
                let at = offset(*at).min(LEN);
                let mut bytes = bytes.all();
                bytes.truncate(LEN - at);
                self.model.memory[at..at + bytes.len()].copy_from_slice(&bytes);
                self.memory.store(at, &bytes);
            }
            Op::Lift(lifted, at, bytes) => self.lift(offset(*lifted), offset(*at), bytes.all()),
            Op::Read(at, len) => self.read(offset(*at), offset(*len)),
            Op::Far(back, instruction, len) => {
                self.far(usize::MAX - usize::from(*back), instruction.0, *len);
            }
        }
    }

    fn lift(&mut self, lifted: usize, at: usize, mut bytes: Vec<u8>) {
        let at = at.min(LEN);
        bytes.truncate(LEN - at);
        let range = at..at + bytes.len();
        let expected = self
            .model
            .lift(lifted, |memory| memory[range].copy_from_slice(&bytes));
        let vaddr = self.memory.vaddr() + lifted;
        let actual = self
            .breakpoints
            .lift(vaddr, |_| self.memory.store(at, &bytes));
        match actual {
            Err(LiftError::Lift(BreakpointError::NotInserted { .. })) => assert_eq!(expected, None),
            actual => {
                actual.unwrap();
                assert!(expected.is_some());
            }
        }
    }

    fn insert(&mut self, at: usize, instruction: BreakInstruction) {
        let (base, len, alignment) = (
            self.memory.vaddr(),
            instruction.bytes().len(),
            instruction.alignment(),
        );
        let vaddr = base + at;
        let expected = if vaddr % alignment != 0 {
            Err(BreakpointError::Misaligned { vaddr, alignment })
        } else if let Some(other) = self.model.overlapping(at, instruction) {
            let other = base + other;
            Err(BreakpointError::Overlaps { vaddr, other })
        } else if let Err(source) = self.expected_transfer(at, len) {
            Err(BreakpointError::Read { vaddr, source })
        } else {
            assert_eq!(self.model.insert(at, instruction), Ok(()));
            Ok(())
        };
        assert_eq!(self.breakpoints.insert(vaddr, instruction), expected);
    }

    fn read(&self, at: usize, len: usize) {
        let (vaddr, mut buffer) = (self.memory.vaddr() + at, vec![0xee; len]);
        let shadow = self.model.shadow();
        let expected = &shadow[at.min(LEN)..(at + len).min(LEN).max(at.min(LEN))];

        let result = self.breakpoints.read_exact_memory(vaddr, &mut buffer);
        assert_eq!(result, self.expected_transfer(at, len));
        assert_eq!(&buffer[..expected.len()], expected);

        buffer.fill(0xee);
        let expected_count = match expected.len() {
            _ if len == 0 => Err(Status::InvalidArgs),
            0 => Err(Status::OutOfRange),
            count => Ok(count),
        };
        let count = self.breakpoints.read_memory(vaddr, &mut buffer);
        assert_eq!(count, expected_count);
        assert_eq!(&buffer[..expected.len()], expected);
    }

    /// Operations at unmapped addresses, up to the last address.
    fn far(&mut self, vaddr: usize, instruction: BreakInstruction, len: u8) {
        assert!(self.breakpoints.insert(vaddr, instruction).is_err());
        assert!(self.breakpoints.remove(vaddr).is_err());
        let mut buffer = vec![0xcc; usize::from(len)];
        let read = self.breakpoints.read_exact_memory(vaddr, &mut buffer);
        let written = self.breakpoints.write_all_memory(vaddr, &buffer);
        for result in [read, written] {
            assert_eq!(result.is_ok(), len == 0);
        }
        assert!(self.breakpoints.read_memory(vaddr, &mut buffer).is_err());
    }

    /// The expected result of a transfer of `len` bytes: it stops at the end of the memory.
    fn expected_transfer(&self, at: usize, len: usize) -> Result<(), TransferError> {
        if len == 0 || at + len <= LEN {
            return Ok(());
        }
        let transferred = LEN.saturating_sub(at);
        // `TransferError` has no constructor.
        let mut error = OWN.read_exact_memory(1, &mut [0]).unwrap_err();
        error.transferred = transferred;
        error.vaddr = self.memory.vaddr() + at + transferred;
        error.status = Status::OutOfRange;
        Err(error)
    }

    fn compare(&self) {
        let base = self.memory.vaddr();
        let inserted = self
            .breakpoints
            .iter()
            .map(|(vaddr, instruction)| (vaddr - base, instruction));
        let expected = self.model.inserted.iter();
        assert!(inserted.eq(expected.map(|(at, (instruction, _))| (*at, *instruction))));
        let mut buffer = [0; LEN];
        self.breakpoints
            .read_exact_memory(base, &mut buffer)
            .unwrap();
        assert_eq!(buffer[..], self.model.shadow(), "reads");
        assert_eq!(self.memory.bytes()[..], self.model.memory, "memory");
    }

    /// Reads in chunks, which begin and end within instructions, return the same bytes.
    fn compare_by(&self, chunk: usize) {
        let (base, mut buffer) = (self.memory.vaddr(), [0; LEN]);
        for (at, part) in (base..).step_by(chunk).zip(buffer.chunks_mut(chunk)) {
            self.breakpoints.read_exact_memory(at, part).unwrap();
        }
        assert_eq!(buffer[..], self.model.shadow(), "chunks of {chunk}");
    }
}
