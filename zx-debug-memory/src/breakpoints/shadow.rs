//! Reads that return the original bytes, and writes that change them.

use super::memory::{Comparison, split_at_page};
use super::{Borrow, Breakpoints, Process};
use std::ops::Range;
use zx_process_memory::{Status, TransferError};

impl<P: Borrow<Process>> Breakpoints<P> {
    /// Reads memory like [`Process::read_memory`], with the original bytes in place of intact
    /// break instructions. Returns the number of bytes that were read, which can be 0 as for
    /// [`Process::read_memory`].
    ///
    /// Wraps `zx_process_read_memory`.
    ///
    /// # Errors
    ///
    /// Those of [`Process::read_memory`].
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # use zx_process_memory::{Process, Status};
    /// # static CODE: [u8; 2] = [0x55, 0x48];
    /// # fn main() -> Result<(), Status> {
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }?;
    /// # let vaddr = CODE.as_ptr().addr();
    /// let breakpoints = Breakpoints::new(process, OnDrop::Remove);
    /// let mut buffer = [0; 2];
    /// assert_eq!(breakpoints.read_memory(vaddr, &mut buffer)?, 2);
    /// assert_eq!(buffer, [0x55, 0x48]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        let count = self.process().read_memory(vaddr, buffer)?;
        self.restore_original(vaddr, &mut buffer[..count]);
        Ok(count)
    }

    /// Fills the buffer like [`Process::read_exact_memory`], with the original bytes in place of
    /// intact break instructions.
    ///
    /// Wraps `zx_process_read_memory`.
    ///
    /// # Errors
    ///
    /// Those of [`Process::read_exact_memory`]. The bytes that were read before the error contain
    /// no break instructions either.
    ///
    /// An example is at [`Breakpoints`].
    pub fn read_exact_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<(), TransferError> {
        let result = self.process().read_exact_memory(vaddr, buffer);
        let transferred = result.map_or_else(|error| error.transferred, |()| buffer.len());
        self.restore_original(vaddr, &mut buffer[..transferred]);
        result
    }

    /// Writes all bytes like [`Process::write_all_memory`], but changes the original bytes in
    /// place of intact break instructions. [`remove`](Self::remove) writes those to memory.
    ///
    /// Wraps `zx_process_write_memory`, and `zx_process_read_memory` where breakpoints are. The
    /// parts before, between and after breakpoints are separate writes.
    ///
    /// # Errors
    ///
    /// Those of [`Process::write_all_memory`].
    /// [`transferred`](TransferError::transferred) includes the original bytes that were changed
    /// before the error.
    ///
    /// An example is at [`Breakpoints`].
    pub fn write_all_memory(&mut self, vaddr: usize, bytes: &[u8]) -> Result<(), TransferError> {
        let Some(end) = vaddr.checked_add(bytes.len()) else {
            // The call returns the error for the overflow, and writes nothing.
            return self.process().write_all_memory(vaddr, bytes);
        };
        let mut next = vaddr;
        while next < end {
            let Some((breakpoint_vaddr, breakpoint)) = self.first_in(next..end) else {
                return self.write_part(vaddr, bytes, next..end);
            };
            let instruction = breakpoint.instruction.bytes();
            // Each iteration handles one page of the instruction: the other may be unmapped.
            let (page_vaddr, in_page) = split_at_page(breakpoint_vaddr, instruction)
                .find(|(page_vaddr, in_page)| next < page_vaddr + in_page.len())
                .unwrap_or((breakpoint_vaddr, instruction));
            let start = page_vaddr.max(next);
            let stop = (page_vaddr + in_page.len()).min(end);
            self.write_part(vaddr, bytes, next..start)?;

            // If the other page is unmapped, `contains` ignores it, so this page is compared too.
            let is_intact = self.compare(page_vaddr, in_page) == Ok(Comparison::Equal)
                && (in_page.len() == instruction.len()
                    || self.contains(breakpoint_vaddr, instruction));
            let mut original = breakpoint.original;
            if is_intact || breakpoint.is_corrupted {
                original[start - breakpoint_vaddr..stop - breakpoint_vaddr]
                    .copy_from_slice(&bytes[start - vaddr..stop - vaddr]);
            } else {
                self.write_part(vaddr, bytes, start..stop)?;
                // The program has overwritten the instruction, so the original bytes are out of
                // date: memory has the current ones. If they are a break instruction now, it is
                // the program's own. Unmapped bytes are not restored, so errors do not matter.
                for (page_vaddr, in_page) in split_at_page(breakpoint_vaddr, instruction) {
                    let current = &mut original[page_vaddr - breakpoint_vaddr..][..in_page.len()];
                    let _ = self.process().read_exact_memory(page_vaddr, current);
                }
            }
            if let Some(breakpoint) = self.inserted.get_mut(&breakpoint_vaddr) {
                breakpoint.original = original;
            }
            next = stop;
        }
        Ok(())
    }

    /// Writes the bytes of one address range to memory. `bytes` begin at `vaddr`.
    fn write_part(
        &self,
        vaddr: usize,
        bytes: &[u8],
        range: Range<usize>,
    ) -> Result<(), TransferError> {
        let before = range.start - vaddr;
        let bytes = &bytes[before..range.end - vaddr];
        let result = self.process().write_all_memory(range.start, bytes);
        result.map_err(|mut error| {
            error.transferred += before;
            error
        })
    }

    /// Replaces the break instructions in `buffer`, which was read at `vaddr`, by the original
    /// bytes.
    fn restore_original(&self, vaddr: usize, buffer: &mut [u8]) {
        // The sum does not saturate: all bytes were read.
        let range = vaddr..vaddr.saturating_add(buffer.len());
        let mut rest = range.clone();
        while let Some((breakpoint_vaddr, breakpoint)) = self.first_in(rest) {
            let start = breakpoint_vaddr.max(range.start);
            let stop = (breakpoint_vaddr + breakpoint.len()).min(range.end);
            let in_breakpoint = start - breakpoint_vaddr..stop - breakpoint_vaddr;
            let instruction = breakpoint.instruction.bytes();
            let part = &mut buffer[start - vaddr..stop - vaddr];
            // If the buffer holds a part of the instruction, the other part is compared in memory.
            let is_complete = part.len() == instruction.len();
            let is_intact = || {
                *part == instruction[in_breakpoint.clone()]
                    && (is_complete || self.contains(breakpoint_vaddr, instruction))
            };
            if breakpoint.is_corrupted || is_intact() {
                part.copy_from_slice(&breakpoint.original[in_breakpoint]);
            }
            rest = stop..range.end;
        }
    }
}
