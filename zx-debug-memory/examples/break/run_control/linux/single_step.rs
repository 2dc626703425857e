//! One instruction of one thread, while all others are stopped.

#[cfg(target_arch = "riscv64")]
mod by_breakpoint;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod by_kernel;

#[cfg(target_arch = "riscv64")]
use by_breakpoint::Step;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
use by_kernel::Step;

use super::{Result, Traced};
use libc::c_int;
use nix::unistd::Pid;

pub(super) fn step(traced: &mut Traced, thread: Pid) -> Result<()> {
    let step = Step::prepare(thread)?;
    loop {
        let held = traced.signals(thread).map_or(0, |signals| signals.len());
        super::wait::ignore_ended(step.resume(thread))?;
        traced.wait(Some(thread))?;
        if traced.trapped.contains(&thread) {
            traced.trapped.retain(|trapped| *trapped != thread);
            return Ok(());
        }
        // Another signal stops the thread before the instruction. It is held until the thread runs:
        // otherwise a handler would run first. But the signal of a fault comes from the instruction.
        let Some(signals) = traced.signals(thread) else {
            return Ok(()); // The thread has ended.
        };
        let new = signals.get(held..).unwrap_or_default();
        if new.iter().any(|signal| FAULTS.contains(signal)) {
            return Ok(());
        }
    }
}

const FAULTS: [c_int; 4] = [libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGSEGV];
