//! framehop does not support riscv64. At the first instruction of a function, the register `ra` has the
//! return address: that makes two frames.

use super::MAX_FRAMES;
use crate::run_control::Registers;
use zx_debug_memory::{Modules, ReadMemory};

pub(crate) struct Unwinder;

impl Unwinder {
    pub(crate) fn new(_modules: &Modules, _memory: &impl ReadMemory) -> Self {
        Self
    }

    /// Returns the program counter and the return address.
    #[allow(clippy::unused_self, clippy::needless_pass_by_ref_mut)]
    pub(crate) fn frames(&mut self, registers: &Registers, _memory: &impl ReadMemory) -> Vec<u64> {
        let frames = [Some(registers.pc), registers.lr];
        frames.into_iter().flatten().take(MAX_FRAMES).collect()
    }
}
