use crate::sys::{self, zx_vaddr_t};
use crate::transfer::transfer;
use crate::{Process, Status, TransferError, trace};

/// The most that one [`Process::write_memory`] takes: 64 MiB, 67,108,864 bytes.
///
/// Zircon's own limit, and the manual page's; [`Process::write_all_memory`] has none.
///
/// ```
/// assert_eq!(zx_process_memory::MAX_WRITE_LEN, 67_108_864);
/// ```
pub const MAX_WRITE_LEN: usize = 64 << 20;

impl Process {
    /// Writes `bytes` at the address `vaddr` of the process, and returns how many
    /// were written: all of them, or fewer when the mapping that holds `vaddr` ends
    /// first. An adjacent mapping is never entered.
    /// [`write_all_memory`](Self::write_all_memory) goes on there.
    ///
    /// Wraps `zx_process_write_memory`. Page permissions do not apply: read-only and
    /// executable pages are written, which is how breakpoints are set. Nothing
    /// about the process's state is asked: it may run, be suspended, or not have
    /// started.
    ///
    /// What it does not do: it does not sync the instruction cache (arm64 and riscv64
    /// need that after code was changed), and it is not atomic. The target may see
    /// any part of the write first, and one that fails part-way may have written its
    /// first pages.
    ///
    /// The handle needs [`Rights::WRITE`](crate::Rights::WRITE), and the kernel
    /// `kernel.enable-debugging-syscalls=true` on its command line (from about 2020 on).
    ///
    /// # Errors
    ///
    /// Kernels are named by the year; "page" is the manual page, which the Linux
    /// stand-in follows.
    ///
    /// - [`InvalidArgs`](Status::InvalidArgs): `bytes` is empty or longer than
    ///   [`MAX_WRITE_LEN`]. Found before any system call, so also where the kernel
    ///   would have found something else first.
    /// - [`NotSupported`](Status::NotSupported): debugging system calls are off; or a
    ///   physical VMO is mapped at `vaddr`; or this target has no backend.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - [`WrongType`](Status::WrongType): the raw handle names no process.
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks the right, or `vaddr`
    ///   is in the vDSO (2019 on, page).
    /// - [`NoMemory`](Status::NoMemory) (until about 2023, page) or
    ///   [`NotFound`](Status::NotFound) (about 2024 on): nothing is mapped at `vaddr`.
    ///   Kernels say the same of a process that is gone.
    /// - [`BadState`](Status::BadState): the process is gone (page), or the mapping is
    ///   not cached.
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` is past the end of the mapped VMO;
    ///   until about 2023 also if only a later byte is.
    /// - Whatever a pager answers that backs the memory.
    ///
    /// # References
    ///
    /// - [`zx_process_write_memory`](https://fuchsia.dev/reference/syscalls/process_write_memory)
    /// - The statuses by year: read from Zircon's sources of those years, and for
    ///   December 2018 and July 2019 measured on booted kernels.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use zx_process_memory::{Process, Status};
    ///
    /// static TARGET: AtomicU32 = AtomicU32::new(0);
    ///
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: only `TARGET` is written: an atomic, to which every value is valid.
    /// let process = unsafe { Process::current() }?;
    /// assert_eq!(process.write_memory(TARGET.as_ptr().addr(), &[0xff; 4])?, 4);
    /// assert_eq!(TARGET.load(Ordering::Relaxed), u32::MAX);
    ///
    /// let status = process.write_memory(0, b"nobody is there").unwrap_err();
    /// assert!(status.may_mean_unmapped());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_write_memory")]
    #[inline]
    pub fn write_memory(&self, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<usize, Status> {
        if trace::is_on() {
            self.write_told(vaddr, bytes)
        } else {
            self.write_untold(vaddr, bytes)
        }
    }

    #[cold]
    #[inline(never)]
    fn write_told(&self, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<usize, Status> {
        let call = trace::Call {
            name: "zx_process_write_memory",
            handle: self.as_raw(),
            vaddr,
            len: bytes.len(),
        };
        trace::told(&call, || self.write_untold(vaddr, bytes))
    }

    #[inline]
    fn write_untold(&self, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<usize, Status> {
        if bytes.is_empty() || bytes.len() > MAX_WRITE_LEN {
            return Err(Status::InvalidArgs);
        }
        let mut actual = 0;
        // SAFETY: `bytes` is readable for its length and `actual` writable. That the
        // handle does not name the calling process, or that the write is harmless
        // there, is what every unsafe constructor asks for and every safe one checks.
        let raw = unsafe {
            sys::zx_process_write_memory(
                self.as_raw(),
                vaddr,
                bytes.as_ptr(),
                bytes.len(),
                &raw mut actual,
            )
        };
        if raw == sys::ZX_OK {
            Ok(actual)
        } else {
            Err(Status::of_failure(raw))
        }
    }

    /// Writes all of `bytes` at the address `vaddr` of the process: goes on after
    /// short writes, into the next mapping, and takes any length, in calls of at most
    /// [`MAX_WRITE_LEN`].
    ///
    /// Wraps `zx_process_write_memory`, called as often as it takes. An empty slice
    /// makes no call and is `Ok`.
    ///
    /// # Errors
    ///
    /// [`TransferError`] with the bytes that were written, the address where it stopped
    /// and the status, which is one of
    ///
    /// - those of [`write_memory`](Self::write_memory);
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` plus the length passes the end of
    ///   the address space. Nothing is written then;
    /// - [`Internal`](Status::Internal): the kernel claimed success and a count of 0 or
    ///   of more than it was given. No known kernel does.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use zx_process_memory::Process;
    ///
    /// static TARGET: AtomicU64 = AtomicU64::new(0);
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // SAFETY: only `TARGET` is written: an atomic, to which every value is valid.
    /// let process = unsafe { Process::current() }?;
    /// process.write_all_memory(TARGET.as_ptr().addr(), &[0x11; 8])?;
    /// assert_eq!(TARGET.load(Ordering::Relaxed), 0x1111_1111_1111_1111);
    ///
    /// let stopped = process.write_all_memory(0, &[1, 2, 3]).unwrap_err();
    /// assert_eq!((stopped.transferred, stopped.vaddr), (0, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_all_memory(&self, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<(), TransferError> {
        transfer(vaddr, bytes.len(), |vaddr, part| {
            // `whole` stays within the length; nothing would be refused by the call.
            self.write_memory(vaddr, bytes.get(part).unwrap_or_default())
        })
    }
}
