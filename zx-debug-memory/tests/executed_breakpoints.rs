//! Breakpoints that a process executes. `ptrace` stops the process and reads its program counter.
#![cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "x86_64"
    )
))]

use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use std::arch::global_asm;
use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop, Removal};
use zx_process_memory::Process;

/// A function that returns twice its argument, in assembly, so that its first instruction is known.
type Double = unsafe extern "C" fn(i32) -> i32;

unsafe extern "C" {
    fn double(number: i32) -> i32;
    #[cfg(target_arch = "riscv64")]
    fn double_compressed(number: i32) -> i32;
}

#[cfg(target_arch = "x86_64")]
global_asm!("double: lea eax, [rdi + rdi]", "ret");
#[cfg(target_arch = "aarch64")]
global_asm!("double: add w0, w0, w0", "ret");
#[cfg(target_arch = "riscv64")]
global_asm!(
    ".option push",
    ".option norvc",
    "double: addw a0, a0, a0",
    ".option rvc",
    "ret",
    ".balign 4",
    "double_compressed: c.addw a0, a0",
    "ret",
    ".option pop"
);

/// A child that has stopped before it calls the function and exits with its result.
struct Debuggee {
    pid: Pid,
    process: Process,
}

impl Debuggee {
    fn start(double: Double) -> Self {
        // SAFETY: the child makes system calls and runs a function that uses no memory.
        match unsafe { fork() }.unwrap() {
            ForkResult::Child => {
                if ptrace::traceme()
                    .and_then(|()| raise(Signal::SIGSTOP))
                    .is_ok()
                {
                    // SAFETY: the function has this signature and uses no memory.
                    let result = unsafe { double(21) };
                    // SAFETY: `_exit` takes no pointer. It skips the exit handlers, which belong
                    // to the parent.
                    unsafe { libc::_exit(result) };
                }
                std::process::abort();
            }
            ForkResult::Parent { child: pid } => {
                assert_eq!(
                    waitpid(pid, None),
                    Ok(WaitStatus::Stopped(pid, Signal::SIGSTOP))
                );
                let process = Process::from_pid(pid.as_raw().unsigned_abs()).unwrap();
                Self { pid, process }
            }
        }
    }

    fn resume(&self) -> WaitStatus {
        ptrace::cont(self.pid, None).unwrap();
        waitpid(self.pid, None).unwrap()
    }
}

impl Drop for Debuggee {
    fn drop(&mut self) {
        // Both fail if the child has ended and was waited for.
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}

fn assert_stops_and_continues(double: Double, instruction: BreakInstruction) {
    let debuggee = Debuggee::start(double);
    let (pid, vaddr) = (debuggee.pid, double as usize);
    let mut breakpoints = Breakpoints::new(&debuggee.process, OnDrop::Leave);
    breakpoints.insert(vaddr, instruction).unwrap();

    assert_eq!(debuggee.resume(), WaitStatus::Stopped(pid, Signal::SIGTRAP));
    let registers = ptrace::getregs(pid).unwrap();
    #[cfg(not(target_arch = "x86_64"))]
    assert_eq!(registers.pc, vaddr as u64);
    // `int3` has been executed. The other instructions have not.
    #[cfg(target_arch = "x86_64")]
    assert_eq!(registers.rip, vaddr as u64 + 1);

    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    #[cfg(target_arch = "x86_64")]
    let registers = libc::user_regs_struct {
        rip: vaddr as u64,
        ..registers
    };
    ptrace::setregs(pid, registers).unwrap();
    assert_eq!(debuggee.resume(), WaitStatus::Exited(pid, 42));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn process_stops_at_int3_and_continues_after_its_removal() {
    assert_stops_and_continues(double, BreakInstruction::X86Int3);
}

#[test]
#[cfg(target_arch = "aarch64")]
fn process_stops_at_brk_and_continues_after_its_removal() {
    assert_stops_and_continues(double, BreakInstruction::Arm64Brk);
}

#[test]
#[cfg(target_arch = "riscv64")]
fn process_stops_at_ebreak_and_continues_after_its_removal() {
    assert_stops_and_continues(double, BreakInstruction::Riscv64Ebreak);
}

#[test]
#[cfg(target_arch = "riscv64")]
fn process_stops_at_c_ebreak_and_continues_after_its_removal() {
    assert_stops_and_continues(double_compressed, BreakInstruction::Riscv64CEbreak);
}
