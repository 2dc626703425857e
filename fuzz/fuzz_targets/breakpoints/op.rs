//! The operations on a process and its breakpoints.

use super::memory::LEN;
use arbitrary::{Arbitrary, Result, Unstructured};
use zx_debug_memory::BreakInstruction;

#[derive(Arbitrary, Debug)]
pub(crate) enum Op<'a> {
    Insert(u8, Instruction),
    Remove(u8),
    Forget(u8),
    RemoveAll,
    /// A write by the debugger.
    Write(u8, Bytes<'a>),
    Read(u8, u8),
    /// A write by the program.
    Store(u8, Bytes<'a>),
    /// All operations at an address near the last one: the first field is the distance to it, the
    /// last one the length.
    Far(u8, Instruction, u8),
    /// Lifts a breakpoint. The program writes meanwhile.
    Lift(u8, u8, Bytes<'a>),
}

/// An offset into the memory, or a little past its end.
pub(crate) fn offset(any: u8) -> usize {
    usize::from(any) % (LEN + 6)
}

#[derive(Debug)]
pub(crate) struct Instruction(pub(crate) BreakInstruction);

impl<'a> Arbitrary<'a> for Instruction {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let all = [
            BreakInstruction::X86Int3,
            BreakInstruction::Arm64Brk,
            BreakInstruction::Riscv64Ebreak,
            BreakInstruction::Riscv64CEbreak,
        ];
        input.choose(&all).copied().map(Self)
    }
}

/// Random bytes or break instructions, so that data often looks like a breakpoint.
#[derive(Arbitrary, Debug)]
pub(crate) enum Bytes<'a> {
    Any(&'a [u8]),
    Instructions(Vec<Instruction>),
}

impl Bytes<'_> {
    pub(crate) fn all(&self) -> Vec<u8> {
        let mut all = match self {
            Self::Any(bytes) => bytes.to_vec(),
            Self::Instructions(all) => all.iter().flat_map(|one| one.0.bytes()).copied().collect(),
        };
        all.truncate(LEN + 6);
        all
    }
}
