use crate::BreakInstruction;
use gdbstub::arch::{Arch, Registers};

/// An architecture for [`MemoryTarget`](super::MemoryTarget): [`X86_64`], [`Arm64`] or
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
    /// Returns the break instruction for the _kind_ of GDB's `Z0` packet, or `None` if the
    /// architecture has no such kind.
    ///
    /// On these architectures the kind is the length of the instruction in bytes.
    ///
    /// An example is at [`MemoryArch`].
    fn break_instruction(kind: usize) -> Option<BreakInstruction>;
}

/// Registers whose values are not available: GDB displays `<unavailable>`.
///
/// The program counter is 0, an address at which no process has code. GDB 13 closes the connection
/// if the program counter is unavailable ("PC register is not available").
///
/// `LEN` is the size of GDB's general registers and `PC` is the offset of the program counter in
/// them, both in bytes.
///
/// ```
/// use gdbstub::arch::Registers;
/// use zx_debug_memory::gdb::UnavailableRegisters;
///
/// let mut bytes = Vec::new();
/// UnavailableRegisters::<11, 2>.gdb_serialize(|byte| bytes.push(byte));
/// assert_eq!(bytes[..3], [None, None, Some(0)]);
/// assert_eq!(bytes[9..], [Some(0), None]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnavailableRegisters<const LEN: usize, const PC: usize>;

impl<const LEN: usize, const PC: usize> Registers for UnavailableRegisters<LEN, PC> {
    type ProgramCounter = u64;

    fn pc(&self) -> u64 {
        0
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        let pc = PC..PC + size_of::<u64>();
        for offset in 0..LEN {
            write_byte(pc.contains(&offset).then_some(0));
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
    /// The x86-64 architecture.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::X86_64::target_description_xml().unwrap();
    /// assert!(xml.contains("i386:x86-64"));
    /// ```
    // 16 registers and rip with 8 bytes each; eflags and 6 segment registers with 4 bytes each.
    X86_64, "i386:x86-64", 164, 128, 1: X86Int3;
    /// The arm64 architecture.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::Arm64::target_description_xml().unwrap();
    /// assert!(xml.contains("aarch64"));
    /// ```
    // x0 to x30, sp and pc with 8 bytes each; cpsr with 4 bytes.
    Arm64, "aarch64", 268, 256, 4: Arm64Brk;
    /// The riscv64 architecture, with compressed instructions.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::Riscv64::target_description_xml().unwrap();
    /// assert!(xml.contains("riscv:rv64"));
    /// ```
    // x0 to x31 and pc with 8 bytes each.
    Riscv64, "riscv:rv64", 264, 256, 2: Riscv64CEbreak, 4: Riscv64Ebreak;
}
