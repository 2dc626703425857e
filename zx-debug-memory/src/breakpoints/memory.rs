//! Direct accesses to the process's memory, which contains the break instructions.
//!
//! An instruction can cross from one page into the next, and the pages can be in different
//! mappings. So each page is accessed by its own call: one of them may be unmapped, or not
//! writable.

use super::{Borrow, Breakpoints, MAX_LEN, Process};
use crate::page::PAGE;
use crate::{BreakpointError, MemoryMap};
use zx_process_memory::{Status, TransferError};

/// The result of a comparison of memory with expected bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// All mapped bytes are equal, and at least one byte is mapped.
    Equal,
    Different,
    Unmapped,
}

impl<P: Borrow<Process>> Breakpoints<P> {
    /// Whether memory contains these bytes. `false` if it cannot be read.
    pub(super) fn contains(&self, vaddr: usize, bytes: &[u8]) -> bool {
        self.compare(vaddr, bytes) == Ok(Comparison::Equal)
    }

    /// Compares memory with `expected`. Ignores the bytes in a page that is not mapped any more,
    /// if the other page is mapped.
    pub(super) fn compare(
        &self,
        vaddr: usize,
        expected: &[u8],
    ) -> Result<Comparison, TransferError> {
        let mut comparison = Comparison::Unmapped;
        for (vaddr, expected) in split_at_page(vaddr, expected) {
            let mut buffer = [0; MAX_LEN];
            let actual = &mut buffer[..expected.len()];
            match self.process().read_exact_memory(vaddr, actual) {
                Ok(()) if actual == expected => comparison = Comparison::Equal,
                Ok(()) => return Ok(Comparison::Different),
                Err(error) if self.is_unmapped(error.status) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(comparison)
    }

    /// Whether the status of a read means that the memory is not mapped any more. A kernel that is out
    /// of memory can return the same status; that case is not distinguished.
    fn is_unmapped(&self, status: Status) -> bool {
        match status {
            // The process has ended (man page), or its memory is not cached, or a pager failed. Only a
            // process that lives has a list of mappings.
            Status::BadState => MemoryMap::read(self.process()).is_err(),
            Status::OutOfRange => true,
            status => status.may_mean_unmapped(),
        }
    }

    /// Replaces `old`, which is in memory, by `new`. After an error other than `RollbackFailed`,
    /// `old` is in memory.
    pub(super) fn replace(
        &self,
        vaddr: usize,
        old: &[u8],
        new: &[u8],
    ) -> Result<(), BreakpointError> {
        let Err(source) = self.write_pages(vaddr, new) else {
            return Ok(());
        };
        if self.is_old(vaddr, old) {
            return Err(BreakpointError::Write { vaddr, source });
        }
        // A rollback stops where the write stopped, at bytes that were not changed. So only a
        // comparison shows whether it succeeded.
        let rollback = self.write_pages(vaddr, old).err();
        if self.is_old(vaddr, old) {
            return Err(BreakpointError::Write { vaddr, source });
        }
        Err(BreakpointError::RollbackFailed {
            vaddr,
            source,
            rollback,
        })
    }

    /// Whether a failed write has left `old` unchanged. Unmapped memory is unchanged.
    fn is_old(&self, vaddr: usize, old: &[u8]) -> bool {
        matches!(
            self.compare(vaddr, old),
            Ok(Comparison::Equal | Comparison::Unmapped)
        )
    }

    /// Writes the bytes in all pages that are mapped. Fails if no page is mapped.
    fn write_pages(&self, vaddr: usize, bytes: &[u8]) -> Result<(), TransferError> {
        let (mut is_written, mut unmapped) = (false, Ok(()));
        for (page_vaddr, bytes) in split_at_page(vaddr, bytes) {
            match self.process().write_all_memory(page_vaddr, bytes) {
                Ok(()) => is_written = true,
                Err(error) if self.compare(page_vaddr, bytes) == Ok(Comparison::Unmapped) => {
                    unmapped = unmapped.and(Err(error));
                }
                Err(mut error) => {
                    error.transferred += page_vaddr - vaddr;
                    return Err(error);
                }
            }
        }
        // The error of an unmapped page does not count if the other page was written.
        if is_written { Ok(()) } else { unmapped }
    }
}

/// Splits the bytes of an instruction at the page boundary, if it crosses one. Returns the address
/// of each part with its bytes.
pub(super) fn split_at_page(vaddr: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let (first, second) = bytes.split_at(bytes.len().min(PAGE - vaddr % PAGE));
    let second_vaddr = vaddr.wrapping_add(first.len());
    [(vaddr, first), (second_vaddr, second)]
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
}
