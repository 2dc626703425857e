//! Machine code, one instruction after the other.

use crate::{CALL, Elf};
use capstone::arch::{self, BuildsCapstone, BuildsCapstoneExtraMode};
use capstone::{Capstone, Insn};
use object::{Architecture, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionKind};
use std::collections::BTreeSet;
use std::ops::Range;

/// What an instruction does to the way through the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Next,
    /// To the address, or on.
    Branch(u64),
    Jump(u64),
    /// The call that is looked for; then on.
    TheCall,
    /// Any other call.
    OtherCall,
    Return,
}

pub(crate) struct Instruction {
    pub(crate) range: Range<u64>,
    pub(crate) step: Step,
}

pub(crate) struct Code {
    disassembler: Capstone,
    architecture: Architecture,
    start: u64,
    bytes: Vec<u8>,
    /// Addresses of code that names the call.
    names_the_call: BTreeSet<u64>,
}

impl Code {
    pub(crate) fn of(elf: &Elf) -> Result<Self, String> {
        let text = elf
            .sections()
            .find(|section| section.kind() == SectionKind::Text)
            .ok_or("no code")?;
        let names_the_call = text.relocations().filter_map(|(address, relocation)| {
            let RelocationTarget::Symbol(index) = relocation.target() else {
                return None;
            };
            let symbol = elf.symbol_by_index(index).ok()?;
            (symbol.name() == Ok(CALL)).then_some(address)
        });
        let architecture = elf.architecture();
        Ok(Self {
            disassembler: disassembler(architecture)?,
            architecture,
            start: text.address(),
            bytes: text.data().map_err(|error| error.to_string())?.to_vec(),
            names_the_call: names_the_call.collect(),
        })
    }

    /// Of all functions.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn function(&self, elf: &Elf, name: &str) -> Result<Vec<Instruction>, String> {
        let symbol = elf
            .symbols()
            .find(|symbol| symbol.name() == Ok(name))
            .ok_or(format!("no function {name}"))?;
        let (start, size) = (symbol.address(), symbol.size());
        let at = usize::try_from(start - self.start).map_err(|error| error.to_string())?;
        let size = usize::try_from(size).map_err(|error| error.to_string())?;
        let bytes = self
            .bytes
            .get(at..at + size)
            .ok_or(format!("{name} is cut off"))?;
        let decoded = self
            .disassembler
            .disasm_all(bytes, start)
            .map_err(|error| error.to_string())?;
        let instructions: Vec<_> = decoded.iter().map(|one| self.instruction(one)).collect();
        let end = instructions.last().map(|last| last.range.end);
        if end != Some(symbol.address() + symbol.size()) {
            return Err(format!("{name} has an instruction that is not known"));
        }
        Ok(instructions)
    }

    fn instruction(&self, decoded: &Insn) -> Instruction {
        let (start, len) = (decoded.address(), decoded.bytes().len() as u64);
        let (name, operands) = (
            decoded.mnemonic().unwrap_or_default(),
            decoded.op_str().unwrap_or_default(),
        );
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
                // Shown as what is added to the instruction's own address.
                Architecture::Riscv64 => start.wrapping_add_signed(number),
                _ => number.cast_unsigned(),
            }
        };
        // On riscv64 the call is a pair, of which the first names it.
        let named = self
            .names_the_call
            .range(start.saturating_sub(4)..start + len);
        let step = match kind(self.architecture, name, operands) {
            Kind::Next => Step::Next,
            Kind::Branch => Step::Branch(target()),
            Kind::Jump => Step::Jump(target()),
            Kind::Return => Step::Return,
            Kind::Call if named.count() > 0 => Step::TheCall,
            Kind::Call => Step::OtherCall,
        };
        Instruction {
            range: start..start + len,
            step,
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
        other => return Err(format!("{other:?} is not known here")),
    }
    .map_err(|error| error.to_string())
}

enum Kind {
    Next,
    Branch,
    Jump,
    Call,
    Return,
}

/// By the mnemonic, since the disassembler does not group them alike everywhere.
fn kind(architecture: Architecture, name: &str, operands: &str) -> Kind {
    match architecture {
        Architecture::X86_64 => match name {
            "jmp" => Kind::Jump,
            "call" => Kind::Call,
            "ret" => Kind::Return,
            _ if name.starts_with('j') => Kind::Branch,
            _ => Kind::Next,
        },
        Architecture::Aarch64 => match name {
            "b" => Kind::Jump,
            "bl" | "blr" => Kind::Call,
            "ret" => Kind::Return,
            "cbz" | "cbnz" | "tbz" | "tbnz" => Kind::Branch,
            _ if name.starts_with("b.") => Kind::Branch,
            _ => Kind::Next,
        },
        _ => match name.trim_start_matches("c.") {
            "j" => Kind::Jump,
            "jal" | "jalr" => Kind::Call,
            "ret" => Kind::Return,
            "jr" if operands == "ra" => Kind::Return,
            "jr" => Kind::Jump,
            name if name.starts_with('b') => Kind::Branch,
            _ => Kind::Next,
        },
    }
}
