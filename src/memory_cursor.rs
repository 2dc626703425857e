use crate::sys::zx_vaddr_t;
use crate::transfer::ZeroCounts;
use crate::{MAX_WRITE_LEN, Process, Status, TransferError};
use core::borrow::Borrow;
use core::fmt;
use std::format;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

/// A position in a process's memory that implements [`io::Read`], [`io::Write`] and [`io::Seek`].
/// Positions are addresses.
///
/// `P` holds the process: `&Process`, [`Process`], [`ProcessRef`](crate::ProcessRef) or
/// `Arc<Process>`, for example. The cursor has no buffer, so each call is a system call.
///
/// An unmapped address is an error, not the end of a file: `read` and `write` never return 0 for a
/// buffer that is not empty. They repeat a call that returns a count of 0, as
/// [`Process::write_all_memory`] does. To read a known length, use
/// [`take`](Read::take). An error contains the [`Status`]; that of `read_exact` and `write_all`
/// contains the [`TransferError`], and the position is then the address where the transfer stopped.
/// [`io::Error::get_ref`] returns them.
///
/// ```
/// use std::io::{Read, Seek, SeekFrom};
/// use zx_process_memory::{MemoryCursor, Process, TransferError};
///
/// static TEXT: &[u8] = b"first line\nsecond line\n";
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // SAFETY: nothing is written.
/// let process = unsafe { Process::current() }?;
/// let mut cursor = MemoryCursor::new(&process, TEXT.as_ptr().addr());
/// cursor.seek(SeekFrom::Current(6))?;
/// let mut text = String::new();
/// cursor.by_ref().take(11).read_to_string(&mut text)?;
/// assert_eq!(text, "line\nsecond");
///
/// cursor.seek(SeekFrom::Start(0x10))?;
/// let error = cursor.read_exact(&mut [0; 8]).unwrap_err();
/// let error: &TransferError = error.get_ref().unwrap().downcast_ref().unwrap();
/// assert_eq!((error.vaddr, error.transferred), (0x10, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryCursor<P> {
    process: P,
    vaddr: zx_vaddr_t,
}

impl<P> MemoryCursor<P> {
    /// Creates a cursor at the address `vaddr`. Makes no system call.
    ///
    /// ```
    /// # use zx_process_memory::{MemoryCursor, Process};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }.unwrap();
    /// assert_eq!(MemoryCursor::new(&process, 0x1000).vaddr(), 0x1000);
    /// ```
    pub const fn new(process: P, vaddr: zx_vaddr_t) -> Self {
        Self { process, vaddr }
    }

    /// Returns the address of the next byte to read or write.
    ///
    /// ```
    /// # use zx_process_memory::{MemoryCursor, Process};
    /// # use std::io::Seek;
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }.unwrap();
    /// let mut cursor = MemoryCursor::new(&process, 0x1000);
    /// cursor.seek_relative(-16)?;
    /// assert_eq!(cursor.vaddr(), 0xff0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const fn vaddr(&self) -> zx_vaddr_t {
        self.vaddr
    }

    /// Returns the process.
    ///
    /// ```
    /// # use zx_process_memory::{MemoryCursor, Process};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }.unwrap();
    /// let cursor = MemoryCursor::new(&process, 0x1000);
    /// assert_eq!(cursor.get_ref().koid(), process.koid());
    /// ```
    pub const fn get_ref(&self) -> &P {
        &self.process
    }

    /// Drops the position and returns the process.
    ///
    /// ```
    /// # use zx_process_memory::{MemoryCursor, Process};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }.unwrap();
    /// let handle = process.as_raw();
    /// let cursor = MemoryCursor::new(process, 0x1000);
    /// assert_eq!(cursor.into_inner().as_raw(), handle);
    /// ```
    pub fn into_inner(self) -> P {
        self.process
    }

    /// Transfers up to `len` bytes, and moves the position by the count. The count is 0 only if
    /// `len` is 0: `io::Read` takes a count of 0 for the end of a file.
    ///
    /// `call` gets the process, the address and the number of bytes.
    fn transfer_once(
        &mut self,
        len: usize,
        mut call: impl FnMut(&P, zx_vaddr_t, usize) -> Result<usize, Status>,
    ) -> io::Result<usize> {
        if len == 0 {
            return Ok(0);
        }
        // Reads have the same limit. The position is an address, so it cannot move past the last
        // one, and the byte there cannot be transferred. No process has memory there.
        let len = len.min(MAX_WRITE_LEN).min(usize::MAX - self.vaddr);
        if len == 0 {
            return Err(Status::OutOfRange.into());
        }
        let mut zero_counts = ZeroCounts::default();
        loop {
            let count = call(&self.process, self.vaddr, len)?;
            let count = zero_counts.check(count, len)?;
            if count > 0 {
                self.vaddr += count;
                return Ok(count);
            }
        }
    }

    fn advance(&mut self, result: Result<(), TransferError>, len: usize) -> io::Result<()> {
        match result {
            Ok(()) => {
                self.vaddr += len;
                Ok(())
            }
            Err(error) => {
                self.vaddr = error.vaddr;
                Err(error.into())
            }
        }
    }
}

