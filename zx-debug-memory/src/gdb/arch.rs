use crate::BreakInstruction;
use gdbstub::arch::{Arch, Registers};

/// An architecture of which GDB sees memory and breakpoints: [`X86_64`], [`Arm64`],
/// [`Riscv64`].
///
/// ```
/// use zx_debug_memory::BreakInstruction;
/// use zx_debug_memory::gdb::{Arm64, MemoryArch, Riscv64, X86_64};
///
/// assert_eq!(X86_64::break_instruction(1), Some(BreakInstruction::X86Int3));
/// assert_eq!(Arm64::break_instruction(4), Some(BreakInstruction::Arm64Brk));
/// assert_eq!(Riscv64::break_instruction(2), Some(BreakInstruction::Riscv64CEbreak));
/// assert_eq!(Riscv64::break_instruction(3), None);
/// ```
pub trait MemoryArch: Arch<Usize = u64, BreakpointKind = usize> {
    /// The instruction for the _kind_ of a `Z0` packet, which on these architectures is its
    /// length in bytes; `None` where there is none of that length.
    fn break_instruction(kind: usize) -> Option<BreakInstruction>;
}

/// Registers that are there and cannot be read: GDB shows `<unavailable>`. All but one: a
/// GDB that is told no program counter gives up the connection ("PC register is not
/// available", seen with GDB 13), so it gets 0, where no process has code.
///
/// `LEN` is the size of the general registers and `PC` where among them the program counter
/// stands, in bytes.
///
/// ```
/// use gdbstub::arch::Registers;
/// use zx_debug_memory::gdb::UnavailableRegisters;
///
/// let mut shown = Vec::new();
/// UnavailableRegisters::<11, 2>.gdb_serialize(|byte| shown.push(byte));
/// assert_eq!(shown[..3], [None, None, Some(0)]);
/// assert_eq!(shown[9..], [Some(0), None]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnavailableRegisters<const LEN: usize, const PC: usize>;

impl<const LEN: usize, const PC: usize> Registers for UnavailableRegisters<LEN, PC> {
    type ProgramCounter = u64;

    fn pc(&self) -> u64 {
        0
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        for at in 0..LEN {
            write_byte((PC..PC + size_of::<u64>()).contains(&at).then_some(0));
        }
    }

    fn gdb_deserialize(&mut self, _bytes: &[u8]) -> Result<(), ()> {
        Ok(())
    }
}

macro_rules! architectures {
    ($($(#[$doc:meta])* $name:ident, $gdb:literal, $len:literal, $pc:literal, $($kind:literal: $instruction:ident),*;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl Arch for $name {
            type Usize = u64;
            type Registers = UnavailableRegisters<$len, $pc>;
            type BreakpointKind = usize;
            type RegId = ();

            fn target_description_xml() -> Option<&'static str> {
                Some(concat!(
                    r#"<target version="1.0"><architecture>"#,
                    $gdb,
                    "</architecture></target>"
                ))
            }
        }

        impl MemoryArch for $name {
            fn break_instruction(kind: usize) -> Option<BreakInstruction> {
                match kind {
                    $($kind => Some(BreakInstruction::$instruction),)*
                    _ => None,
                }
            }
        }
    )*};
}

architectures! {
    /// x86-64.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::X86_64::target_description_xml().unwrap();
    /// assert!(xml.contains("i386:x86-64"));
    /// ```
    // 16 registers and rip of 8 bytes, eflags and 6 segments of 4.
    X86_64, "i386:x86-64", 164, 128, 1: X86Int3;
    /// arm64.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::Arm64::target_description_xml().unwrap();
    /// assert!(xml.contains("aarch64"));
    /// ```
    // x0 to x30, sp and pc of 8 bytes, cpsr of 4.
    Arm64, "aarch64", 268, 256, 4: Arm64Brk;
    /// riscv64, with compressed instructions.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::Riscv64::target_description_xml().unwrap();
    /// assert!(xml.contains("riscv:rv64"));
    /// ```
    // x0 to x31 and pc of 8 bytes.
    Riscv64, "riscv:rv64", 264, 256, 2: Riscv64CEbreak, 4: Riscv64Ebreak;
}
