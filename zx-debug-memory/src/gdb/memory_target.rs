use super::{MemoryArch, add_sw_breakpoint, read_addrs, remove_sw_breakpoint, write_addrs};
use crate::Breakpoints;
use gdbstub::common::Signal;
use gdbstub::target::ext::auxv::{Auxv, AuxvOps};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints as BreakpointsExt, BreakpointsOps, SwBreakpoint, SwBreakpointOps,
};
use gdbstub::target::{Target, TargetError, TargetResult};
use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use zx_process_memory::Process;

/// A gdbstub target that has the memory and the breakpoints of one process, and no registers.
///
/// GDB and lldb display its registers as unavailable. It does not suspend, resume or step the
/// process. If the debugger sends a command that does, the state of the stub becomes
/// [`Running`](gdbstub::stub::state_machine::GdbStubStateMachine::Running):
/// [`refuse_resume`](super::refuse_resume) answers it.
///
/// `A` is the architecture: [`X86_64`](super::X86_64), [`Arm64`](super::Arm64),
/// [`Riscv64`](super::Riscv64), [`X86_32`](super::X86_32) or [`Arm32`](super::Arm32).
///
/// ```
/// use gdbstub::target::ext::base::singlethread::SingleThreadBase;
/// use zx_debug_memory::gdb::{Arm64, MemoryTarget};
/// use zx_debug_memory::{Breakpoints, OnDrop};
/// use zx_process_memory::Process;
///
/// static DATA: [u8; 4] = *b"data";
///
/// # fn main() -> Result<(), zx_process_memory::Status> {
/// // SAFETY: nothing is written.
/// let process = unsafe { Process::current() }?;
/// let mut target = MemoryTarget::<_, Arm64>::new(Breakpoints::new(process, OnDrop::Remove));
/// let mut data = [0; 4];
/// let count = target.read_addrs(DATA.as_ptr().addr() as u64, &mut data).ok();
/// assert_eq!((count, &data), (Some(4), b"data"));
/// # Ok(())
/// # }
/// ```
pub struct MemoryTarget<P: Borrow<Process>, A> {
    breakpoints: Breakpoints<P>,
    accepts_breakpoints: bool,
    auxv: Vec<u8>,
    arch: PhantomData<fn() -> A>,
}

impl<P: Borrow<Process>, A: MemoryArch> MemoryTarget<P, A> {
    /// Creates a target for these breakpoints and their process.
    ///
    /// Breakpoints that GDB does not remove are treated as the
    /// [`OnDrop`](crate::OnDrop) of `breakpoints` selects.
    ///
    /// An example is at [`MemoryTarget`].
    pub const fn new(breakpoints: Breakpoints<P>) -> Self {
        Self {
            breakpoints,
            accepts_breakpoints: true,
            auxv: Vec::new(),
            arch: PhantomData,
        }
    }

    /// Creates a target that refuses GDB's breakpoints.
    ///
    /// Use it for a process that is not suspended and whose exceptions no debugger handles: a
    /// breakpoint would end it. The target still supports the breakpoint packets, because GDB
    /// writes break instructions to memory itself if a target does not.
    ///
    /// ```
    /// use gdbstub::target::ext::breakpoints::SwBreakpoint;
    /// use zx_debug_memory::gdb::{MemoryTarget, X86_64};
    /// use zx_debug_memory::{Breakpoints, OnDrop};
    /// # static CODE: u8 = 7;
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// # let vaddr = (&raw const CODE).addr() as u64;
    /// let breakpoints = Breakpoints::new(process, OnDrop::Remove);
    /// let mut target = MemoryTarget::<_, X86_64>::without_breakpoints(breakpoints);
    /// assert!(target.add_sw_breakpoint(vaddr, 1).is_ok_and(|added| !added));
    /// ```
    pub const fn without_breakpoints(breakpoints: Breakpoints<P>) -> Self {
        let mut target = Self::new(breakpoints);
        target.accepts_breakpoints = false;
        target
    }

    /// Adds the auxiliary vector of a Linux process: the content of `/proc/PID/auxv`.
    ///
    /// It has the entry point of the program. From it GDB and lldb derive the addresses of a
    /// position-independent program, and then those of its shared libraries. Without it they use
    /// the addresses in the program's file.
    ///
    /// ```
    /// use zx_debug_memory::gdb::{MemoryTarget, X86_64};
    /// use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// # let auxv = vec![0; 16];
    /// let breakpoints = Breakpoints::new(process, OnDrop::Remove);
    /// let mut target = MemoryTarget::<_, X86_64>::new(breakpoints).with_auxv(auxv);
    /// # use gdbstub::target::Target;
    /// # assert!(target.support_auxv().is_some());
    /// ```
    #[must_use]
    pub fn with_auxv(mut self, auxv: Vec<u8>) -> Self {
        self.auxv = auxv;
        self
    }

    /// Returns the breakpoints, whose reads return the original bytes.
    ///
    /// An example is at [`read_addrs`].
    pub const fn breakpoints(&self) -> &Breakpoints<P> {
        &self.breakpoints
    }

    /// Returns the breakpoints for changes.
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

    fn support_auxv(&mut self) -> Option<AuxvOps<'_, Self>> {
        (!self.auxv.is_empty()).then_some(self)
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

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, (), Self>> {
        Some(self)
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl<P: Borrow<Process>, A: MemoryArch> SingleRegisterAccess<()> for MemoryTarget<P, A> {
    fn read_register(
        &mut self,
        (): (),
        register: A::RegId,
        value: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if A::is_program_counter(&register) {
            value.fill(0);
            Ok(value.len())
        } else {
            Ok(0)
        }
    }

    fn write_register(&mut self, (): (), _: A::RegId, _: &[u8]) -> TargetResult<(), Self> {
        Err(TargetError::NonFatal)
    }
}

/// Accepts the commands and does nothing: `refuse_resume` answers them. Without this
/// implementation gdbstub itself would report a step that did not happen.
impl<P: Borrow<Process>, A: MemoryArch> SingleThreadResume for MemoryTarget<P, A> {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl<P: Borrow<Process>, A: MemoryArch> SingleThreadSingleStep for MemoryTarget<P, A> {
    fn step(&mut self, _: Option<Signal>) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<P: Borrow<Process>, A: MemoryArch> Auxv for MemoryTarget<P, A> {
    fn get_auxv(&self, offset: u64, len: usize, buffer: &mut [u8]) -> TargetResult<usize, Self> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.auxv.get(offset..))
            .unwrap_or_default();
        let len = rest.len().min(len).min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
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
            Some(_) if !self.accepts_breakpoints => {
                log::debug!("breakpoint at {vaddr:#x} refused: this target accepts none");
                Ok(false)
            }
            Some(instruction) => add_sw_breakpoint(&mut self.breakpoints, vaddr, instruction),
            None => {
                log::debug!("breakpoint at {vaddr:#x} refused: unsupported kind {kind}");
                Ok(false)
            }
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
