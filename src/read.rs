use crate::sys::{self, zx_vaddr_t};
use crate::transfer::transfer;
use crate::{MAX_WRITE_LEN, Process, Status, TransferError, trace};
use core::mem::MaybeUninit;
use core::slice;

/// The most that one [`Process::read_memory`] takes: 64 MiB, as for a write.
///
/// Zircon's own limit; [`Process::read_exact_memory`] has none.
///
/// ```
/// assert_eq!(zx_process_memory::MAX_READ_LEN, 67_108_864);
/// ```
pub const MAX_READ_LEN: usize = MAX_WRITE_LEN;

impl Process {
    /// Reads memory at the address `vaddr` of the process into `buffer`, and returns how
    /// many bytes were read: as many as fit, or fewer when the mapping that holds `vaddr`
    /// ends first. An adjacent mapping is never entered.
    /// [`read_exact_memory`](Self::read_exact_memory) goes on there.
    ///
    /// Wraps `zx_process_read_memory`. Page permissions do not apply, and nothing about
    /// the process's state is asked. It is not atomic: of bytes that the target changes
    /// meanwhile, any mixture may be seen.
    ///
    /// What `buffer` holds beyond the count, and after an error, is not specified: the
    /// kernels of 2018 and 2019 put zeros into it before they read.
    ///
    /// The handle needs [`Rights::READ_MEMORY`](crate::Rights::READ_MEMORY), which is
    /// both `READ` and `WRITE`. The switch `kernel.enable-debugging-syscalls` does not
    /// apply.
    ///
    /// # Errors
    ///
    /// Kernels are named by the year.
    ///
    /// - [`InvalidArgs`](Status::InvalidArgs): `buffer` is empty or longer than
    ///   [`MAX_READ_LEN`]. Found before any system call.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - [`WrongType`](Status::WrongType): the raw handle names no process.
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks one of the rights.
    /// - [`NoMemory`](Status::NoMemory) (until about 2023, and the stand-in) or
    ///   [`NotFound`](Status::NotFound) (about 2024 on): nothing is mapped at `vaddr`.
    ///   Kernels say the same of a process that is gone.
    /// - [`BadState`](Status::BadState): the mapping is not cached; or the process is gone
    ///   (stand-in).
    /// - [`NotSupported`](Status::NotSupported): a physical VMO is mapped at `vaddr`; or
    ///   this target has no backend.
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` is past the end of the mapped VMO;
    ///   until about 2023 also if only a later byte is.
    /// - [`Internal`](Status::Internal): the kernel claimed to have read more than it was
    ///   asked for. No known kernel does.
    /// - Whatever a pager answers that backs the memory.
    ///
    /// # References
    ///
    /// - [`zx_process_read_memory`](https://fuchsia.dev/reference/syscalls/process_read_memory)
    /// - The statuses by year: read from Zircon's sources of those years, and for
    ///   July 2019 measured on booted kernels.
    ///
    /// ```
    /// use zx_process_memory::{Process, Status};
    ///
    /// static TEXT: [u8; 5] = *b"hello";
    ///
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let mut buffer = [0; 5];
    /// let count = process.read_memory(TEXT.as_ptr().addr(), &mut buffer)?;
    /// assert_eq!(&buffer[..count], b"hello");
    ///
    /// let status = process.read_memory(0, &mut buffer).unwrap_err();
    /// assert!(status.may_mean_unmapped());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_read_memory")]
    #[inline]
    pub fn read_memory(&self, vaddr: zx_vaddr_t, buffer: &mut [u8]) -> Result<usize, Status> {
        // SAFETY: the slice is writable for its length.
        unsafe { self.read_to(vaddr, buffer.as_mut_ptr(), buffer.len()) }
    }