/// Prints the position in hex.
impl<P: fmt::Debug> fmt::Debug for MemoryCursor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCursor")
            .field("process", &self.process)
            .field("vaddr", &format_args!("{:#x}", self.vaddr))
            .finish()
    }
}

impl<P: Borrow<Process>> Read for MemoryCursor<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.transfer_once(buffer.len(), |process, vaddr, len| {
            process.borrow().read_memory(vaddr, &mut buffer[..len])
        })
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let process = self.process.borrow();
        let result = process.read_exact_memory(self.vaddr, buffer);
        self.advance(result, buffer.len())
    }
}

impl<P: Borrow<Process>> Write for MemoryCursor<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.transfer_once(bytes.len(), |process, vaddr, len| {
            process.borrow().write_memory(vaddr, &bytes[..len])
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let process = self.process.borrow();
        let result = process.write_all_memory(self.vaddr, bytes);
        self.advance(result, bytes.len())
    }

    /// Does nothing: the cursor has no buffer.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Moves the position and makes no system call. If the new address is unmapped, the next read or
/// write returns an error.
///
/// `SeekFrom::End` returns [`ErrorKind::Unsupported`], since a process's memory has no end. A
/// position outside the address space returns [`ErrorKind::InvalidInput`].
impl<P: Borrow<Process>> Seek for MemoryCursor<P> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let vaddr = match to {
            SeekFrom::Start(vaddr) => usize::try_from(vaddr).ok(),
            SeekFrom::Current(offset) => isize::try_from(offset)
                .ok()
                .and_then(|offset| self.vaddr.checked_add_signed(offset)),
            SeekFrom::End(_) => {
                let message =
                    "a process's memory has no end: seek to an address with SeekFrom::Start";
                return Err(io::Error::new(ErrorKind::Unsupported, message));
            }
        };
        self.vaddr = vaddr.ok_or_else(|| {
            let message = format!("{to:?} from {:#x} is outside the address space", self.vaddr);
            io::Error::new(ErrorKind::InvalidInput, message)
        })?;
        Ok(self.vaddr as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryCursor;
    use crate::transfer::MAX_ZERO_COUNTS;
    use crate::{MAX_WRITE_LEN, Status};
    use std::io::{self, Read};
    use std::vec::Vec;

    /// A cursor whose calls return these results. Each call fills the buffer with its number.
    struct Scripted<I> {
        cursor: MemoryCursor<()>,
        results: I,
        calls: u32,
    }

    impl<I: Iterator<Item = Result<usize, Status>>> Scripted<I> {
        fn new(results: impl IntoIterator<IntoIter = I>) -> Self {
            Self {
                cursor: MemoryCursor::new((), 0x1000),
                results: results.into_iter(),
                calls: 0,
            }
        }
    }

    impl<I: Iterator<Item = Result<usize, Status>>> Read for Scripted<I> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Self {
                cursor,
                results,
                calls,
            } = self;
            let at = cursor.vaddr();
            cursor.transfer_once(buffer.len(), |(), vaddr, len| {
                assert_eq!((vaddr, len), (at, buffer.len().min(MAX_WRITE_LEN)));
                *calls += 1;
                buffer.fill(u8::try_from(*calls & 0xff).unwrap());
                results.next().unwrap()
            })
        }
    }

    fn status<T>(result: io::Result<T>) -> Result<T, Status> {
        result.map_err(|error| *error.get_ref().unwrap().downcast_ref().unwrap())
    }

    #[test]
    fn call_is_repeated_after_a_count_of_0() {
        let mut scripted = Scripted::new([Ok(0), Ok(3), Ok(0), Ok(0), Err(Status::NoMemory)]);
        assert_eq!(status(scripted.read(&mut [0; 8])), Ok(3));
        assert_eq!(scripted.cursor.vaddr(), 0x1003);
        assert_eq!(status(scripted.read(&mut [0; 8])), Err(Status::NoMemory));
        assert_eq!(scripted.cursor.vaddr(), 0x1003);
        assert_eq!(scripted.calls, 5);
    }

    #[test]
    fn read_to_end_does_not_end_at_a_count_of_0() {
        let mut scripted = Scripted::new([Ok(2), Ok(0), Ok(1), Ok(0), Err(Status::NoMemory)]);
        let mut bytes = Vec::new();
        let result = status(scripted.read_to_end(&mut bytes));
        assert_eq!(result, Err(Status::NoMemory));
        assert_eq!(bytes, [1, 1, 3]);
    }

    #[test]
    fn too_many_counts_of_0_are_internal() {
        let mut scripted = Scripted::new(std::iter::repeat(Ok(0)));
        assert_eq!(status(scripted.read(&mut [0; 8])), Err(Status::Internal));
        assert_eq!(scripted.calls, MAX_ZERO_COUNTS);
        assert_eq!(scripted.cursor.vaddr(), 0x1000);
    }

    #[test]
    fn count_larger_than_the_buffer_is_internal() {
        let mut scripted = Scripted::new([Ok(9)]);
        assert_eq!(status(scripted.read(&mut [0; 8])), Err(Status::Internal));
        assert_eq!(scripted.cursor.vaddr(), 0x1000);
    }
}
