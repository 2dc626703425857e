use crate::Status;

impl Status {
    /// Returns the most likely cause of this status after [`Process::write_memory`], and what to do.
    /// Returns `None` for a status that a write does not return.
    ///
    /// # Statuses of a pager
    ///
    /// If a pager backs the memory, a call can wait for it, and since June 2020 return its failure
    /// (commit ae4dc6cadf7): `IoDataIntegrity` (measured: April 2021), `Io` or `BadState`, since
    /// about 2022 also `NoSpace` or `BufferTooSmall` (read in the sources). Since July 2020 the status
    /// is `TimedOut` if the pager does not answer within five minutes (commit 7af11b08b13, read).
    /// If the pager was detached, the status is `BadState` since January 2021 (commit b6bf70b1be0;
    /// measured: April 2021) and was `NotFound` before (measured: July 2019).
    ///
    /// [`Process::write_memory`]: crate::Process::write_memory
    ///
    /// ```
    /// use zx_process_memory::Status;
    ///
    /// let hint = Status::NotSupported.write_memory_hint().unwrap();
    /// assert!(hint.contains("kernel.enable-debugging-syscalls=true"));
    /// assert_eq!(Status::AddressInUse.write_memory_hint(), None);
    /// ```
    #[must_use]
    pub const fn write_memory_hint(self) -> Option<&'static str> {
        match self {
            Self::NotSupported => Some(
                "debugging syscalls are off: boot with kernel.enable-debugging-syscalls=true on the \
                 kernel command line, or call linux::set_debugging_syscalls on the Linux backend (or the \
                 address maps a device, or this system is not Fuchsia)",
            ),
            Self::InvalidArgs => Some(
                "pass 1 to 67108864 bytes (64 MiB) per call (or, on kernels since about 2025, a \
                 contiguous VMO is mapped that can never be made writable)",
            ),
            Self::BadState => Some(
                "the memory is not cached (device memory, for example), or its pager failed or was \
                 detached; on kernels since about 2025 the mapping may have changed during the write: \
                 call again; on Linux the process has ended",
            ),
            Self::AccessDenied => Some(
                "the handle lacks ZX_RIGHT_WRITE, or the address is in the vDSO, which cannot be \
                 written (on Linux the log has the cause at level debug)",
            ),
            _ => self.memory_hint(),
        }
    }

    /// Returns the most likely cause of this status after [`Process::read_memory`], and what to do.
    /// Returns `None` for a status that a read does not return.
    ///
    /// Some statuses mean different things after a read: it does not require debugging syscalls, and
    /// needs two rights. Those of [a pager](Self::write_memory_hint) are the same.
    ///
    /// [`Process::read_memory`]: crate::Process::read_memory
    ///
    /// ```
    /// use zx_process_memory::Status;
    ///
    /// let hint = Status::AccessDenied.read_memory_hint().unwrap();
    /// assert!(hint.contains("ZX_RIGHT_READ") && hint.contains("ZX_RIGHT_WRITE"));
    /// assert_eq!(Status::AddressInUse.read_memory_hint(), None);
    /// ```
    #[must_use]
    pub const fn read_memory_hint(self) -> Option<&'static str> {
        match self {
            Self::NotSupported => Some(
                "the address maps a device (a physical VMO), which cannot be read, or this system is \
                 not Fuchsia",
            ),
            Self::AccessDenied => Some(
                "the handle lacks ZX_RIGHT_READ or ZX_RIGHT_WRITE: a read needs both (on Linux the \
                 log has the cause at level debug)",
            ),
            Self::InvalidArgs => Some("pass 1 to 67108864 bytes (64 MiB) per call"),
            Self::BadState => Some(
                "the memory is not cached (device memory, for example), or its pager failed or was \
                 detached; on Linux the process has ended",
            ),
            _ => self.memory_hint(),
        }
    }

    /// The statuses that mean the same after a read and after a write.
    const fn memory_hint(self) -> Option<&'static str> {
        Some(match self {
            Self::BadHandle => "the handle was closed: get a new one",
            Self::WrongType => {
                "the handle does not name a process: use the process, not its job or thread"
            }
            Self::NoMemory => {
                "nothing is mapped at the address, or the process has ended: check its mappings (or \
                 the kernel is out of memory)"
            }
            Self::NotFound => {
                "nothing is mapped at the address, or the process has ended: check its mappings (on \
                 kernels until January 2021, the pager that backs the memory may have been detached; on \
                 kernels of 2026, the mapping may have changed during the call: call again)"
            }
            Self::OutOfRange => {
                "the address is past the end of the VMO that is mapped there, or the mapping \
                 disappeared during the call, or the range exceeds the address space (on Linux also: the \
                 file system of the mapped file is full, no huge page is free, or a device is mapped; the \
                 log has the causes at level debug)"
            }
            Self::Io | Self::IoDataIntegrity | Self::NoSpace | Self::BufferTooSmall => {
                "the pager that backs the memory failed"
            }
            Self::TimedOut => "the pager that backs the memory did not answer in time",
            Self::Internal => {
                "the kernel returned success with an impossible count: larger than the length, or 0 \
                 again and again, as the mapping came and went"
            }
            _ => return None,
        })
    }

    /// Returns whether a read or write may have failed because nothing is mapped at the address:
    /// `ZX_ERR_NO_MEMORY` on older kernels (measured: December 2018 to April 2021),
    /// `ZX_ERR_NOT_FOUND` since a change between mid 2023 and spring 2024 (read in the sources).
    ///
    /// On these kernels both also mean that the process has ended. `ZX_ERR_NO_MEMORY` can mean that
    /// the kernel is out of memory, `ZX_ERR_NOT_FOUND` until January 2021 that the memory's
    /// [pager](Self::write_memory_hint) was detached. To decide, check the mappings of the process.
    ///
    /// ```
    /// use zx_process_memory::Status;
    ///
    /// assert!(Status::NoMemory.may_mean_unmapped());
    /// assert!(Status::NotFound.may_mean_unmapped());
    /// assert!(!Status::AccessDenied.may_mean_unmapped());
    /// ```
    #[must_use]
    pub const fn may_mean_unmapped(self) -> bool {
        matches!(self, Self::NoMemory | Self::NotFound)
    }
}