    /// Like [`read_memory`](Self::read_memory), for a buffer that need not be
    /// initialised. Returns the part that was read and the rest, which is to be taken
    /// as uninitialised.
    ///
    /// Wraps `zx_process_read_memory`.
    ///
    /// # Errors
    ///
    /// Those of [`read_memory`](Self::read_memory).
    ///
    /// ```
    /// use std::mem::MaybeUninit;
    /// use zx_process_memory::{Process, Status};
    ///
    /// static TEXT: [u8; 5] = *b"hello";
    ///
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let mut buffer = [MaybeUninit::uninit(); 5];
    /// let (text, rest) = process.read_memory_uninit(TEXT.as_ptr().addr(), &mut buffer)?;
    /// assert_eq!((&*text, rest.len()), (&b"hello"[..], 0));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_read_memory")]
    #[inline]
    pub fn read_memory_uninit<'b>(
        &self,
        vaddr: zx_vaddr_t,
        buffer: &'b mut [MaybeUninit<u8>],
    ) -> Result<(&'b mut [u8], &'b mut [MaybeUninit<u8>]), Status> {
        // SAFETY: the slice is writable for its length.
        let count = unsafe { self.read_to(vaddr, buffer.as_mut_ptr().cast(), buffer.len()) }?;
        // `read_to` answers no more than the length.
        let (read, rest) = buffer.split_at_mut_checked(count).ok_or(Status::Internal)?;
        let (read, len) = (read.as_mut_ptr().cast::<u8>(), read.len());
        // SAFETY: the kernel has initialised these bytes, and `u8` has the layout of
        // `MaybeUninit<u8>`. The lifetime is that of the slice that `read` was.
        let read = unsafe { slice::from_raw_parts_mut(read, len) };
        Ok((read, rest))
    }

    /// Fills `buffer` from the address `vaddr` of the process on: goes on after short
    /// reads, into the next mapping, and takes any length, in calls of at most
    /// [`MAX_READ_LEN`].
    ///
    /// Wraps `zx_process_read_memory`, called as often as it takes. An empty buffer
    /// makes no call and is `Ok`.
    ///
    /// # Errors
    ///
    /// [`TransferError`] with the bytes that were read (the first `done` of `buffer`; what
    /// the others hold is not specified), the address where it stopped and the status,
    /// which is one of
    ///
    /// - those of [`read_memory`](Self::read_memory);
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` plus the length passes the end of
    ///   the address space. Nothing is read then;
    /// - [`Internal`](Status::Internal): the kernel claimed success and a count of 0 or
    ///   of more than it was asked for. No known kernel does.
    ///
    /// ```
    /// use zx_process_memory::Process;
    ///
    /// static TEXT: [u8; 5] = *b"hello";
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let mut text = [0; 5];
    /// process.read_exact_memory(TEXT.as_ptr().addr(), &mut text)?;
    /// assert_eq!(&text, b"hello");
    ///
    /// let stopped = process.read_exact_memory(0x10, &mut text).unwrap_err();
    /// assert_eq!((stopped.transferred, stopped.vaddr), (0, 0x10));
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_exact_memory(
        &self,
        vaddr: zx_vaddr_t,
        buffer: &mut [u8],
    ) -> Result<(), TransferError> {
        transfer(vaddr, buffer.len(), |vaddr, part| {
            // `whole` stays within the length; nothing would be refused by the call.
            self.read_memory(vaddr, buffer.get_mut(part).unwrap_or_default())
        })
    }

    /// # Safety
    ///
    /// `buffer` must be valid for writes of `len` bytes.
    #[inline]
    unsafe fn read_to(
        &self,
        vaddr: zx_vaddr_t,
        buffer: *mut u8,
        len: usize,
    ) -> Result<usize, Status> {
        if trace::is_on() {
            // SAFETY: the caller's promise is the one that is asked for.
            unsafe { self.read_to_told(vaddr, buffer, len) }
        } else {
            // SAFETY: the same.
            unsafe { self.read_to_untold(vaddr, buffer, len) }
        }
    }

    /// # Safety
    ///
    /// `buffer` must be valid for writes of `len` bytes.
    #[cold]
    #[inline(never)]
    unsafe fn read_to_told(
        &self,
        vaddr: zx_vaddr_t,
        buffer: *mut u8,
        len: usize,
    ) -> Result<usize, Status> {
        let call = trace::Call {
            name: "zx_process_read_memory",
            handle: self.as_raw(),
            vaddr,
            len,
        };
        // SAFETY: the caller's promise is the one that is asked for.
        trace::told(&call, || unsafe { self.read_to_untold(vaddr, buffer, len) })
    }

    /// # Safety
    ///
    /// `buffer` must be valid for writes of `len` bytes.
    #[inline]
    unsafe fn read_to_untold(
        &self,
        vaddr: zx_vaddr_t,
        buffer: *mut u8,
        len: usize,
    ) -> Result<usize, Status> {
        if len == 0 || len > MAX_READ_LEN {
            return Err(Status::InvalidArgs);
        }
        let mut actual = 0;
        // SAFETY: the caller answers for the buffer, and `actual` is writable.
        let raw = unsafe {
            sys::zx_process_read_memory(self.as_raw(), vaddr, buffer, len, &raw mut actual)
        };
        if raw == sys::ZX_OK && actual <= len {
            Ok(actual)
        } else {
            Err(Status::of_failure(raw))
        }
    }
}
