use crate::Status;

impl Status {
    /// What this status most likely means when [`Process::write_memory`] returned
    /// it, and what to do; `None` for a status that a write does not explain.
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
        Some(match self {
            Self::NotSupported => {
                "debugging system calls are off: boot with kernel.enable-debugging-syscalls=true \
                 on the kernel command line (or the address maps a device, or this is not Fuchsia)"
            }
            Self::InvalidArgs => "give at least 1 and at most 67108864 bytes (64 MiB) a call",
            Self::BadHandle => "the handle was closed: get a new one",
            Self::WrongType => {
                "the handle is not a process's: find the process, not its job or thread"
            }
            Self::AccessDenied => {
                "the handle lacks ZX_RIGHT_WRITE, or the address is in the vDSO, which nobody may \
                 write (on Linux the debug log names the cause)"
            }
            Self::NoMemory | Self::NotFound => {
                "nothing is mapped at the address, or the process is gone: look at its mappings"
            }
            Self::OutOfRange => {
                "the address is past the end of the memory object that is mapped there"
            }
            Self::BadState => {
                "the process has ended, or the memory is not cached, as a device's is"
            }
            Self::Io
            | Self::IoRefused
            | Self::IoDataIntegrity
            | Self::IoDataLoss
            | Self::IoNotPresent => "the pager that backs this memory failed",
            _ => return None,
        })
    }

    /// Whether a write may have failed because nothing is mapped at the address:
    /// `ZX_ERR_NO_MEMORY` on kernels until about 2023, `ZX_ERR_NOT_FOUND` since.
    ///
    /// It is a "may": both also stand for a process that is gone, and
    /// `ZX_ERR_NO_MEMORY` for a kernel that ran out of memory. A process's mappings
    /// are what settles it.
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
