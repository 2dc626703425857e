use crate::BreakInstruction;
use gdbstub::arch::{Arch, RegId, Registers};
use std::num::NonZeroUsize;

/// An architecture for [`MemoryTarget`](super::MemoryTarget): [`X86_64`], [`Arm64`] or
/// [`Riscv64`], and [`X86_32`] or [`Arm32`] for the 32-bit processes of a 64-bit Linux.
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
    /// architecture has no such kind. [`Arm32`] has none.
    ///
    /// On these architectures the kind is the length of the instruction in bytes.
    ///
    /// An example is at [`MemoryArch`].
    fn break_instruction(kind: usize) -> Option<BreakInstruction>;

    /// Returns whether `register` is the program counter, the only register with a value.
    ///
    /// ```
    /// use gdbstub::arch::RegId;
    /// use zx_debug_memory::gdb::{MemoryArch, UnavailableRegister, X86_64};
    ///
    /// let (rip, len) = UnavailableRegister::from_raw_id(16).unwrap();
    /// assert!(X86_64::is_program_counter(&rip));
    /// assert_eq!(len.map(usize::from), Some(8));
    /// ```
    fn is_program_counter(register: &Self::RegId) -> bool;
}

/// Registers whose values are not available: GDB displays `<unavailable>`.
///
/// The program counter is 0, an address at which no process has code. GDB 13 closes the connection
/// if the program counter is unavailable ("PC register is not available").
///
/// `LEN` is the size of GDB's general registers and `PC` is the offset of the program counter in
/// them. `PC_LEN` is its length. All are in bytes.
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
pub struct UnavailableRegisters<const LEN: usize, const PC: usize, const PC_LEN: usize = 8>;

impl<const LEN: usize, const PC: usize, const PC_LEN: usize> Registers
    for UnavailableRegisters<LEN, PC, PC_LEN>
{
    type ProgramCounter = u64;

    fn pc(&self) -> u64 {
        0
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        let pc = PC..PC + PC_LEN;
        for offset in 0..LEN {
            write_byte(pc.contains(&offset).then_some(0));
        }
    }

    fn gdb_deserialize(&mut self, _bytes: &[u8]) -> Result<(), ()> {
        Ok(())
    }
}

/// One of the registers of [`UnavailableRegisters`], for debuggers that read them one by one.
///
/// lldb does: in a packet with all registers it takes unavailable bytes for values.
///
/// `PC` is GDB's number of the program counter, and `PC_LEN` its length in bytes.
///
/// An example is at [`MemoryArch::is_program_counter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnavailableRegister<const PC: usize, const PC_LEN: usize = 8> {
    /// The program counter, which is 0.
    ProgramCounter,
    /// A register without a value.
    Other,
}

impl<const PC: usize, const PC_LEN: usize> RegId for UnavailableRegister<PC, PC_LEN> {
    /// The length of a register without a value is 1: lldb 14 to 22 display a register as
    /// unavailable if the reply is shorter than the register, and take any other reply for a value.
    fn from_raw_id(id: usize) -> Option<(Self, Option<NonZeroUsize>)> {
        Some(if id == PC {
            (Self::ProgramCounter, NonZeroUsize::new(PC_LEN))
        } else {
            (Self::Other, NonZeroUsize::new(1))
        })
    }
}

/// A part of the description that gdb requires for Linux programs.
#[cfg(target_os = "linux")]
macro_rules! on_linux {
    ($xml:literal) => {
        $xml
    };
}

#[cfg(not(target_os = "linux"))]
macro_rules! on_linux {
    ($xml:literal) => {
        ""
    };
}

