//! `Breakpoints` of zx-debug-memory: runs any sequence of operations, and compares the results with
//! the model in the tests of that crate.
//!
//! The debuggee is this process, since a child would make each run slower. The operations change only
//! `MEMORY`, a few bytes at the end of a page, where the next page is not accessible.

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
use zx_debug_memory::{BreakInstruction, BreakpointError, Breakpoints, OnDrop};
use zx_process_memory::{Process, Status, TransferError};

#[derive(Arbitrary, Debug)]
struct Session<'a> {
    program: [u8; LEN],
    is_left_and_chunk: u8,
    operations: Vec<Op<'a>>,
}

fuzz_target!(|session: Session<'_>| session.run());

static MEMORY: LazyLock<Memory> = LazyLock::new(Memory::new);

static OWN: LazyLock<Process> = LazyLock::new(|| {
    // SAFETY: writes through this handle change only `MEMORY`, which consists of atomics.
    unsafe { Process::current() }.unwrap()
});

impl Session<'_> {
    fn run(&self) {
        let memory = &*MEMORY;
        memory.store(0, &self.program);
        let on_drop = if self.is_left_and_chunk & 1 == 1 {
            OnDrop::Leave
        } else {
            OnDrop::Remove
        };
        let mut both = Both {
            memory,
            breakpoints: Breakpoints::new(&OWN, on_drop),
            model: Model::new(self.program.to_vec()),
        };
        let chunk = 1 + usize::from(self.is_left_and_chunk >> 1) % 8;
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
            OnDrop::Leave => model.raw,
            _ => model.seen(),
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
                let nothing = BreakpointError::NotInserted { vaddr };
                let expected = self.model.remove(offset(*at)).ok_or(nothing);
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
                let there = bytes.len().min(LEN.saturating_sub(at));
                self.model.write(at, &bytes[..there]);
                let outcome = self.breakpoints.write_all_memory(base + at, &bytes);
                assert_eq!(outcome, self.stopped(at, bytes.len()));
            }
            Op::Store(at, bytes) => {
                let at = offset(*at).min(LEN);
                let mut bytes = bytes.all();
                bytes.truncate(LEN - at);
                self.model.raw[at..at + bytes.len()].copy_from_slice(&bytes);
                self.memory.store(at, &bytes);
            }
            Op::Read(at, len) => self.read(offset(*at), offset(*len)),
            Op::Far(back, instruction, len) => {
                self.far(usize::MAX - usize::from(*back), instruction.0, *len);
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
        } else if let Some(other) = self.model.in_the_way(at, instruction) {
            let other = base + other;
            Err(BreakpointError::Overlaps { vaddr, other })
        } else if let Err(stopped) = self.stopped(at, len) {
            Err(BreakpointError::Read { vaddr, stopped })
        } else {
            assert_eq!(self.model.insert(at, instruction), Ok(()));
            Ok(())
        };
        assert_eq!(self.breakpoints.insert(vaddr, instruction), expected);
    }

    fn read(&self, at: usize, len: usize) {
        let (vaddr, mut buffer) = (self.memory.vaddr() + at, vec![0xee; len]);
        let seen = self.model.seen();
        let there = &seen[at.min(LEN)..(at + len).min(LEN).max(at.min(LEN))];

        let outcome = self.breakpoints.read_exact_memory(vaddr, &mut buffer);
        assert_eq!(outcome, self.stopped(at, len));
        assert_eq!(&buffer[..there.len()], there);

        buffer.fill(0xee);
        let expected = match there.len() {
            _ if len == 0 => Err(Status::InvalidArgs),
            0 => Err(Status::OutOfRange),
            count => Ok(count),
        };
        let count = self.breakpoints.read_memory(vaddr, &mut buffer);
        assert_eq!(count, expected);
        assert_eq!(&buffer[..there.len()], there);
    }

    /// Operations near the end of the address space fail.
    fn far(&mut self, vaddr: usize, instruction: BreakInstruction, len: u8) {
        assert!(self.breakpoints.insert(vaddr, instruction).is_err());
        assert!(self.breakpoints.remove(vaddr).is_err());
        let mut buffer = vec![0xcc; usize::from(len)];
        let read = self.breakpoints.read_exact_memory(vaddr, &mut buffer);
        let written = self.breakpoints.write_all_memory(vaddr, &buffer);
        for outcome in [read, written] {
            assert_eq!(outcome.is_ok(), len == 0);
        }
        assert!(self.breakpoints.read_memory(vaddr, &mut buffer).is_err());
    }

    /// The expected result of an access to `len` bytes, which fails at the end of the region.
    fn stopped(&self, at: usize, len: usize) -> Result<(), TransferError> {
        if len == 0 || at + len <= LEN {
            return Ok(());
        }
        // `TransferError` has no public constructor.
        let base = self.memory.vaddr();
        let done = LEN.saturating_sub(at);
        let mut stopped = OWN.read_exact_memory(1, &mut [0]).unwrap_err();
        stopped.transferred = done;
        stopped.vaddr = base + at + done;
        stopped.status = Status::OutOfRange;
        Err(stopped)
    }

    fn compare(&self) {
        let base = self.memory.vaddr();
        let inserted = self.breakpoints.iter().map(|(at, what)| (at - base, what));
        let expected = self.model.inserted.iter();
        assert!(inserted.eq(expected.map(|(at, (what, _))| (*at, *what))));
        let mut seen = [0; LEN];
        self.breakpoints.read_exact_memory(base, &mut seen).unwrap();
        assert_eq!(seen[..], self.model.seen(), "with original bytes");
        assert_eq!(
            self.memory.bytes()[..],
            self.model.raw,
            "with break instructions"
        );
    }

    /// Reads in parts of `chunk` bytes, which start and end inside instructions, return the same bytes
    /// as one read.
    fn compare_by(&self, chunk: usize) {
        let (base, mut seen) = (self.memory.vaddr(), [0; LEN]);
        for (at, part) in (base..).step_by(chunk).zip(seen.chunks_mut(chunk)) {
            self.breakpoints.read_exact_memory(at, part).unwrap();
        }
        assert_eq!(seen[..], self.model.seen(), "in parts of {chunk} bytes");
    }
}
