use crate::hex::Hex;
use crate::page::PAGE;
use crate::{MemoryMap, ReadMemory};
use std::fmt;
use std::ops::Range;
use zx_process_memory::{MAX_READ_LEN, Status};

/// A part of a range of memory: either readable, with its bytes, or a hole. [`MemoryMap::read_blocks`]
/// returns them.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MemoryBlock {
    /// The addresses. The range is not empty.
    pub range: Range<usize>,
    /// The contents, which are as long as the range. `None` if the memory cannot be read.
    pub bytes: Option<Vec<u8>>,
}

impl MemoryMap {
    /// Reads a range that can have holes, as a memory view displays it. Returns the readable parts and the
    /// holes, in address order and without gaps. Adjacent parts are of different kinds. An empty range has
    /// none.
    ///
    /// `memory` is the [`Process`](zx_process_memory::Process) that the map was read from, or its
    /// [`Breakpoints`](crate::Breakpoints): then the blocks contain no break instructions. The map only
    /// saves reads: a hole between mappings costs one, however long it is. Unreadable pages in a mapping cost
    /// two each. Memory that was mapped after the map was read can be missing.
    ///
    /// The result takes about as much memory as the parts that exist.
    ///
    /// Wraps `zx_process_read_memory`.
    ///
    /// # Errors
    ///
    /// Unreadable memory is not an error, unless nothing in the range can be read. Then the status is
    /// that of the first read that failed for another reason than unmapped memory:
    ///
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks
    ///   [`Rights::READ_MEMORY`](zx_process_memory::Rights::READ_MEMORY). On Linux: Linux refuses the
    ///   read.
    /// - [`BadState`](Status::BadState): the memory is not cached, or (on Linux) the process has ended.
    /// - [`NotSupported`](Status::NotSupported): a physical VMO is mapped, or the target has no backend.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - A status of the pager that backs the memory.
    ///
    /// On Zircon the memory of a process that has ended reads as unmapped.
    ///
    /// ```
    /// use zx_debug_memory::MemoryMap;
    /// use zx_process_memory::Process;
    ///
    /// static TEXT: [u8; 5] = *b"hello";
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # #[cfg(target_os = "linux")]
    /// # {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let map = MemoryMap::read(&process)?;
    /// let vaddr = TEXT.as_ptr().addr();
    /// let blocks = map.read_blocks(&process, vaddr..vaddr + 5)?;
    /// assert_eq!(blocks[0].bytes.as_deref(), Some(&b"hello"[..]));
    ///
    /// let blocks = map.read_blocks(&process, 0..4096)?;
    /// assert_eq!((blocks[0].range.clone(), &blocks[0].bytes), (0..4096, &None));
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_blocks<M: ReadMemory + ?Sized>(
        &self,
        memory: &M,
        range: Range<usize>,
    ) -> Result<Vec<MemoryBlock>, Status> {
        let mut blocks: Vec<MemoryBlock> = Vec::new();
        let mut refused = None;
        let mut vaddr = range.start;
        while vaddr < range.end {
            let page_end = (vaddr | (PAGE - 1)).saturating_add(1).min(range.end);
            let mapping = self.find(vaddr);
            let end = mapping.map_or(page_end, |mapping| mapping.range.end.min(range.end));
            let mut result = read(memory, vaddr..end);
            // Some kernels return an error if only a later page cannot be read.
            if result.is_err() && end > page_end {
                result = read(memory, vaddr..page_end);
            }
            let block = match result {
                Ok(bytes) if !bytes.is_empty() => MemoryBlock {
                    range: vaddr..vaddr + bytes.len(),
                    bytes: Some(bytes),
                },
                result => {
                    let status = result.err();
                    if let Some(status) = status.filter(|status| !is_unmapped(*status)) {
                        refused.get_or_insert(status);
                    }
                    let end = match mapping {
                        // The reason is not the page, but the handle, the process or the VMO.
                        Some(_) if is_of_all_pages(status) => end,
                        Some(_) => page_end,
                        None => self.next_start(page_end).min(range.end),
                    };
                    MemoryBlock {
                        range: vaddr..end,
                        bytes: None,
                    }
                }
            };
            vaddr = block.range.end;
            push(&mut blocks, block);
        }
        match refused {
            Some(status) if blocks.iter().all(|block| block.bytes.is_none()) => Err(status),
            _ => Ok(blocks),
        }
    }

    /// Returns the first address from `vaddr` on that is mapped, or the last of all addresses.
    fn next_start(&self, vaddr: usize) -> usize {
        let mut mappings = self.iter_from(vaddr);
        mappings
            .next()
            .map_or(usize::MAX, |mapping| mapping.range.start.max(vaddr))
    }
}

/// Whether a read fails with this status for each page of a mapping.
fn is_of_all_pages(status: Option<Status>) -> bool {
    matches!(
        status,
        Some(Status::BadHandle | Status::BadState | Status::NotSupported | Status::WrongType)
    )
}

/// Whether the status means that there is no memory. A VMO or file can be shorter than its mapping.
fn is_unmapped(status: Status) -> bool {
    status.may_mean_unmapped() || status == Status::OutOfRange
}

fn read<M: ReadMemory + ?Sized>(memory: &M, range: Range<usize>) -> Result<Vec<u8>, Status> {
    let mut bytes = vec![0; range.len().min(MAX_READ_LEN)];
    let count = memory.read_memory(range.start, &mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Adds the block, or extends the last one if it is of the same kind.
fn push(blocks: &mut Vec<MemoryBlock>, block: MemoryBlock) {
    if let Some(last) = blocks.last_mut() {
        match (&mut last.bytes, &block.bytes) {
            (Some(bytes), Some(more)) => bytes.extend_from_slice(more),
            (None, None) => {}
            _ => return blocks.push(block),
        }
        last.range.end = block.range.end;
    } else {
        blocks.push(block);
    }
}

/// Prints addresses in hex, and the number of bytes instead of the bytes.
impl fmt::Debug for MemoryBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.range;
        f.debug_struct("MemoryBlock")
            .field("range", &(Hex(start)..Hex(end)))
            .field("bytes", &self.bytes.as_ref().map(Vec::len))
            .finish()
    }
}

#[cfg(test)]
mod tests;
