//! Reads of bounded length. The first piece of an image is kept, since it usually contains the program
//! headers and the notes too.

use crate::ReadMemory;
use std::ops::Range;
use zx_process_memory::Status;

/// The size of the first piece, in bytes: the file header, and usually 12 program headers and the notes.
/// elf-search reads as many.
const HEAD_LEN: usize = 1024;

/// The size of each other piece, in bytes.
pub(super) const PIECE_LEN: usize = 4096;

pub(super) struct Reader<'a, M: ?Sized> {
    memory: &'a M,
    /// The first piece of the current image.
    head: [u8; HEAD_LEN],
    head_range: Range<usize>,
    /// The last other piece.
    piece: [u8; PIECE_LEN],
    outcome: Outcome,
}

/// The outcome of the reads so far.
struct Outcome {
    has_succeeded: bool,
    first_error: Option<Status>,
}

impl<'a, M: ReadMemory + ?Sized> Reader<'a, M> {
    pub(super) const fn new(memory: &'a M) -> Self {
        Self {
            memory,
            head: [0; HEAD_LEN],
            head_range: 0..0,
            piece: [0; PIECE_LEN],
            outcome: Outcome {
                has_succeeded: false,
                first_error: None,
            },
        }
    }

    /// Reads the first piece of an image. Returns the bytes that could be read.
    pub(super) fn begin(&mut self, mapping: &Range<usize>) -> &[u8] {
        let head = prefix(&mut self.head, mapping.len());
        let count = self.outcome.read(self.memory, mapping.start, head);
        self.head_range = mapping.start..mapping.start.saturating_add(count);
        prefix(&mut self.head, count)
    }

    /// Returns the bytes of the range, up to the first that cannot be read, and at most `PIECE_LEN`.
    /// Makes at most one read.
    pub(super) fn read(&mut self, range: &Range<usize>) -> &[u8] {
        let len = range.len().min(PIECE_LEN);
        if let Some(in_head) = self.in_head(range.start, len) {
            return self.head.get(in_head).unwrap_or_default();
        }
        let piece = prefix(&mut self.piece, len);
        let count = self.outcome.read(self.memory, range.start, piece);
        prefix(&mut self.piece, count)
    }

    /// Returns an error if no read has succeeded: then the reason is not the image.
    pub(super) fn finish(self) -> Result<(), Status> {
        match self.outcome.first_error {
            Some(status) if !self.outcome.has_succeeded => Err(status),
            _ => Ok(()),
        }
    }

    /// Returns where in the first piece the bytes are.
    fn in_head(&self, vaddr: usize, len: usize) -> Option<Range<usize>> {
        let at = vaddr.checked_sub(self.head_range.start)?;
        let end = at.checked_add(len)?;
        (end <= self.head_range.len()).then_some(at..end)
    }
}

impl Outcome {
    /// Returns the number of bytes read: 0 after an error.
    fn read<M>(&mut self, memory: &M, vaddr: usize, buffer: &mut [u8]) -> usize
    where
        M: ReadMemory + ?Sized,
    {
        // A read of no bytes is `InvalidArgs`.
        if buffer.is_empty() {
            return 0;
        }
        match memory.read_memory(vaddr, buffer) {
            Ok(count) => {
                self.has_succeeded = true;
                count.min(buffer.len())
            }
            Err(status) => {
                self.first_error.get_or_insert(status);
                0
            }
        }
    }
}

fn prefix(buffer: &mut [u8], len: usize) -> &mut [u8] {
    let len = len.min(buffer.len());
    buffer.get_mut(..len).unwrap_or_default()
}
