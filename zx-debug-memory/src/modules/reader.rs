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

/// The bytes of one read.
pub(super) struct Piece {
    bytes: [u8; PIECE_LEN],
    len: usize,
}

impl Piece {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

pub(super) struct Reader<'a, M: ?Sized> {
    memory: &'a M,
    /// The first piece of the current image.
    head: [u8; HEAD_LEN],
    head_range: Range<usize>,
    has_succeeded: bool,
    first_error: Option<Status>,
}

impl<'a, M: ReadMemory + ?Sized> Reader<'a, M> {
    pub(super) const fn new(memory: &'a M) -> Self {
        Self {
            memory,
            head: [0; HEAD_LEN],
            head_range: 0..0,
            has_succeeded: false,
            first_error: None,
        }
    }

    /// Reads the first piece of an image. Returns the bytes that could be read.
    pub(super) fn begin(&mut self, mapping: &Range<usize>) -> &[u8] {
        let len = mapping.len().min(HEAD_LEN);
        let mut head = [0; HEAD_LEN];
        let count = self.read_memory(mapping.start, head.get_mut(..len).unwrap_or_default());
        self.head = head;
        self.head_range = mapping.start..mapping.start.saturating_add(count);
        self.head.get(..count).unwrap_or_default()
    }

    /// Returns the bytes of the range, up to the first that cannot be read, and at most `PIECE_LEN`.
    /// Makes at most one read.
    pub(super) fn read(&mut self, range: &Range<usize>) -> Piece {
        let (mut bytes, len) = ([0; PIECE_LEN], range.len().min(PIECE_LEN));
        let buffer = bytes.get_mut(..len).unwrap_or_default();
        let len = match self.in_head(range.start, len) {
            Some(head) => {
                buffer.copy_from_slice(head);
                len
            }
            None => self.read_memory(range.start, buffer),
        };
        Piece { bytes, len }
    }

    /// Returns an error if no read has succeeded: then the reason is not the image.
    pub(super) fn finish(self) -> Result<(), Status> {
        match self.first_error {
            Some(status) if !self.has_succeeded => Err(status),
            _ => Ok(()),
        }
    }

    fn in_head(&self, vaddr: usize, len: usize) -> Option<&[u8]> {
        let at = vaddr.checked_sub(self.head_range.start)?;
        let end = at.checked_add(len)?;
        let head = self.head.get(..self.head_range.len())?;
        head.get(at..end)
    }

    /// Returns the number of bytes read: 0 after an error.
    fn read_memory(&mut self, vaddr: usize, buffer: &mut [u8]) -> usize {
        if buffer.is_empty() {
            return 0;
        }
        match self.memory.read_memory(vaddr, buffer) {
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
