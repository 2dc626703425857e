use zx_process_memory::{Status, TransferError};

/// Why a breakpoint was not inserted or removed.
///
/// The handle's process can be told from the [`Breakpoints`](crate::Breakpoints) that
/// answered; the address is in the error.
///
/// ```
/// use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
/// use zx_process_memory::Process;
///
/// # fn main() -> Result<(), zx_process_memory::Status> {
/// // SAFETY: nothing is mapped at 0, so nothing is written.
/// let process = unsafe { Process::current() }?;
/// let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
/// let error = breakpoints.insert(0x42, BreakInstruction::Arm64Brk).unwrap_err();
/// assert_eq!(error.to_string(), "no breakpoint at 0x42: it must be a multiple of 4");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BreakpointError {
    /// No instruction can begin there.
    #[error("no breakpoint at {vaddr:#x}: it must be a multiple of {alignment}")]
    Misaligned {
        /// Where it was to be.
        vaddr: usize,
        /// What the address must be a multiple of, in bytes.
        alignment: usize,
    },
    /// There is one already at this address or so near that their bytes overlap. Remove it
    /// first.
    #[error("no breakpoint at {vaddr:#x}: there is one at {other:#x}")]
    Overlaps {
        /// Where it was to be.
        vaddr: usize,
        /// Where the other one is.
        other: usize,
    },
    /// There is none to remove.
    #[error("there is no breakpoint at {vaddr:#x}")]
    NotInserted {
        /// Where it should have been.
        vaddr: usize,
    },
    /// What stands there could not be read. Nothing was changed.
    #[error("cannot read what stands at the breakpoint {vaddr:#x}: {stopped}")]
    Read {
        /// Where the breakpoint is, or was to be.
        vaddr: usize,
        /// Where and why reading stopped.
        stopped: TransferError,
    },
    /// The bytes could not all be written. What had been written was taken back: the
    /// memory is as it was.
    #[error("cannot write at the breakpoint {vaddr:#x}: {stopped}")]
    Write {
        /// Where the breakpoint is, or was to be.
        vaddr: usize,
        /// Where and why writing stopped.
        stopped: TransferError,
    },
    /// The bytes could not all be written, nor could what had been written be taken back.
    /// The instruction is spoilt: do not let the process run. The kept bytes are still
    /// known, and removing it tries again.
    #[error(
        "the instruction at {vaddr:#x} is spoilt: a write stopped half-way, and its undoing too"
    )]
    RollbackFailed {
        /// Where the instruction is.
        vaddr: usize,
        /// Where and why the first write stopped.
        stopped: TransferError,
    },
}

impl BreakpointError {
    /// Where the breakpoint is, or was to be.
    ///
    /// ```
    /// # use zx_debug_memory::BreakpointError;
    /// assert_eq!(BreakpointError::NotInserted { vaddr: 0x1000 }.vaddr(), 0x1000);
    /// ```
    #[must_use]
    pub const fn vaddr(&self) -> usize {
        match *self {
            Self::Misaligned { vaddr, .. }
            | Self::Overlaps { vaddr, .. }
            | Self::NotInserted { vaddr }
            | Self::Read { vaddr, .. }
            | Self::Write { vaddr, .. }
            | Self::RollbackFailed { vaddr, .. } => vaddr,
        }
    }

    /// What the kernel said, where it was asked.
    ///
    /// ```
    /// # use zx_debug_memory::BreakpointError;
    /// assert_eq!(BreakpointError::NotInserted { vaddr: 0x1000 }.status(), None);
    /// ```
    #[must_use]
    pub const fn status(&self) -> Option<Status> {
        match self {
            Self::Read { stopped, .. }
            | Self::Write { stopped, .. }
            | Self::RollbackFailed { stopped, .. } => Some(stopped.status),
            _ => None,
        }
    }
}
