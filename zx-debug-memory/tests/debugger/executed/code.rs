//! The code that the debuggee executes, in assembly, so that the addresses of its instructions are known.
//! It uses no stack and makes no system call, and runs at any address.

use std::arch::global_asm;
use zx_debug_memory::BreakInstruction;

/// The memory of one thread.
#[repr(C)]
pub(crate) struct Counted {
    /// How often the thread executes the counting instruction.
    pub(crate) passes: u64,
    /// How often it has executed it.
    pub(crate) counter: u64,
}

/// The offset of the counter.
pub(crate) const COUNTED: usize = std::mem::offset_of!(Counted, counter);

// Its second argument is the address of `Counted`. It copies the address to the register of the first
// argument. At its end is an infinite loop.
#[cfg(target_arch = "x86_64")]
global_asm!(
    "executed_start: mov rdi, rsi",
    "mov rcx, [rdi]",
    "xor eax, eax",
    "executed_counting: add rax, 1",
    "executed_after_counting: mov [rdi + 8], rax",
    "sub rcx, 1",
    "jnz executed_counting",
    "executed_end: jmp executed_end",
    "executed_limit:",
);
#[cfg(target_arch = "aarch64")]
global_asm!(
    ".balign 4",
    "executed_start: mov x0, x1",
    "ldr x9, [x0]",
    "mov x10, xzr",
    "executed_counting: add x10, x10, #1",
    "executed_after_counting: str x10, [x0, #8]",
    "subs x9, x9, #1",
    "b.ne executed_counting",
    "executed_end: b executed_end",
    "executed_limit:",
);
#[cfg(target_arch = "riscv64")]
macro_rules! riscv64_code {
    ($suffix:literal, $counting:literal) => {
        global_asm!(
            ".option push",
            ".option norvc",
            ".balign 4",
            concat!("executed_start", $suffix, ": mv a0, a1"),
            "ld t0, 0(a0)",
            "li t1, 0",
            concat!("executed_counting", $suffix, ": ", $counting),
            ".option norvc",
            concat!("executed_after_counting", $suffix, ": sd t1, 8(a0)"),
            "addi t0, t0, -1",
            concat!("bnez t0, executed_counting", $suffix),
            concat!("executed_end", $suffix, ": j executed_end", $suffix),
            concat!("executed_limit", $suffix, ":"),
            ".option pop",
        );
    };
}
#[cfg(target_arch = "riscv64")]
riscv64_code!("", "addi t1, t1, 1");
// The assembler needs the option before an instruction of two bytes.
#[cfg(target_arch = "riscv64")]
riscv64_code!("_compressed", "\n.option rvc\nc.addi t1, 1");

macro_rules! code {
    ($start:ident $counting:ident $after_counting:ident $end:ident $limit:ident) => {{
        unsafe extern "C" {
            fn $start(unused: usize, counted: *mut Counted) -> !;
            fn $counting();
            fn $after_counting();
            fn $end();
            fn $limit();
        }
        Code {
            start: $start as *const () as usize,
            counting: $counting as *const () as usize,
            after_counting: $after_counting as *const () as usize,
            end: $end as *const () as usize,
            limit: $limit as *const () as usize,
        }
    }};
}

/// The addresses of the code.
#[derive(Clone, Copy)]
pub(crate) struct Code {
    pub(crate) start: usize,
    /// The instruction that adds 1.
    pub(crate) counting: usize,
    pub(crate) after_counting: usize,
    /// The infinite loop.
    pub(crate) end: usize,
    limit: usize,
}

impl Code {
    /// The code in this program, with the break instructions for its counting instruction.
    pub(crate) fn all() -> Vec<(Self, BreakInstruction)> {
        let code = code!(
            executed_start executed_counting executed_after_counting executed_end executed_limit
        );
        #[cfg(not(target_arch = "riscv64"))]
        return vec![(code, BreakInstruction::NATIVE)];
        // The short break instruction fits both.
        #[cfg(target_arch = "riscv64")]
        {
            let compressed = code!(
                executed_start_compressed executed_counting_compressed
                executed_after_counting_compressed executed_end_compressed executed_limit_compressed
            );
            vec![
                (code, BreakInstruction::Riscv64Ebreak),
                (code, BreakInstruction::Riscv64CEbreak),
                (compressed, BreakInstruction::Riscv64CEbreak),
            ]
        }
    }

    /// The addresses of a copy.
    pub(crate) fn copied_to(self, start: usize) -> Self {
        let moved = |vaddr| start + (vaddr - self.start);
        Self {
            start,
            counting: moved(self.counting),
            after_counting: moved(self.after_counting),
            end: moved(self.end),
            limit: moved(self.limit),
        }
    }

    /// The code in this program.
    pub(crate) fn bytes(self) -> &'static [u8] {
        let start = std::ptr::with_exposed_provenance(self.start);
        // SAFETY: the code is a part of this program, and nothing changes it.
        unsafe { std::slice::from_raw_parts(start, self.limit - self.start) }
    }
}
