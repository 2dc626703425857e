//! The single step of x86-64 and arm64.

use super::Result;
use nix::sys::ptrace;
use nix::unistd::Pid;

pub(super) struct Step;

impl Step {
    #[allow(clippy::unnecessary_wraps)] // It can fail on riscv64.
    pub(super) fn prepare(_thread: Pid) -> Result<Self> {
        Ok(Self)
    }

    #[allow(clippy::unused_self)]
    pub(super) fn resume(&self, thread: Pid) -> nix::Result<()> {
        ptrace::step(thread, None)
    }
}
