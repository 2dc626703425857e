use crate::sys::zx_vaddr_t;
use crate::{MAX_READ_LEN, MAX_WRITE_LEN, Process, Status, TransferError};
use core::borrow::Borrow;
use std::format;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

/// A place in a process's memory that moves on as it is read and written:
/// [`io::Read`], [`io::Write`] and [`io::Seek`], with addresses for positions.
///
/// It holds the process as the caller likes: `&Process`, a [`Process`] of its own,
/// [`ProcessRef`](crate::ProcessRef), `Arc<Process>`. Nothing is buffered: each call
/// is a system call.
///
/// Memory has no end that could be read up to. Where nothing is mapped a read is an error, not
/// the end of the file: `take` what is wanted. The errors keep the [`Status`] inside, or
/// for `read_exact` and `write_all` the [`TransferError`], which also says how far they came;
/// the position then is where it stopped. (`get_ref` and `downcast_ref` get at them.)
///
/// ```
/// use std::io::{Read, Seek, SeekFrom};
/// use zx_process_memory::{MemoryCursor, TransferError, Process};
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
/// let stopped: &TransferError = error.get_ref().unwrap().downcast_ref().unwrap();
/// assert_eq!((stopped.vaddr, stopped.transferred), (0x10, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryCursor<P> {
    process: P,
    vaddr: zx_vaddr_t,
}

impl<P: Borrow<Process>> MemoryCursor<P> {
    /// A cursor at the address `vaddr`. Makes no call.
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

    /// The address at which the next call reads or writes.
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

    /// How many of `len` bytes one call may ask for. The position can not go past the
    /// last address, so the byte there, which no process has, is out of reach.
    fn room(&self, len: usize, max: usize) -> io::Result<usize> {
        match len.min(max).min(usize::MAX - self.vaddr) {
            0 => Err(Status::OutOfRange.into()),
            room => Ok(room),
        }
    }

    fn move_on(&mut self, outcome: Result<(), TransferError>, len: usize) -> io::Result<()> {
        match outcome {
            Ok(()) => {
                self.vaddr += len;
                Ok(())
            }
            Err(stopped) => {
                self.vaddr = stopped.vaddr;
                Err(stopped.into())
            }
        }
    }
}

impl<P: Borrow<Process>> Read for MemoryCursor<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let room = self.room(buffer.len(), MAX_READ_LEN)?;
        let process = self.process.borrow();
        let count = process.read_memory(self.vaddr, &mut buffer[..room])?;
        self.vaddr += count;
        Ok(count)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let process = self.process.borrow();
        let outcome = process.read_exact_memory(self.vaddr, buffer);
        self.move_on(outcome, buffer.len())
    }
}

impl<P: Borrow<Process>> Write for MemoryCursor<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let room = self.room(bytes.len(), MAX_WRITE_LEN)?;
        let process = self.process.borrow();
        let count = process.write_memory(self.vaddr, &bytes[..room])?;
        self.vaddr += count;
        Ok(count)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let process = self.process.borrow();
        let outcome = process.write_all_memory(self.vaddr, bytes);
        self.move_on(outcome, bytes.len())
    }

    /// Nothing is buffered.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Moves without looking: whether anything is mapped there, the next call says.
///
/// `SeekFrom::End` is [`ErrorKind::Unsupported`], for a process's memory has no end; a
/// position that is no address is [`ErrorKind::InvalidInput`].
impl<P: Borrow<Process>> Seek for MemoryCursor<P> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let vaddr = match to {
            SeekFrom::Start(vaddr) => usize::try_from(vaddr).ok(),
            SeekFrom::Current(offset) => isize::try_from(offset)
                .ok()
                .and_then(|offset| self.vaddr.checked_add_signed(offset)),
            SeekFrom::End(_) => {
                let why = "a process's memory has no end: seek from the start, by address";
                return Err(io::Error::new(ErrorKind::Unsupported, why));
            }
        };
        self.vaddr = vaddr.ok_or_else(|| {
            let why = format!("{to:?} from {:#x} leaves the address space", self.vaddr);
            io::Error::new(ErrorKind::InvalidInput, why)
        })?;
        Ok(self.vaddr as u64)
    }
}
