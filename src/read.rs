use crate::call_log::logged;
use crate::sys::{self, zx_vaddr_t};
use crate::transfer::{checked_count, transfer};
use crate::{MAX_WRITE_LEN, Process, Status, TransferError};
use core::mem::MaybeUninit;
use core::{ptr, slice};

/// The largest length that [`Process::read_memory`] accepts: 64 MiB, as for a write.
///
/// This is Zircon's limit for one call (measured: July 2019 and April 2021; read in the sources up to
/// 2026). [`Process::read_exact_memory`] has no limit.
///
/// ```
/// assert_eq!(zx_process_memory::MAX_READ_LEN, 67_108_864);
/// ```
pub const MAX_READ_LEN: usize = MAX_WRITE_LEN;

/// Reading.
impl Process {
    /// Reads memory at the address `vaddr` of the process into `buffer`. Returns the number of bytes
    /// read, which is less than the length if the mapping at `vaddr` ends first.
    ///
    /// Wraps `zx_process_read_memory`. A call reads one mapping. To continue in the next mapping,
    /// use [`read_exact_memory`](Self::read_exact_memory). Since November 2020 `zx_vmar_map` merges
    /// some adjacent mappings into one: [`write_memory`](Self::write_memory) has the conditions.
    ///
    /// The kernel ignores page permissions and does not check the state of the process. A read is
    /// not atomic: if the process changes the bytes meanwhile, any mixture can be returned.
    ///
    /// The contents of `buffer` after the count, and after an error, are unspecified. Until September
    /// 2019 the kernel wrote zeros into it after it had found the mapping: to the first byte, each
    /// 4096th byte and the last byte (commit 266d000c3f7; measured: July 2019, and no longer in April
    /// 2021).
    ///
    /// If the mapping disappears during the call, or the process is killed, the kernel can return
    /// success with a count of 0 (measured: July 2019 and April 2021). From about 2023 to 2025 it
    /// returns [`OutOfRange`](Status::OutOfRange) instead (read in the sources). The next call
    /// returns the real cause: [`read_exact_memory`](Self::read_exact_memory) makes it after a count
    /// of 0.
    ///
    /// The handle needs [`Rights::READ_MEMORY`](crate::Rights::READ_MEMORY), which is `READ` and
    /// `WRITE`. Reads work without `kernel.enable-debugging-syscalls`.
    ///
    /// Statements about the kernel without a year are measured on booted kernels of July 2019 and
    /// April 2021, and read in Fuchsia's sources from 2018 to 2026. Atomicity is read only.
    /// [`Status`](Status#after-a-memory-call) names the sources.
    ///
    /// # Errors
    ///
    /// [`Status`] has the table of statuses for each kernel.
    ///
    /// - [`InvalidArgs`](Status::InvalidArgs): `buffer` is empty or longer than [`MAX_READ_LEN`].
    ///   This is checked before any system call.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - [`WrongType`](Status::WrongType): the raw handle does not name a process.
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks one of the rights. On Linux: Linux
    ///   refuses the read, and the log has the cause at level debug.
    /// - [`NoMemory`](Status::NoMemory) or [`NotFound`](Status::NotFound): nothing is mapped at
    ///   `vaddr`, or the process has ended.
    /// - [`BadState`](Status::BadState): the mapping is not cached, or (on Linux) the process has
    ///   ended.
    /// - [`NotSupported`](Status::NotSupported): a physical VMO is mapped at `vaddr`, or the target
    ///   has no backend.
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` is past the end of the mapped VMO. Until about
    ///   2023 also if only a later byte is past it (measured up to April 2021). From about 2023 to
    ///   2025 also if the mapping disappears during the call (read in the sources).
    /// - [`Internal`](Status::Internal): the kernel returned success with a count larger than the
    ///   length.
    /// - A status of the pager that backs the memory:
    ///   [`read_memory_hint`](Status::read_memory_hint) lists them.
    ///
    /// # References
    ///
    /// - [`zx_process_read_memory`](https://fuchsia.dev/reference/syscalls/process_read_memory)
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
        unsafe { self.read_raw(vaddr, buffer.as_mut_ptr(), buffer.len()) }
    }

    /// Reads as [`read_memory`](Self::read_memory) does, into a buffer that need not be initialized.
    /// Returns the part that was read, and the rest, whose contents are unspecified. The part that
    /// was read is empty where [`read_memory`](Self::read_memory) returns a count of 0.
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
        let count = unsafe { self.read_raw(vaddr, buffer.as_mut_ptr().cast(), buffer.len()) }?;
        // `read_raw` returns at most the length.
        let (read, rest) = buffer.split_at_mut_checked(count).ok_or(Status::Internal)?;
        let (read, len) = (read.as_mut_ptr().cast::<u8>(), read.len());
        // SAFETY: the kernel has initialized these bytes, and `u8` has the layout of
        // `MaybeUninit<u8>`. The new slice has the lifetime of the slice that it replaces.
        let read = unsafe { slice::from_raw_parts_mut(read, len) };
        Ok((read, rest))
    }

    /// Fills `buffer` with the memory at the address `vaddr` of the process. Continues after short
    /// reads, across mappings, and for any length.
    ///
    /// Wraps `zx_process_read_memory`, called with at most [`MAX_READ_LEN`] bytes as often as
    /// required. An empty buffer makes no call and returns `Ok`.
    ///
    /// # Errors
    ///
    /// [`TransferError`] has the number of bytes read, the address of the call that failed, and its
    /// status. The first `transferred` bytes of `buffer` are valid; the contents of the others are
    /// unspecified. The status is one of
    ///
    /// - those of [`read_memory`](Self::read_memory);
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` plus the length exceeds the address space.
    ///   Nothing is read;
    /// - [`Internal`](Status::Internal): the kernel returned success with a count of 0 in 1000 calls in
    ///   a row, or with a count larger than the length.
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
    /// let error = process.read_exact_memory(0x10, &mut text).unwrap_err();
    /// assert_eq!((error.transferred, error.vaddr), (0, 0x10));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_read_memory")]
    pub fn read_exact_memory(
        &self,
        vaddr: zx_vaddr_t,
        buffer: &mut [u8],
    ) -> Result<(), TransferError> {
        transfer(vaddr, buffer.len(), |vaddr, part| {
            // `part` is always within `buffer`; `get_mut` compiles without a panic.
            self.read_memory(vaddr, buffer.get_mut(part).unwrap_or_default())
        })
    }

    /// # Safety
    ///
    /// `buffer` must be valid for writes of `len` bytes.
    #[inline]
    unsafe fn read_raw(
        &self,
        vaddr: zx_vaddr_t,
        buffer: *mut u8,
        len: usize,
    ) -> Result<usize, Status> {
        let buffer = ptr::slice_from_raw_parts(buffer, len);
        logged(
            "zx_process_read_memory",
            self,
            vaddr,
            buffer,
            |process, vaddr, buffer| {
                let len = buffer.len();
                if len == 0 || len > MAX_READ_LEN {
                    return Err(Status::InvalidArgs);
                }
                let mut actual = 0;
                // SAFETY: `logged` hands on `buffer`, which the caller ensures to be writable for
                // `len` bytes, and `actual` is writable.
                let status = unsafe {
                    let (handle, buffer) = (process.as_raw(), buffer.cast::<u8>().cast_mut());
                    sys::zx_process_read_memory(handle, vaddr, buffer, len, &raw mut actual)
                };
                if status == sys::ZX_OK {
                    checked_count(actual, len)
                } else {
                    Err(Status::from_failed_call(status))
                }
            },
        )
    }
}
