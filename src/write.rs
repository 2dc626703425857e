use crate::call_log::logged;
use crate::sys::{self, zx_vaddr_t};
use crate::transfer::transfer;
use crate::{Process, Status, TransferError};

/// The largest length that [`Process::write_memory`] accepts: 64 MiB (67,108,864 bytes).
///
/// This is Zircon's limit for one call (measured: December 2018 to April 2021; read in the sources up
/// to 2026). [`Process::write_all_memory`] has no limit.
///
/// ```
/// assert_eq!(zx_process_memory::MAX_WRITE_LEN, 67_108_864);
/// ```
pub const MAX_WRITE_LEN: usize = 64 << 20;

/// Writing.
impl Process {
    /// Writes `bytes` at the address `vaddr` of the process. Returns the number of bytes written,
    /// which is less than the length if the mapping at `vaddr` ends first.
    ///
    /// Wraps `zx_process_write_memory`. A call writes to one mapping. To continue in the next
    /// mapping, use [`write_all_memory`](Self::write_all_memory).
    ///
    /// The kernel ignores page permissions: it writes to read-only and executable pages, which is
    /// how breakpoints are set. It does not check the state of the process: an unstarted, a running
    /// and a suspended process can be written.
    ///
    /// A write does not sync the instruction cache, which arm64 and riscv64 require after code was
    /// changed. It is not atomic: the process can see any part of it first, and a write that fails
    /// part-way may have written its first pages.
    ///
    /// The handle needs [`Rights::WRITE_MEMORY`](crate::Rights::WRITE_MEMORY). Since October 2019
    /// the kernel must be booted with `kernel.enable-debugging-syscalls=true` (commit 2596af1a254;
    /// measured: no in July 2019, yes in April 2021).
    ///
    /// Statements about the kernel without a year are measured on booted kernels of December 2018,
    /// July 2019 and April 2021, and read in Fuchsia's sources up to 2026. Atomicity and the
    /// instruction cache are read only. [`Status`](Status#after-a-memory-call) names the sources.
    ///
    /// # Adjacent mappings
    ///
    /// Since November 2020, `zx_vmar_map` merges a new mapping with an adjacent one that continues it
    /// (commit fe8899f5fb8; measured: April 2021). A call then writes to both. They must have the
    /// same VMO, consecutive offsets and equal flags. Until about 2022 they must also have equal
    /// permissions, and `zx_vmar_protect` of a part splits a mapping (measured: July 2019 and April
    /// 2021). Both end about 2022 (read in the sources). Linux merges mappings by rules of its own.
    ///
    /// # If the mapping changes during the call
    ///
    /// If the mapping disappears during the call, or the process is killed, the kernel can return
    /// success with a count of 0 (measured: July 2019 and April 2021). Since about 2023 it returns
    /// [`OutOfRange`](Status::OutOfRange) instead, and since about 2025 it can return
    /// [`BadState`](Status::BadState) (read in the sources). The next call returns the real cause:
    /// [`write_all_memory`](Self::write_all_memory) makes it after a count of 0.
    ///
    /// If the mapping is replaced during the call, a write that is longer than the mapping can change
    /// the VMO past the end of the mapping, and the count includes those bytes (measured: 12 of 6000
    /// writes on a kernel of July 2019). Kernels until about 2024 have this race; since about 2025 the
    /// write returns [`BadState`](Status::BadState) instead (read in the sources). This crate cannot
    /// detect it. It does not happen while no thread of the process runs and nothing else changes its
    /// mappings.
    ///
    /// # Errors
    ///
    /// [`Status`] has the table of statuses for each kernel.
    ///
    /// - [`InvalidArgs`](Status::InvalidArgs): `bytes` is empty or longer than [`MAX_WRITE_LEN`].
    ///   This is checked before any system call. Since about 2025 also: a contiguous VMO is mapped that
    ///   can never be made writable there (read in the sources).
    /// - [`NotSupported`](Status::NotSupported): debugging syscalls are off, or a physical VMO is
    ///   mapped at `vaddr`, or the target has no backend.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - [`WrongType`](Status::WrongType): the raw handle does not name a process.
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks the right, or `vaddr` is in the
    ///   vDSO. On Linux: Linux refuses the write, and the log has the cause at level debug.
    /// - [`NoMemory`](Status::NoMemory) or [`NotFound`](Status::NotFound): nothing is mapped at
    ///   `vaddr`, or the process has ended.
    /// - [`BadState`](Status::BadState): the mapping is not cached, or (on Linux) the process has
    ///   ended, or (since about 2025, read in the sources) the mapping changes during the call.
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` is past the end of the mapped VMO. Until about
    ///   2023 also if only a later byte is past it (measured up to April 2021). From about 2023 to
    ///   2024 also if the mapping disappears during the call (read in the sources).
    /// - A status of the pager that backs the memory:
    ///   [`write_memory_hint`](Status::write_memory_hint) lists them.
    ///
    /// # References
    ///
    /// - [`zx_process_write_memory`](https://fuchsia.dev/reference/syscalls/process_write_memory)
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use zx_process_memory::{Process, Status};
    ///
    /// static COUNTER: AtomicU32 = AtomicU32::new(0);
    ///
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: every write goes to `COUNTER`, an atomic, for which all values are valid.
    /// let process = unsafe { Process::current() }?;
    /// assert_eq!(process.write_memory(COUNTER.as_ptr().addr(), &[0xff; 4])?, 4);
    /// assert_eq!(COUNTER.load(Ordering::Relaxed), u32::MAX);
    ///
    /// let status = process.write_memory(0, b"unmapped").unwrap_err();
    /// assert!(status.may_mean_unmapped());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_write_memory")]
    #[inline]
    pub fn write_memory(&self, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<usize, Status> {
        logged(
            "zx_process_write_memory",
            self,
            vaddr,
            bytes,
            |process, vaddr, bytes| {
                if bytes.len() == 0 || bytes.len() > MAX_WRITE_LEN {
                    return Err(Status::InvalidArgs);
                }
                let mut actual = 0;
                // SAFETY: `logged` hands on `bytes`, a slice that is readable for its length, and
                // `actual` is writable. No safe constructor returns a handle to the calling process;
                // the unsafe ones make their caller responsible for such a write.
                let status = unsafe {
                    let (handle, buffer) = (process.as_raw(), bytes.cast());
                    sys::zx_process_write_memory(
                        handle,
                        vaddr,
                        buffer,
                        bytes.len(),
                        &raw mut actual,
                    )
                };
                if status == sys::ZX_OK {
                    Ok(actual)
                } else {
                    Err(Status::from_failed_call(status))
                }
            },
        )
    }

    /// Writes all of `bytes` at the address `vaddr` of the process. Continues after short writes,
    /// across mappings, and for any length.
    ///
    /// Wraps `zx_process_write_memory`, called with at most [`MAX_WRITE_LEN`] bytes as often as
    /// required. An empty slice makes no call and returns `Ok`.
    ///
    /// If a mapping is replaced during a call, bytes past its end can change:
    /// [`write_memory`](Self::write_memory) has the details.
    ///
    /// # Errors
    ///
    /// [`TransferError`] has the number of bytes written, the address of the call that failed, and
    /// its status:
    ///
    /// - those of [`write_memory`](Self::write_memory);
    /// - [`OutOfRange`](Status::OutOfRange): `vaddr` plus the length exceeds the address space.
    ///   Nothing is written;
    /// - [`Internal`](Status::Internal): the kernel returned success with a count of 0 in 1000 calls in
    ///   a row, or with a count larger than the length.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use zx_process_memory::Process;
    ///
    /// static VALUE: AtomicU64 = AtomicU64::new(0);
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // SAFETY: every write goes to `VALUE`, an atomic, for which all values are valid.
    /// let process = unsafe { Process::current() }?;
    /// process.write_all_memory(VALUE.as_ptr().addr(), &[0x11; 8])?;
    /// assert_eq!(VALUE.load(Ordering::Relaxed), 0x1111_1111_1111_1111);
    ///
    /// let error = process.write_all_memory(0, &[1, 2, 3]).unwrap_err();
    /// assert_eq!((error.transferred, error.vaddr), (0, 0));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_write_memory")]
    pub fn write_all_memory(&self, vaddr: zx_vaddr_t, bytes: &[u8]) -> Result<(), TransferError> {
        transfer(vaddr, bytes.len(), |vaddr, part| {
            // `part` is always within `bytes`; `get` compiles without a panic.
            self.write_memory(vaddr, bytes.get(part).unwrap_or_default())
        })
    }
}
