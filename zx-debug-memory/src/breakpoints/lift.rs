//! Lifting a breakpoint, so that a thread can execute the original instruction.

use super::memory::Comparison;
use super::{Borrow, Breakpoints, Process, Removal};
use crate::BreakpointError;
use crate::error_chain::ErrorChain;
use std::error::Error;
use std::fmt;

/// The error of [`Breakpoints::lift`].
#[non_exhaustive]
pub enum LiftError<T> {
    /// The breakpoint could not be lifted. The closure was not called, and the breakpoint is still
    /// inserted.
    Lift(BreakpointError),
    /// The closure was called, but the breakpoint could not be put back.
    ///
    /// It is still in the list. Memory contains the original bytes, except after
    /// [`RollbackFailed`](BreakpointError::RollbackFailed). To try again, remove and insert it.
    PutBack {
        /// The result of the closure.
        result: T,
        /// The reason.
        source: BreakpointError,
    },
}

impl<P: Borrow<Process>> Breakpoints<P> {
    /// Lifts the breakpoint at `vaddr`, calls `step`, and puts the breakpoint back: for a thread that must
    /// execute the original instruction.
    ///
    /// `step` resumes the thread for one instruction and waits until it has executed it. On Linux a signal can
    /// stop the thread before: then `step` repeats the step, and delivers the signal afterwards. All other
    /// threads stay suspended, since they would pass the breakpoint. Its argument is this list, which hides all
    /// breakpoints as usual. The lifted one is still in it: [`stopped_at`](Self::stopped_at) returns its
    /// address for a thread that has executed it before.
    ///
    /// The breakpoint is put back also if `step` returns an error or panics. After a panic, an error of
    /// putting it back is only logged, at level warn.
    ///
    /// If the program has overwritten or unmapped the instruction, before or during the lift, nothing is
    /// written. This is no error, as for [`remove`](Self::remove): `step` is called, the breakpoint stays in
    /// the list, and [`is_intact`](Self::is_intact) is `false`.
    ///
    /// Wraps `zx_process_read_memory` and `zx_process_write_memory`.
    ///
    /// # Errors
    ///
    /// - [`Lift`](LiftError::Lift): the errors of [`remove`](Self::remove). `step` was not called.
    /// - [`PutBack`](LiftError::PutBack): the errors [`Read`](BreakpointError::Read),
    ///   [`Write`](BreakpointError::Write) and [`RollbackFailed`](BreakpointError::RollbackFailed) of
    ///   [`remove`](Self::remove), and the result of `step`.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU8, Ordering};
    /// # use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
    /// # use zx_process_memory::Process;
    /// # static CODE: AtomicU8 = AtomicU8::new(0x55);
    /// # fn single_step() -> Result<(), std::io::Error> { Ok(()) }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: only `CODE` is written: an atomic, for which every value is valid.
    /// # let process = unsafe { Process::current() }?;
    /// # let vaddr = CODE.as_ptr().addr();
    /// # let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
    /// breakpoints.insert(vaddr, BreakInstruction::X86Int3)?;
    /// // The first `?` is for the breakpoint, the second for the step.
    /// breakpoints.lift(vaddr, |_| {
    /// #   assert_eq!(CODE.load(Ordering::Relaxed), 0x55);
    ///     single_step()
    /// })??;
    /// assert!(breakpoints.is_intact(vaddr));
    /// # Ok(())
    /// # }
    /// ```
    pub fn lift<T>(
        &mut self,
        vaddr: usize,
        step: impl FnOnce(&Self) -> T,
    ) -> Result<T, LiftError<T>> {
        let mut lifted = Lifted {
            must_put_back: self.write_original(vaddr).map_err(LiftError::Lift)?
                == Removal::Restored,
            breakpoints: self,
            vaddr,
        };
        let result = step(lifted.breakpoints);
        match lifted.put_back() {
            Ok(()) => Ok(result),
            Err(source) => Err(LiftError::PutBack { result, source }),
        }
    }
}

/// A breakpoint that is put back when this value is dropped.
struct Lifted<'a, P: Borrow<Process>> {
    breakpoints: &'a mut Breakpoints<P>,
    vaddr: usize,
    /// Whether memory has the original bytes. `false` if the program had overwritten the instruction.
    must_put_back: bool,
}

impl<P: Borrow<Process>> Lifted<'_, P> {
    fn put_back(&mut self) -> Result<(), BreakpointError> {
        if !std::mem::take(&mut self.must_put_back) {
            return Ok(());
        }
        let (breakpoints, vaddr) = (&mut *self.breakpoints, self.vaddr);
        let Some(breakpoint) = breakpoints.inserted.get(&vaddr).cloned() else {
            return Ok(());
        };
        let (original, instruction) = (breakpoint.original(), breakpoint.instruction.bytes());
        let comparison = breakpoints
            .compare(vaddr, original)
            .map_err(|source| BreakpointError::Read { vaddr, source })?;
        if comparison == Comparison::Equal {
            breakpoints.replace_at(vaddr, original, instruction)?;
        }
        Ok(())
    }
}

impl<P: Borrow<Process>> Drop for Lifted<'_, P> {
    fn drop(&mut self) {
        if let Err(error) = self.put_back() {
            log::warn!("breakpoint not put back: {}", ErrorChain(&error));
        }
    }
}

/// Prints the variant and its source. It does not print the result of the closure, so that this is an
/// [`Error`] for every type of result.
impl<T> fmt::Debug for LiftError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, source) = match self {
            Self::Lift(source) => ("Lift", source),
            Self::PutBack { source, .. } => ("PutBack", source),
        };
        f.debug_tuple(name).field(source).finish()
    }
}

impl<T> fmt::Display for LiftError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lift(source) => write!(f, "cannot lift the breakpoint at {:#x}", source.vaddr()),
            Self::PutBack { source, .. } => {
                write!(f, "cannot put the breakpoint at {:#x} back", source.vaddr())
            }
        }
    }
}

impl<T> Error for LiftError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Lift(source) | Self::PutBack { source, .. } => Some(source),
        }
    }
}
