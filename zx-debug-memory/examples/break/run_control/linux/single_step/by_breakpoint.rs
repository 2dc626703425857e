//! The single step of riscv64, for which Linux has no request: breakpoints where the instruction can
//! continue. An atomic sequence (`lr`, `sc`) that is stepped through fails, and so repeats for ever.

use super::Result;
use nix::sys::ptrace;
use nix::unistd::Pid;
use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
use zx_process_memory::Process;

/// Removes the breakpoints on drop.
pub(super) struct Step(#[allow(dead_code)] Breakpoints<Process>);

impl Step {
    pub(super) fn prepare(thread: Pid) -> Result<Self> {
        let status = std::fs::read_to_string(format!("/proc/{thread}/status"))?;
        let pid = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
        let process = Process::from_pid(pid.ok_or("no Tgid")?.trim().parse()?)?;
        let registers = ptrace::getregs(thread)?;
        // SAFETY: both are 32 words. The first is the program counter, and the others are x1 to x31.
        let mut x: [u64; 32] = unsafe { std::mem::transmute(registers) };
        let pc = std::mem::replace(&mut x[0], 0);

        // The second half can be in a page that is not mapped, if the first half is all.
        let mut halves = [[0; 2]; 2];
        process.read_exact_memory(usize::try_from(pc)?, &mut halves[0])?;
        if halves[0][0] & 0b11 == 0b11 {
            process.read_exact_memory(usize::try_from(pc)? + 2, &mut halves[1])?;
        }
        let instruction = u32::from_le_bytes(halves.as_flattened().try_into()?);
        let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
        for vaddr in successors(pc, instruction, &x).into_iter().flatten() {
            let vaddr = usize::try_from(vaddr)?;
            // A branch can have its own next instruction as target.
            if breakpoints.get(vaddr).is_none() {
                breakpoints.insert(vaddr, BreakInstruction::Riscv64CEbreak)?;
            }
        }
        Ok(Self(breakpoints))
    }

    pub(super) fn resume(&self, thread: Pid) -> nix::Result<()> {
        ptrace::cont(thread, None)
    }
}

/// Returns where the instruction at `pc` can continue: at the next instruction, and at the target of a
/// jump or branch. `x` are the integer registers.
fn successors(pc: u64, instruction: u32, x: &[u64; 32]) -> [Option<u64>; 2] {
    // Bits of the instruction: `count` of them from bit `at`, as bits of the result from bit `to`.
    let bits = |at: u32, count: u32, to: u32| ((instruction >> at) & ((1 << count) - 1)) << to;
    // The sum of a register or the program counter, and an offset of `width` bits with a sign.
    let add = |base: u64, offset: u32, width: u32| {
        let sign = 32 - width;
        base.wrapping_add_signed(i64::from((offset << sign).cast_signed() >> sign))
    };
    let register = |at| x[bits(at, 5, 0) as usize];
    let (opcode, function) = (bits(0, 2, 0), bits(13, 3, 0));
    let next = Some(pc.wrapping_add(if opcode == 3 { 4 } else { 2 }));
    let is_register_jump = bits(2, 5, 0) == 0 && bits(7, 5, 0) != 0;
    match (opcode, function, bits(0, 7, 0)) {
        // jal
        (3, _, 0x6f) => {
            let offset = bits(31, 1, 20) | bits(12, 8, 12) | bits(20, 1, 11) | bits(21, 10, 1);
            [None, Some(add(pc, offset, 21))]
        }
        // jalr
        (3, _, 0x67) => [None, Some(add(register(15), bits(20, 12, 0), 12) & !1)],
        // beq, bne, blt, bge, bltu, bgeu
        (3, _, 0x63) => {
            let offset = bits(31, 1, 12) | bits(7, 1, 11) | bits(25, 6, 5) | bits(8, 4, 1);
            [next, Some(add(pc, offset, 13))]
        }
        // c.j
        (1, 5, _) => {
            let high = bits(12, 1, 11) | bits(8, 1, 10) | bits(9, 2, 8) | bits(6, 1, 7);
            let offset = high | bits(7, 1, 6) | bits(2, 1, 5) | bits(11, 1, 4) | bits(3, 3, 1);
            [None, Some(add(pc, offset, 12))]
        }
        // c.beqz, c.bnez
        (1, 6 | 7, _) => {
            let high = bits(12, 1, 8) | bits(5, 2, 6) | bits(2, 1, 5);
            [
                next,
                Some(add(pc, high | bits(10, 2, 3) | bits(3, 2, 1), 9)),
            ]
        }
        // c.jr, c.jalr
        (2, 4, _) if is_register_jump => [None, Some(register(7) & !1)],
        _ => [next, None],
    }
}
