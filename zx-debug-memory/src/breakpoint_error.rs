use crate::hex::Hex;
use std::fmt;
use zx_process_memory::{Status, TransferError};

/// The error of inserting or removing a breakpoint.
///
/// [`source`](std::error::Error::source) returns the [`TransferError`] of the call that failed.
/// `Display` does not repeat it. `Debug` prints addresses in hex.
///
/// ```
/// use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
/// use zx_process_memory::Process;
///
/// # fn main() -> Result<(), zx_process_memory::Status> {
/// // SAFETY: nothing is mapped at 0x42, so nothing is written.
/// let process = unsafe { Process::current() }?;
/// let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
/// let error = breakpoints.insert(0x42, BreakInstruction::Arm64Brk).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "cannot insert a breakpoint at 0x42: the address is not a multiple of 4"
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BreakpointError {
    /// The address is not aligned as the instruction requires.
    #[error(
        "cannot insert a breakpoint at {vaddr:#x}: the address is not a multiple of {alignment}"
    )]
    Misaligned {
        /// The address of the breakpoint.
        vaddr: usize,
        /// The alignment of the instruction, in bytes.
        alignment: usize,
    },
    /// The instruction overlaps a breakpoint that is inserted. Remove that one first.
    #[error(
        "cannot insert a breakpoint at {vaddr:#x}: it overlaps the breakpoint at {other:#x}; \
         remove that one first"
    )]
    Overlaps {
        /// The address of the breakpoint that was not inserted.
        vaddr: usize,
        /// The address of the breakpoint that is inserted.
        other: usize,
    },
    /// No breakpoint is inserted at the address.
    #[error("no breakpoint is inserted at {vaddr:#x}")]
    NotInserted {
        /// The address.
        vaddr: usize,
    },
    /// The instruction could not be read. The memory is unchanged.
    #[error("cannot read the instruction at {vaddr:#x}; the memory is unchanged")]
    Read {
        /// The address of the breakpoint.
        vaddr: usize,
        /// The read that failed.
        source: TransferError,
    },
    /// The instruction could not be written, or only part of it, which was rolled back. The
    /// memory is unchanged.
    #[error("cannot write the instruction at {vaddr:#x}; the memory is unchanged")]
    Write {
        /// The address of the breakpoint.
        vaddr: usize,
        /// The write that failed.
        source: TransferError,
    },
    /// Only part of the instruction could be written, and the rollback failed. The instruction is
    /// corrupted: keep all threads suspended.
    ///
    /// The original bytes are not lost. [`remove`](crate::Breakpoints::remove) writes them again.
    #[error(
        "the instruction at {vaddr:#x} is corrupted: a write stopped part-way, and its rollback \
         {}; keep all threads suspended and remove the breakpoint again",
        RollbackOutcome(rollback)
    )]
    RollbackFailed {
        /// The address of the breakpoint.
        vaddr: usize,
        /// The write that stopped part-way.
        source: TransferError,
        /// The failure of the rollback. `None` if the rollback's write succeeded, but the bytes
        /// could not be read back or were different.
        rollback: Option<TransferError>,
    },
}

/// The rollback's error is no `source`, so the message prints all of it.
struct RollbackOutcome<'a>(&'a Option<TransferError>);

impl fmt::Display for RollbackOutcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(error) => write!(
                f,
                "stopped at {:#x} after {} bytes with {}",
                error.vaddr, error.transferred, error.status
            ),
            None => f.write_str("did not restore it"),
        }
    }
}

impl BreakpointError {
    /// Returns the address of the breakpoint.
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

    /// Returns the status of the read or write that failed, or `None` if no call failed.
    ///
    /// For [`RollbackFailed`](Self::RollbackFailed) it is the status of the first write.
    ///
    /// ```
    /// # use zx_debug_memory::BreakpointError;
    /// assert_eq!(BreakpointError::NotInserted { vaddr: 0x1000 }.status(), None);
    /// ```
    #[must_use]
    pub const fn status(&self) -> Option<Status> {
        match self {
            Self::Read { source, .. }
            | Self::Write { source, .. }
            | Self::RollbackFailed { source, .. } => Some(source.status),
            Self::Misaligned { .. } | Self::Overlaps { .. } | Self::NotInserted { .. } => None,
        }
    }
}

/// Prints addresses in hex.
impl fmt::Debug for BreakpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Misaligned { .. } => "Misaligned",
            Self::Overlaps { .. } => "Overlaps",
            Self::NotInserted { .. } => "NotInserted",
            Self::Read { .. } => "Read",
            Self::Write { .. } => "Write",
            Self::RollbackFailed { .. } => "RollbackFailed",
        };
        let mut out = f.debug_struct(name);
        out.field("vaddr", &Hex(self.vaddr()));
        match self {
            Self::Misaligned { alignment, .. } => out.field("alignment", alignment),
            Self::Overlaps { other, .. } => out.field("other", &Hex(*other)),
            Self::NotInserted { .. } => &mut out,
            Self::Read { source, .. } | Self::Write { source, .. } => out.field("source", source),
            Self::RollbackFailed {
                source, rollback, ..
            } => out.field("source", source).field("rollback", rollback),
        }
        .finish()
    }
}
