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
use nix::sys::signal::Signal;
use nix::unistd::Pid;

pub(super) fn step(traced: &mut Traced, thread: Pid) -> Result<()> {
    let step = Step::prepare(thread)?;
    loop {
        super::ignore_ended(step.resume(thread))?;
        traced.wait(Some(thread))?;
        if traced.trapped.contains(&thread) {
            traced.trapped.retain(|trapped| *trapped != thread);
            return Ok(());
        }
        // Another signal stops the thread before the instruction. It is held until the thread runs:
        // otherwise a handler would run first. But the signal of a fault comes from the instruction.
        let last = traced.signals(thread).and_then(|signals| signals.last());
        let is_fault = last.is_some_and(|signal| FAULTS.contains(signal));
        if is_fault || traced.signals(thread).is_none() {
            return Ok(());
        }
    }
}

const FAULTS: [Signal; 4] = [
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGILL,
    Signal::SIGSEGV,
];
