/// The instruction that a breakpoint puts in place of another.
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
    /// `int3`, `CC`, of x86-64.
    X86Int3,
    /// `brk #0`, `00 00 20 D4`, of arm64.
    Arm64Brk,
    /// `ebreak`, `73 00 10 00`, of riscv64, in place of an instruction of four bytes.
    Riscv64Ebreak,
    /// `c.ebreak`, `02 90`, of riscv64, in place of a compressed instruction.
    Riscv64CEbreak,
}

impl BreakInstruction {
    /// Its bytes, in the order in which they stand in memory.
    ///
    /// An example is at [`BreakInstruction`].
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::X86Int3 => &[0xcc],
            Self::Arm64Brk => &[0x00, 0x00, 0x20, 0xd4],
            Self::Riscv64Ebreak => &[0x73, 0x00, 0x10, 0x00],
            Self::Riscv64CEbreak => &[0x02, 0x90],
        }
    }

    /// What its address is a multiple of, in bytes.
    ///
    /// An example is at [`BreakInstruction`].
    #[must_use]
    pub const fn alignment(self) -> usize {
        match self {
            Self::X86Int3 => 1,
            Self::Riscv64Ebreak | Self::Riscv64CEbreak => 2,
            Self::Arm64Brk => 4,
        }
    }

    /// The one of riscv64 that is as long as the instruction that begins with this byte: a
    /// longer one would spoil the next.
    ///
    /// ```
    /// use zx_debug_memory::BreakInstruction;
    ///
    /// // `c.nop`, and `nop`.
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
