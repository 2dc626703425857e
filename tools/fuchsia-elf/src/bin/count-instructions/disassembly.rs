//! Disassembles functions, and classifies their instructions by control flow.

use crate::{Elf, WRITE_MEMORY};
use capstone::arch::{self, BuildsCapstone, BuildsCapstoneExtraMode};
use capstone::{Capstone, Insn};
use object::{Architecture, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionKind};
use std::collections::BTreeSet;
use std::ops::Range;

/// Where execution continues after an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlFlow {
    Next,
    /// At this address or at the next instruction.
    Branch(u64),
    Jump(u64),
    /// A call of `zx_process_write_memory`.
    WriteMemoryCall,
    OtherCall,
    Return,
}

pub(crate) struct Instruction {
    pub(crate) range: Range<u64>,
    pub(crate) flow: ControlFlow,
}

pub(crate) struct TextSection {
    disassembler: Capstone,
    architecture: Architecture,
    start: u64,
    bytes: Vec<u8>,
    /// Addresses of the relocations whose symbol is `zx_process_write_memory`.
    call_relocations: BTreeSet<u64>,
}

impl TextSection {
    pub(crate) fn new(elf: &Elf) -> Result<Self, String> {
        let text = elf
            .sections()
            .find(|section| section.kind() == SectionKind::Text)
            .ok_or("no text section")?;
        let call_relocations = text.relocations().filter_map(|(address, relocation)| {
            let RelocationTarget::Symbol(index) = relocation.target() else {
                return None;
            };
            let symbol = elf.symbol_by_index(index).ok()?;
            (symbol.name() == Ok(WRITE_MEMORY)).then_some(address)
        });
        let architecture = elf.architecture();
        Ok(Self {
            disassembler: disassembler(architecture)?,
            architecture,
            start: text.address(),
            bytes: text.data().map_err(|error| error.to_string())?.to_vec(),
            call_relocations: call_relocations.collect(),
        })
    }

    /// The size of the section in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The instructions of the function `name`.
    pub(crate) fn function(&self, elf: &Elf, name: &str) -> Result<Vec<Instruction>, String> {
        let symbol = elf
            .symbols()
            .find(|symbol| symbol.name() == Ok(name))
            .ok_or_else(|| format!("no function {name}"))?;
        let (start, size) = (symbol.address(), symbol.size());
        let range = (|| {
            let from = usize::try_from(start.checked_sub(self.start)?).ok()?;
            Some(from..from.checked_add(usize::try_from(size).ok()?)?)
        })();
        let bytes = range
            .and_then(|range| self.bytes.get(range))
            .ok_or_else(|| format!("{name} is outside the text section"))?;
        let decoded = self
            .disassembler
            .disasm_all(bytes, start)
            .map_err(|error| error.to_string())?;
        let instructions: Vec<_> = decoded.iter().map(|one| self.instruction(one)).collect();
        // Capstone stops at the first instruction that it cannot decode.
        let end = instructions.last().map(|last| last.range.end);
        if end != Some(start + size) {
            return Err(format!("{name} contains an unknown instruction"));
        }
        Ok(instructions)
    }

    fn instruction(&self, decoded: &Insn) -> Instruction {
        let (start, len) = (decoded.address(), decoded.bytes().len() as u64);
        let mnemonic = decoded.mnemonic().unwrap_or_default();
        let operands = decoded.op_str().unwrap_or_default();
        let target = || {
            let last = operands.rsplit([',', ' ']).next().unwrap_or_default();
            let (sign, digits) = match last.trim_start_matches('#').strip_prefix('-') {
                Some(digits) => (-1, digits),
                None => (1, last.trim_start_matches('#')),
            };
            let number = match digits.strip_prefix("0x") {
                Some(hex) => i64::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            let number = sign * number.unwrap_or(i64::MAX);
            match self.architecture {
                // Capstone prints an offset from the instruction here, and an address elsewhere.
                Architecture::Riscv64 => start.wrapping_add_signed(number),
                _ => number.cast_unsigned(),
            }
        };
        // On riscv64 a call is a pair of instructions, and its relocation is at the first one.
        let mut relocations = self
            .call_relocations
            .range(start.saturating_sub(4)..start + len);
        let flow = match classify(self.architecture, mnemonic, operands) {
            Kind::Other => ControlFlow::Next,
            Kind::Branch => ControlFlow::Branch(target()),
            Kind::Jump => ControlFlow::Jump(target()),
            Kind::Return => ControlFlow::Return,
            Kind::Call if relocations.next().is_some() => ControlFlow::WriteMemoryCall,
            Kind::Call => ControlFlow::OtherCall,
        };
        Instruction {
            range: start..start + len,
            flow,
        }
    }
}

fn disassembler(architecture: Architecture) -> Result<Capstone, String> {
    match architecture {
        Architecture::X86_64 => Capstone::new()
            .x86()
            .mode(arch::x86::ArchMode::Mode64)
            .build(),
        Architecture::Aarch64 => Capstone::new()
            .arm64()
            .mode(arch::arm64::ArchMode::Arm)
            .build(),
        Architecture::Riscv64 => Capstone::new()
            .riscv()
            .mode(arch::riscv::ArchMode::RiscV64)
            .extra_mode([arch::riscv::ArchExtraMode::RiscVC].into_iter())
            .build(),
        other => return Err(format!("unsupported architecture {other:?}")),
    }
    .map_err(|error| error.to_string())
}

enum Kind {
    Branch,
    Jump,
    Call,
    Return,
    Other,
}

/// Classifies by mnemonic, since capstone's instruction groups differ between architectures.
fn classify(architecture: Architecture, mnemonic: &str, operands: &str) -> Kind {
    match architecture {
        Architecture::X86_64 => match mnemonic {
            "jmp" => Kind::Jump,
            "call" => Kind::Call,
            "ret" => Kind::Return,
            _ if mnemonic.starts_with('j') => Kind::Branch,
            _ => Kind::Other,
        },
        Architecture::Aarch64 => match mnemonic {
            "b" => Kind::Jump,
            "bl" | "blr" => Kind::Call,
            "ret" => Kind::Return,
            "cbz" | "cbnz" | "tbz" | "tbnz" => Kind::Branch,
            _ if mnemonic.starts_with("b.") => Kind::Branch,
            _ => Kind::Other,
        },
        _ => match mnemonic.trim_start_matches("c.") {
            "j" => Kind::Jump,
            "jal" | "jalr" => Kind::Call,
            "ret" => Kind::Return,
            "jr" if operands == "ra" => Kind::Return,
            "jr" => Kind::Jump,
            other if other.starts_with('b') => Kind::Branch,
            _ => Kind::Other,
        },
    }
}
