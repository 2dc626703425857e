//! The registers of a stopped thread.

use super::{Registers, Result};
use libc::user_regs_struct;
use nix::sys::ptrace;
use nix::unistd::Pid;

pub(super) fn read(thread: Pid) -> Result<Registers> {
    let registers = ptrace::getregs(thread)?;
    Ok(convert(&registers))
}

pub(super) fn write_pc(thread: Pid, pc: u64) -> Result<()> {
    change(thread, |registers| *pc_of(registers) = pc)
}

pub(super) fn write_argument(thread: Pid, argument: u64) -> Result<()> {
    change(thread, |registers| *argument_of(registers) = argument)
}

fn change(thread: Pid, change: impl FnOnce(&mut user_regs_struct)) -> Result<()> {
    let mut registers = ptrace::getregs(thread)?;
    change(&mut registers);
    Ok(ptrace::setregs(thread, registers)?)
}

#[cfg(target_arch = "x86_64")]
fn convert(registers: &user_regs_struct) -> Registers {
    Registers {
        pc: registers.rip,
        sp: registers.rsp,
        fp: registers.rbp,
        lr: None,
        argument: registers.rdi,
    }
}

#[cfg(target_arch = "x86_64")]
fn pc_of(registers: &mut user_regs_struct) -> &mut u64 {
    &mut registers.rip
}

#[cfg(target_arch = "x86_64")]
fn argument_of(registers: &mut user_regs_struct) -> &mut u64 {
    &mut registers.rdi
}

#[cfg(target_arch = "aarch64")]
fn convert(registers: &user_regs_struct) -> Registers {
    Registers {
        pc: registers.pc,
        sp: registers.sp,
        fp: registers.regs[29],
        lr: Some(registers.regs[30]),
        argument: registers.regs[0],
    }
}

#[cfg(target_arch = "riscv64")]
fn convert(registers: &user_regs_struct) -> Registers {
    Registers {
        pc: registers.pc,
        sp: registers.sp,
        fp: registers.s0,
        lr: Some(registers.ra),
        argument: registers.a0,
    }
}

#[cfg(any(target_arch = "aarch64", target_arch = "riscv64"))]
fn pc_of(registers: &mut user_regs_struct) -> &mut u64 {
    &mut registers.pc
}

#[cfg(target_arch = "aarch64")]
fn argument_of(registers: &mut user_regs_struct) -> &mut u64 {
    &mut registers.regs[0]
}

#[cfg(target_arch = "riscv64")]
fn argument_of(registers: &mut user_regs_struct) -> &mut u64 {
    &mut registers.a0
}