macro_rules! architectures {
    ($(
        $(#[$doc:meta])*
        $name:ident {
            architecture: $architecture:literal,
            $(feature $feature:literal: { $($attributes:literal: $($register:literal)*;)* })+
            $(on linux: $linux:literal,)?
            general registers: $len:literal bytes,
            program counter: number $pc_id:literal, offset $pc:literal, $pc_len:literal bytes,
            break instructions: { $($kind:literal: $instruction:ident),* }
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl Arch for $name {
            type Usize = u64;
            type Registers = UnavailableRegisters<$len, $pc, $pc_len>;
            type BreakpointKind = usize;
            type RegId = UnavailableRegister<$pc_id, $pc_len>;

            fn target_description_xml() -> Option<&'static str> {
                Some(concat!(
                    r#"<target version="1.0"><architecture>"#,
                    $architecture,
                    "</architecture>",
                    // gdb uses the auxiliary vector only for Linux, which it does not recognize in the
                    // programs of musl and of `no_std`.
                    on_linux!("<osabi>GNU/Linux</osabi>"),
                    $(
                        r#"<feature name=""#, $feature, r#"">"#,
                        $($(r#"<reg name=""#, $register, r#"" "#, $attributes, "/>",)*)*
                        "</feature>",
                    )+
                    $(on_linux!($linux),)?
                    "</target>"
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

            fn is_program_counter(register: &Self::RegId) -> bool {
                *register == UnavailableRegister::ProgramCounter
            }
        }
    )*};
}

// The registers are those that gdb requires, in its order: gdb rejects a description that lacks
// one. lldb 14 crashes if a description has no registers (llvm-project issue 92541).
architectures! {
    /// The x86-64 architecture.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::X86_64::target_description_xml().unwrap();
    /// assert!(xml.contains("i386:x86-64"));
    /// ```
    X86_64 {
        architecture: "i386:x86-64",
        feature "org.gnu.gdb.i386.core": {
            r#"bitsize="64""#: "rax" "rbx" "rcx" "rdx" "rsi" "rdi" "rbp" "rsp"
                "r8" "r9" "r10" "r11" "r12" "r13" "r14" "r15" "rip";
            r#"bitsize="32""#: "eflags" "cs" "ss" "ds" "es" "fs" "gs";
            r#"bitsize="80" type="i387_ext""#: "st0" "st1" "st2" "st3" "st4" "st5" "st6" "st7";
            r#"bitsize="32" group="float""#: "fctrl" "fstat" "ftag" "fiseg" "fioff" "foseg" "fooff" "fop";
        }
        on linux: r#"<feature name="org.gnu.gdb.i386.linux"><reg name="orig_rax" bitsize="64"/></feature>"#,
        general registers: 164 bytes,
        program counter: number 16, offset 128, 8 bytes,
        break instructions: { 1: X86Int3 }
    }
    /// The arm64 architecture.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::Arm64::target_description_xml().unwrap();
    /// assert!(xml.contains("aarch64"));
    /// ```
    Arm64 {
        architecture: "aarch64",
        feature "org.gnu.gdb.aarch64.core": {
            r#"bitsize="64""#: "x0" "x1" "x2" "x3" "x4" "x5" "x6" "x7" "x8" "x9" "x10" "x11" "x12"
                "x13" "x14" "x15" "x16" "x17" "x18" "x19" "x20" "x21" "x22" "x23" "x24" "x25" "x26"
                "x27" "x28" "x29" "x30" "sp" "pc";
            r#"bitsize="32""#: "cpsr";
        }
        general registers: 268 bytes,
        program counter: number 32, offset 256, 8 bytes,
        break instructions: { 4: Arm64Brk }
    }
    /// The riscv64 architecture, with compressed instructions.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::Riscv64::target_description_xml().unwrap();
    /// assert!(xml.contains("riscv:rv64"));
    /// ```
    Riscv64 {
        architecture: "riscv:rv64",
        feature "org.gnu.gdb.riscv.cpu": {
            r#"bitsize="64""#: "zero" "ra" "sp" "gp" "tp" "t0" "t1" "t2" "fp" "s1" "a0" "a1" "a2" "a3"
                "a4" "a5" "a6" "a7" "s2" "s3" "s4" "s5" "s6" "s7" "s8" "s9" "s10" "s11" "t3" "t4" "t5"
                "t6" "pc";
        }
        // gdb closes the connection without it, if the program uses floating point registers.
        feature "org.gnu.gdb.riscv.fpu": {
            r#"bitsize="64" type="ieee_double""#: "ft0" "ft1" "ft2" "ft3" "ft4" "ft5" "ft6" "ft7"
                "fs0" "fs1" "fa0" "fa1" "fa2" "fa3" "fa4" "fa5" "fa6" "fa7" "fs2" "fs3" "fs4" "fs5"
                "fs6" "fs7" "fs8" "fs9" "fs10" "fs11" "ft8" "ft9" "ft10" "ft11";
        }
        general registers: 264 bytes,
        program counter: number 32, offset 256, 8 bytes,
        break instructions: { 2: Riscv64CEbreak, 4: Riscv64Ebreak }
    }
    /// The 32-bit x86 architecture: an i386 process on x86-64 Linux.
    ///
    /// gdb closes the connection if the description has the other word size than the program's
    /// file.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::X86_32::target_description_xml().unwrap();
    /// assert!(xml.contains("<architecture>i386</architecture>"));
    /// ```
    X86_32 {
        architecture: "i386",
        feature "org.gnu.gdb.i386.core": {
            r#"bitsize="32""#: "eax" "ecx" "edx" "ebx" "esp" "ebp" "esi" "edi" "eip" "eflags"
                "cs" "ss" "ds" "es" "fs" "gs";
            r#"bitsize="80" type="i387_ext""#: "st0" "st1" "st2" "st3" "st4" "st5" "st6" "st7";
            r#"bitsize="32" group="float""#: "fctrl" "fstat" "ftag" "fiseg" "fioff" "foseg" "fooff" "fop";
        }
        on linux: r#"<feature name="org.gnu.gdb.i386.linux"><reg name="orig_eax" bitsize="32"/></feature>"#,
        general registers: 64 bytes,
        program counter: number 8, offset 32, 4 bytes,
        break instructions: { 1: X86Int3 }
    }
    /// The 32-bit arm architecture: an arm process on arm64 Linux. It has memory, and no
    /// breakpoints.
    ///
    /// ```
    /// # use gdbstub::arch::Arch;
    /// let xml = zx_debug_memory::gdb::Arm32::target_description_xml().unwrap();
    /// assert!(xml.contains("<architecture>arm</architecture>"));
    /// ```
    Arm32 {
        architecture: "arm",
        feature "org.gnu.gdb.arm.core": {
            r#"bitsize="32""#: "r0" "r1" "r2" "r3" "r4" "r5" "r6" "r7" "r8" "r9" "r10" "r11" "r12"
                "sp" "lr" "pc";
            r#"bitsize="32" regnum="25""#: "cpsr";
        }
        general registers: 68 bytes,
        program counter: number 15, offset 60, 4 bytes,
        break instructions: {}
    }
}
