use crate::sys::zx_vaddr_t;
use crate::transfer::checked_count;
use crate::{MAX_READ_LEN, MAX_WRITE_LEN, Process, Status, TransferError};
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
/// An unmapped address is an error, not the end of a file. To read a known length, use
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

    /// Limits `len` to what one call can transfer. The position is an address, so it cannot move
    /// past the last one, and the byte there cannot be transferred. No process has memory there.
    fn len_of_call(&self, len: usize, max: usize) -> io::Result<usize> {
        match len.min(max).min(usize::MAX - self.vaddr) {
            0 => Err(Status::OutOfRange.into()),
            len => Ok(len),
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
        if buffer.is_empty() {
            return Ok(0);
        }
        let len = self.len_of_call(buffer.len(), MAX_READ_LEN)?;
        let process = self.process.borrow();
        let count = process.read_memory(self.vaddr, &mut buffer[..len])?;
        self.vaddr += count;
        Ok(count)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let process = self.process.borrow();
        let result = process.read_exact_memory(self.vaddr, buffer);
        self.advance(result, buffer.len())
    }
}

impl<P: Borrow<Process>> Write for MemoryCursor<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let len = self.len_of_call(bytes.len(), MAX_WRITE_LEN)?;
        let process = self.process.borrow();
        // `io::Write` forbids a count larger than the length, even if the kernel returns one.
        let count = checked_count(process.write_memory(self.vaddr, &bytes[..len])?, len)?;
        self.vaddr += count;
        Ok(count)
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
