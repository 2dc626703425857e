//! Removal of breakpoints: one, all, on drop.

use super::memory::Comparison;
use super::{Borrow, Breakpoints, Process};
use crate::BreakpointError;
use crate::error_chain::ErrorChain;

/// Selects what [`Breakpoints`] does with its breakpoints when it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnDrop {
    /// Removes the breakpoints, as [`Breakpoints::remove_all`] does. Breakpoints that cannot be
    /// removed are logged at level warn.
    Remove,
    /// Leaves the breakpoints in the process. The original bytes are lost.
    Leave,
}

/// The state of the memory after [`Breakpoints::remove`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use]
pub enum Removal {
    /// The break instruction was in memory, and was replaced by the original bytes.
    ///
    /// If the instruction crosses into a mapping that no longer exists, only the bytes in the
    /// other mapping were replaced.
    Restored,
    /// The memory contained other bytes than the break instruction, and is unchanged.
    ///
    /// The program has overwritten the instruction, or has mapped something else there. One
    /// different byte is enough: the other bytes may belong to the program's new instruction,
    /// even if they are equal to the break instruction's.
    Overwritten,
    /// The memory is not mapped any more, or the process has ended.
    Unmapped,
}

impl<P: Borrow<Process>> Breakpoints<P> {
    /// Removes the breakpoint at `vaddr`: writes the original bytes if the break instruction is
    /// still in memory.
    ///
    /// Wraps `zx_process_read_memory` and `zx_process_write_memory`.
    ///
    /// # Errors
    ///
    /// After any error but `NotInserted` the breakpoint stays inserted: call `remove` again, or
    /// [`forget`](Self::forget).
    ///
    /// - [`NotInserted`](BreakpointError::NotInserted): no breakpoint begins at `vaddr`.
    /// - [`Read`](BreakpointError::Read): the memory could not be read. The statuses are those of
    ///   [`Process::read_exact_memory`].
    /// - [`Write`](BreakpointError::Write): the original bytes could not be written. The break
    ///   instruction is still in memory. The statuses are those of
    ///   [`Process::write_all_memory`].
    /// - [`RollbackFailed`](BreakpointError::RollbackFailed): a write stopped part-way, and the
    ///   break instruction could not be written back. Memory contains parts of both.
    ///
    /// An example is at [`Breakpoints`].
    pub fn remove(&mut self, vaddr: usize) -> Result<Removal, BreakpointError> {
        let removal = self.write_original(vaddr)?;
        self.inserted.remove(&vaddr);
        Ok(removal)
    }

    /// Writes the original bytes of the breakpoint at `vaddr`, if the break instruction is still in memory.
    /// The breakpoint stays in the list.
    pub(super) fn write_original(&mut self, vaddr: usize) -> Result<Removal, BreakpointError> {
        let breakpoint = self.inserted.get(&vaddr).cloned();
        let breakpoint = breakpoint.ok_or(BreakpointError::NotInserted { vaddr })?;
        let bytes = breakpoint.instruction.bytes();
        let comparison = self
            .compare(vaddr, bytes)
            .map_err(|source| BreakpointError::Read { vaddr, source })?;
        match comparison {
            Comparison::Unmapped => Ok(Removal::Unmapped),
            Comparison::Different if !breakpoint.is_corrupted => Ok(Removal::Overwritten),
            Comparison::Different | Comparison::Equal => {
                match self.replace_at(vaddr, bytes, breakpoint.original()) {
                    Ok(()) => Ok(Removal::Restored),
                    // The memory was unmapped, or the process ended, after the comparison.
                    Err(BreakpointError::Write { .. })
                        if self.compare(vaddr, bytes) == Ok(Comparison::Unmapped) =>
                    {
                        Ok(Removal::Unmapped)
                    }
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Replaces `old` by `new` at a breakpoint in the list, and stores whether that corrupted it.
    pub(super) fn replace_at(
        &mut self,
        vaddr: usize,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), BreakpointError> {
        let result = self.replace(vaddr, old, new);
        if let Some(breakpoint) = self.inserted.get_mut(&vaddr) {
            match result {
                Ok(()) => breakpoint.is_corrupted = false,
                Err(BreakpointError::RollbackFailed { .. }) => breakpoint.is_corrupted = true,
                Err(_) => {}
            }
        }
        result
    }

    /// Removes all breakpoints. Continues after an error.
    ///
    /// # Errors
    ///
    /// The first error of [`remove`](Self::remove). Breakpoints that could not be removed stay
    /// inserted.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// # let mut breakpoints = Breakpoints::new(&process, OnDrop::Leave);
    /// breakpoints.remove_all()?;
    /// assert_eq!(breakpoints.iter().count(), 0);
    /// # Ok::<(), zx_debug_memory::BreakpointError>(())
    /// ```
    pub fn remove_all(&mut self) -> Result<(), BreakpointError> {
        let mut first_error = Ok(());
        self.try_remove_all(|error| first_error = first_error.and(Err(error)));
        first_error
    }

    /// Forgets the breakpoint at `vaddr` and leaves the memory unchanged. Returns whether a
    /// breakpoint was inserted there. Makes no system call.
    ///
    /// Use it for a breakpoint that [`remove`](Self::remove) cannot remove.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// # let mut breakpoints = Breakpoints::new(&process, OnDrop::Leave);
    /// assert!(!breakpoints.forget(0x1000));
    /// ```
    pub fn forget(&mut self, vaddr: usize) -> bool {
        self.inserted.remove(&vaddr).is_some()
    }

    /// Does what [`OnDrop`] selects. No breakpoint is in the list afterwards.
    pub(super) fn end(&mut self) {
        if self.on_drop == OnDrop::Remove {
            self.try_remove_all(|error| {
                log::warn!("breakpoint left in the process: {}", ErrorChain(&error));
            });
        }
        self.inserted.clear();
    }

    fn try_remove_all(&mut self, mut on_error: impl FnMut(BreakpointError)) {
        for vaddr in self.inserted.keys().copied().collect::<Vec<_>>() {
            if let Err(error) = self.remove(vaddr) {
                on_error(error);
            }
        }
    }
}

impl<P: Borrow<Process>> Drop for Breakpoints<P> {
    fn drop(&mut self) {
        // After `into_inner` the list is empty, so this does not use the process.
        self.end();
    }
}
