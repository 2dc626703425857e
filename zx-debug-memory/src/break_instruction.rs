/// The instruction that a breakpoint writes into the process.
///
/// ```
/// use zx_debug_memory::BreakInstruction;
///
/// assert_eq!(BreakInstruction::X86Int3.bytes(), [0xcc]);
/// assert_eq!(BreakInstruction::Arm64Brk.alignment(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakInstruction {
    /// x86-64 `int3`: `CC`.
    X86Int3,
    /// arm64 `brk #0`: `00 00 20 D4`.
    Arm64Brk,
    /// riscv64 `ebreak`: `73 00 10 00`. Replaces an instruction of four bytes.
    Riscv64Ebreak,
    /// riscv64 `c.ebreak`: `02 90`. Replaces a compressed instruction of two bytes.
    Riscv64CEbreak,
}

impl BreakInstruction {
    /// The break instruction of the architecture that this crate is compiled for: the one for a process on
    /// the debugger's machine. It exists on x86-64, arm64 and riscv64.
    ///
    /// On riscv64 it is `c.ebreak`, which is as short as the shortest instruction. In place of a longer
    /// instruction it changes only the first two bytes, and the processor stops before the rest matters. It
    /// requires the extension C, which Fuchsia and Linux distributions require too.
    ///
    /// ```
    /// # #[cfg(target_arch = "x86_64")]
    /// # {
    /// use zx_debug_memory::BreakInstruction;
    ///
    /// assert_eq!(BreakInstruction::NATIVE, BreakInstruction::X86Int3);
    /// # }
    /// ```
    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))]
    pub const NATIVE: Self = if cfg!(target_arch = "x86_64") {
        Self::X86Int3
    } else if cfg!(target_arch = "aarch64") {
        Self::Arm64Brk
    } else {
        Self::Riscv64CEbreak
    };

    /// Returns the instruction's bytes in memory order.
    ///
    /// ```
    /// use zx_debug_memory::BreakInstruction;
    ///
    /// assert_eq!(BreakInstruction::Riscv64CEbreak.bytes(), [0x02, 0x90]);
    /// ```
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::X86Int3 => &[0xcc],
            Self::Arm64Brk => &[0x00, 0x00, 0x20, 0xd4],
            Self::Riscv64Ebreak => &[0x73, 0x00, 0x10, 0x00],
            Self::Riscv64CEbreak => &[0x02, 0x90],
        }
    }

    /// Returns the alignment that the instruction's address must have, in bytes.
    ///
    /// ```
    /// use zx_debug_memory::BreakInstruction;
    ///
    /// assert_eq!(BreakInstruction::X86Int3.alignment(), 1);
    /// ```
    #[must_use]
    pub const fn alignment(self) -> usize {
        match self {
            Self::X86Int3 => 1,
            Self::Riscv64Ebreak | Self::Riscv64CEbreak => 2,
            Self::Arm64Brk => 4,
        }
    }

    /// Returns the address of the break instruction, from the program counter that the exception reports.
    ///
    /// An x86-64 processor has executed `int3`, so the program counter is one past it. The other
    /// architectures report the address of the instruction (tested on all three).
    ///
    /// ```
    /// use zx_debug_memory::BreakInstruction;
    ///
    /// assert_eq!(BreakInstruction::X86Int3.vaddr_from_pc(0x1001), 0x1000);
    /// assert_eq!(BreakInstruction::Arm64Brk.vaddr_from_pc(0x1000), 0x1000);
    /// ```
    #[must_use]
    pub const fn vaddr_from_pc(self, pc: usize) -> usize {
        match self {
            Self::X86Int3 => pc.wrapping_sub(1),
            Self::Arm64Brk | Self::Riscv64Ebreak | Self::Riscv64CEbreak => pc,
        }
    }

    /// Returns the riscv64 break instruction that is as long as the instruction it replaces.
    ///
    /// `first_byte` is the first byte of the replaced instruction. It encodes the length: a
    /// longer break instruction would overwrite the next instruction.
    ///
    /// ```
    /// use zx_debug_memory::BreakInstruction;
    ///
    /// // `c.nop` and `nop`.
    /// assert_eq!(BreakInstruction::riscv64(0x01), BreakInstruction::Riscv64CEbreak);
    /// assert_eq!(BreakInstruction::riscv64(0x13), BreakInstruction::Riscv64Ebreak);
    /// ```
    #[must_use]
    pub const fn riscv64(first_byte: u8) -> Self {
        if first_byte & 0b11 == 0b11 {
            Self::Riscv64Ebreak
        } else {
            Self::Riscv64CEbreak
        }
    }
}
