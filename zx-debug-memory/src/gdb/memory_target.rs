use super::{MemoryArch, add_sw_breakpoint, read_addrs, remove_sw_breakpoint, write_addrs};
use crate::Breakpoints;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::singlethread::SingleThreadBase;
use gdbstub::target::ext::breakpoints::{
    Breakpoints as BreakpointsExt, BreakpointsOps, SwBreakpoint, SwBreakpointOps,
};
use gdbstub::target::{Target, TargetError, TargetResult};
use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use zx_process_memory::Process;

/// A process of which GDB sees the memory alone: it goes on running, and its registers are
/// unavailable. Reads show no breakpoints.
///
/// `A` is the architecture: [`X86_64`](super::X86_64), [`Arm64`](super::Arm64) or
/// [`Riscv64`](super::Riscv64).
///
/// ```
/// use gdbstub::target::ext::base::singlethread::SingleThreadBase;
/// use zx_debug_memory::gdb::{Arm64, MemoryTarget};
/// use zx_debug_memory::{Breakpoints, OnDrop};
/// use zx_process_memory::Process;
///
/// static TEXT: [u8; 4] = *b"text";
///
/// # fn main() -> Result<(), zx_process_memory::Status> {
/// // SAFETY: nothing is written.
/// let process = unsafe { Process::current() }?;
/// let mut target = MemoryTarget::<_, Arm64>::new(Breakpoints::new(process, OnDrop::Remove));
/// let mut data = [0; 4];
/// let count = target.read_addrs(TEXT.as_ptr().addr() as u64, &mut data).ok();
/// assert_eq!((count, &data), (Some(4), b"text"));
/// # Ok(())
/// # }
/// ```
pub struct MemoryTarget<P: Borrow<Process>, A> {
    breakpoints: Breakpoints<P>,
    takes_breakpoints: bool,
    arch: PhantomData<fn() -> A>,
}

impl<P: Borrow<Process>, A: MemoryArch> MemoryTarget<P, A> {
    /// A target for these breakpoints and their process. What becomes of breakpoints that
    /// GDB leaves in is theirs to know.
    ///
    /// An example is at [`MemoryTarget`].
    pub const fn new(breakpoints: Breakpoints<P>) -> Self {
        Self {
            breakpoints,
            takes_breakpoints: true,
            arch: PhantomData,
        }
    }

    /// The same, but GDB is told that it can set no breakpoint: for a process that nobody
    /// stops, which a breakpoint would kill. (A target that does not know them at all would
    /// have GDB write the instructions itself.)
    ///
    /// ```
    /// use gdbstub::target::ext::breakpoints::SwBreakpoint;
    /// use zx_debug_memory::gdb::{MemoryTarget, X86_64};
    /// use zx_debug_memory::{Breakpoints, OnDrop};
    /// # static TEXT: u8 = 7;
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// # let vaddr = (&raw const TEXT).addr() as u64;
    /// let breakpoints = Breakpoints::new(process, OnDrop::Remove);
    /// let mut target = MemoryTarget::<_, X86_64>::without_breakpoints(breakpoints);
    /// assert!(target.add_sw_breakpoint(vaddr, 1).is_ok_and(|added| !added));
    /// ```
    pub const fn without_breakpoints(breakpoints: Breakpoints<P>) -> Self {
        let mut target = Self::new(breakpoints);
        target.takes_breakpoints = false;
        target
    }

    /// The breakpoints, and the process's memory seen through them.
    ///
    /// An example is at [`read_addrs`].
    pub const fn breakpoints(&self) -> &Breakpoints<P> {
        &self.breakpoints
    }

    /// The breakpoints, to change them.
    ///
    /// An example is at [`write_addrs`].
    pub const fn breakpoints_mut(&mut self) -> &mut Breakpoints<P> {
        &mut self.breakpoints
    }
}

impl<P: Borrow<Process>, A: MemoryArch> Target for MemoryTarget<P, A> {
    type Arch = A;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, A, Infallible> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }
}

impl<P: Borrow<Process>, A: MemoryArch> SingleThreadBase for MemoryTarget<P, A> {
    fn read_registers(&mut self, _unavailable: &mut A::Registers) -> TargetResult<(), Self> {
        Ok(())
    }

    fn write_registers(&mut self, _unavailable: &A::Registers) -> TargetResult<(), Self> {
        Err(TargetError::NonFatal)
    }

    fn read_addrs(&mut self, vaddr: u64, data: &mut [u8]) -> TargetResult<usize, Self> {
        read_addrs(&self.breakpoints, vaddr, data)
    }

    fn write_addrs(&mut self, vaddr: u64, data: &[u8]) -> TargetResult<(), Self> {
        write_addrs(&mut self.breakpoints, vaddr, data)
    }
}

impl<P: Borrow<Process>, A: MemoryArch> BreakpointsExt for MemoryTarget<P, A> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }
}

impl<P: Borrow<Process>, A: MemoryArch> SwBreakpoint for MemoryTarget<P, A> {
    fn add_sw_breakpoint(&mut self, vaddr: u64, kind: usize) -> TargetResult<bool, Self> {
        match A::break_instruction(kind) {
            Some(_) if !self.takes_breakpoints => {
                log::debug!("no breakpoint at {vaddr:#x}: none are taken");
                Ok(false)
            }
            Some(instruction) => add_sw_breakpoint(&mut self.breakpoints, vaddr, instruction),
            None => Ok(false),
        }
    }

    fn remove_sw_breakpoint(&mut self, vaddr: u64, _kind: usize) -> TargetResult<bool, Self> {
        remove_sw_breakpoint(&mut self.breakpoints, vaddr)
    }
}

impl<P: Borrow<Process>, A> fmt::Debug for MemoryTarget<P, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryTarget")
            .field(&self.breakpoints)
            .finish()
    }
}
