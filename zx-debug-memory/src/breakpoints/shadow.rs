//! Reads that show the original bytes, and writes that go to them.

use super::{Borrow, Breakpoints, Process, Standing, Status, TransferError, pages};
use std::ops::Range;

impl<P: Borrow<Process>> Breakpoints<P> {
    /// Like [`Process::read_memory`], with the original bytes in place of break instructions
    /// that still stand.
    ///
    /// # Errors
    ///
    /// Those of [`Process::read_memory`].
    ///
    /// An example is at [`Breakpoints`].
    pub fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        let count = self.process().read_memory(vaddr, buffer)?;
        self.hide(vaddr, &mut buffer[..count]);
        Ok(count)
    }

    /// Like [`Process::read_exact_memory`], with the original bytes in place of break
    /// instructions that still stand.
    ///
    /// # Errors
    ///
    /// Those of [`Process::read_exact_memory`]. What was read before it stopped shows no
    /// breakpoints either.
    ///
    /// An example is at [`Breakpoints`].
    pub fn read_exact_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<(), TransferError> {
        let outcome = self.process().read_exact_memory(vaddr, buffer);
        let done = outcome.map_or_else(|stopped| stopped.transferred, |()| buffer.len());
        self.hide(vaddr, &mut buffer[..done]);
        outcome
    }

    /// Like [`Process::write_all_memory`], around the break instructions that still stand:
    /// what is meant for their places is original, and put there when they are removed.
    ///
    /// Of a write over n breakpoints, n + 1 parts or fewer are written one by one.
    ///
    /// # Errors
    ///
    /// Those of [`Process::write_all_memory`]. What was original before it stopped counts as
    /// done.
    ///
    /// An example is at [`Breakpoints`].
    pub fn write_all_memory(&mut self, vaddr: usize, bytes: &[u8]) -> Result<(), TransferError> {
        let Some(end) = vaddr.checked_add(bytes.len()) else {
            // No breakpoint is there, and the call knows what is wrong.
            return self.process().write_all_memory(vaddr, bytes);
        };
        let mut at = vaddr;
        while at < end {
            let Some((breakpoint_at, breakpoint)) = self.first_in(at..end) else {
                return self.write_part(vaddr, bytes, at..end);
            };
            let bytes_there = breakpoint.instruction.bytes();
            // In one page, since the other may be gone.
            let (page_at, in_page) = pages(breakpoint_at, bytes_there)
                .find(|(page_at, there)| at < page_at + there.len())
                .unwrap_or((breakpoint_at, bytes_there));
            let start = page_at.max(at);
            let stop = (page_at + in_page.len()).min(end);
            self.write_part(vaddr, bytes, at..start)?;

            let stands = self.standing(page_at, in_page) == Ok(Standing::Instruction)
                && (in_page.len() == bytes_there.len() || self.stands(breakpoint_at, &breakpoint));
            let mut original = breakpoint.original;
            if stands || breakpoint.is_torn {
                original[start - breakpoint_at..stop - breakpoint_at]
                    .copy_from_slice(&bytes[start - vaddr..stop - vaddr]);
            } else {
                self.write_part(vaddr, bytes, start..stop)?;
                // What was original is of the past. If what stands there now happens to be a break
                // instruction, it is the program's own. (What is not there matters to nobody.)
                for (page_at, in_page) in pages(breakpoint_at, bytes_there) {
                    let now = &mut original[page_at - breakpoint_at..][..in_page.len()];
                    let _ = self.process().read_exact_memory(page_at, now);
                }
            }
            if let Some(breakpoint) = self.inserted.get_mut(&breakpoint_at) {
                breakpoint.original = original;
            }
            at = stop;
        }
        Ok(())
    }

    /// Writes the part of `bytes`, which begin at `vaddr`, that goes to these addresses.
    fn write_part(
        &self,
        vaddr: usize,
        bytes: &[u8],
        part: Range<usize>,
    ) -> Result<(), TransferError> {
        let before = part.start - vaddr;
        let bytes = &bytes[before..part.end - vaddr];
        let outcome = self.process().write_all_memory(part.start, bytes);
        outcome.map_err(|mut stopped| {
            stopped.transferred += before;
            stopped
        })
    }

    /// Puts the original bytes into what was read at `vaddr`.
    fn hide(&self, vaddr: usize, read: &mut [u8]) {
        // It was read, so its last byte has an address.
        let range = vaddr..vaddr.saturating_add(read.len());
        let mut rest = range.clone();
        while let Some((breakpoint_at, breakpoint)) = self.first_in(rest) {
            let end = breakpoint_at + breakpoint.len();
            let (start, stop) = (breakpoint_at.max(range.start), end.min(range.end));
            let bytes =
                &breakpoint.instruction.bytes()[start - breakpoint_at..stop - breakpoint_at];
            let seen = &mut read[start - vaddr..stop - vaddr];
            // Of an instruction that was read in part, the other part has a say too.
            let is_whole = seen.len() == breakpoint.len();
            let stands =
                || *seen == *bytes && (is_whole || self.stands(breakpoint_at, &breakpoint));
            if breakpoint.is_torn || stands() {
                seen.copy_from_slice(
                    &breakpoint.original[start - breakpoint_at..stop - breakpoint_at],
                );
            }
            rest = stop..range.end;
        }
    }
}
