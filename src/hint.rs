use crate::Status;

impl Status {
    /// Returns the most likely cause of this status after [`Process::write_memory`], and what to do.
    /// Returns `None` for a status that a write does not return.
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
                "debugging syscalls are off: boot with kernel.enable-debugging-syscalls=true on the \
                 kernel command line (or the address maps a device, or this system is not Fuchsia)"
            }
            Self::InvalidArgs => "pass 1 to 67108864 bytes (64 MiB) per call",
            Self::BadHandle => "the handle was closed: get a new one",
            Self::WrongType => {
                "the handle does not name a process: use the process, not its job or thread"
            }
            Self::AccessDenied => {
                "the handle lacks ZX_RIGHT_WRITE, or the address is in the vDSO, which cannot be \
                 written (on Linux the log has the cause at level debug)"
            }
            Self::NoMemory | Self::NotFound => {
                "nothing is mapped at the address, or the process has ended: check its mappings"
            }
            Self::OutOfRange => "the address is past the end of the VMO that is mapped there",
            Self::BadState => {
                "the process has ended, or the memory is not cached (device memory, for example)"
            }
            Self::Io
            | Self::IoRefused
            | Self::IoDataIntegrity
            | Self::IoDataLoss
            | Self::IoNotPresent => "the pager that backs the memory failed",
            _ => return None,
        })
    }

    /// Returns whether a read or write may have failed because nothing is mapped at the address:
    /// `ZX_ERR_NO_MEMORY` on kernels until about 2023, `ZX_ERR_NOT_FOUND` on later ones.
    ///
    /// Both also mean that the process has ended, and `ZX_ERR_NO_MEMORY` that the kernel is out of
    /// memory. To decide, check the mappings of the process.
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
