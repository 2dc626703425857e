use crate::sys::zx_status_t;
use core::fmt;

/// Defines the enum, its texts and both conversions from one line per status.
macro_rules! statuses {
    ($($(#[$meta:meta])* $name:ident = $code:ident, $text:literal;)*) => {
        /// The status (`zx_status_t`) of a failed call. There is one variant for each `ZX_ERR_*` code
        /// of `<zircon/errors.h>`.
        ///
        /// [`Status::ok`] converts a raw code and [`Status::into_raw`] converts back. `Display`
        /// prints the code and its general meaning.
        ///
        /// # After a memory call
        ///
        /// The table has the status that [`Process::write_memory`] and [`Process::read_memory`]
        /// return, for kernels of these dates. [`Status::write_memory_hint`] and
        /// [`Status::read_memory_hint`] return the likely cause and a remedy at run time.
        ///
        /// | cause | 2018-12 | 2019-07 | 2021-04 | about 2023 | 2024 on | man page, Linux |
        /// |---|---|---|---|---|---|---|
        /// | debugging syscalls are off (write only) | no such option | no such option | `NotSupported` | `NotSupported` | `NotSupported` | `NotSupported` |
        /// | empty, longer than 64 MiB, or a null buffer | `InvalidArgs` | `InvalidArgs` | `InvalidArgs` | `InvalidArgs` | `InvalidArgs` | `InvalidArgs` |
        /// | an invalid buffer (raw calls only) | `InvalidArgs` | `InvalidArgs` | `NotFound` or `AccessDenied` | as 2021 | as 2021 | undefined behavior |
        /// | not a handle | `BadHandle` | `BadHandle` | `BadHandle` | `BadHandle` | `BadHandle` | `BadHandle` |
        /// | not a process | `WrongType` (after the right) | `WrongType` | `WrongType` | `WrongType` | `WrongType` | `WrongType` |
        /// | the handle lacks a right | `AccessDenied` | `AccessDenied` | `AccessDenied` | `AccessDenied` | `AccessDenied` | `AccessDenied` |
        /// | nothing is mapped at the address | `NoMemory` | `NoMemory` | `NoMemory` | `NoMemory` | `NotFound` | `NoMemory` |
        /// | the process has ended | `NoMemory` | `NoMemory` | `NoMemory` | `NoMemory` | `NotFound` | `BadState` |
        /// | vDSO (write only) | written | `AccessDenied` | `AccessDenied` | `AccessDenied` | `AccessDenied` (2) | `AccessDenied` |
        /// | the mapping is not cached | `BadState` | `BadState` | `BadState` | `BadState` | `BadState` | (1) |
        /// | a physical VMO is mapped | `NotSupported` | `NotSupported` (read in the sources) | `NotSupported` | `NotSupported` | `NotSupported` | (1) |
        /// | the range exceeds the VMO | `OutOfRange` | `OutOfRange` | `OutOfRange` | short count; `OutOfRange` if no byte is left | as about 2023 | as about 2023 |
        /// | the range exceeds the mapping | short count | short count | short count | short count | short count | short count |
        /// | the mapping disappears during the call | as 2019 (read in the sources) | success with a count of 0 | success with a count of 0 | `OutOfRange` | `OutOfRange` (3) | as unmapped |
        /// | the pager was detached | `NotFound` (read in the sources) | `NotFound` | `BadState` | not read | not read | no pagers |
        ///
        /// The causes are listed in the order in which kernels check them (measured up to the vDSO, the
        /// rest read in the sources), except that an invalid buffer is found last. The wrapper checks the length before the call.
        ///
        /// The columns up to April 2021 are measured on booted kernels. The later ones were read in
        /// Fuchsia's sources of about 2022 to 2026: `sys_process_write_memory` in
        /// `zircon/kernel/lib/syscalls/task.cc` (2026: `process.rs`) and `zircon/kernel/vm/vm_mapping.cc`.
        /// These sources have no dates, so the years after 2021 are estimates. In particular, "2024" is
        /// a change between mid 2023 and spring 2024.
        ///
        /// The [Linux backend](https://docs.rs/zx-process-memory/latest/zx_process_memory/linux/#kernels)
        /// returns the statuses of the last column, or those of a selected kernel.
        ///
        /// (1) Linux has no such mapping of ordinary memory, and refuses device memory.
        ///
        /// (2) Kernels of 2026 refuse the code, but not surely the data.
        ///
        /// (3) Since about 2025 a write returns `BadState`. In kernels of 2026 a read transfers
        /// the old VMO's bytes, or returns `NotFound`.
        ///
        /// Changes, with their commits in Fuchsia's repository: the type is checked before the right
        /// since 2019-02-21 (7135a08bcd2), the vDSO is refused since 2019-06-26 (0ce0389f5db), a read
        /// does not zero its buffer since 2019-09-24 (266d000c3f7), debugging syscalls can be off since
        /// 2019-10-09 (2596af1a254), a pager can fail a request since 2020-06-04 (ae4dc6cadf7), adjacent
        /// mappings are merged since 2020-11-17 (fe8899f5fb8), and a detached pager is `BadState` since
        /// 2021-01-20 (b6bf70b1be0). Measured: July 2019 has the first two changes and not the others,
        /// April 2021 has all, and December 2018 has neither of the first two.
        ///
        /// Since about 2022 the permissions of pages do not prevent a merge, and `zx_vmar_protect` splits
        /// no mapping. Since about 2025, a write to a mapping that can never be made writable first gives
        /// the mapping a private copy. This can fail with `InvalidArgs` (a contiguous VMO) or `BadState`
        /// (pinned pages). In kernels of 2026, while another thread merges, cuts or replaces the mapping,
        /// a write can return `BadState` and both calls `NotFound`: call again. (All read in the sources.)
        ///
        /// `NotSupported` does not prove that debugging syscalls are off, because of physical VMOs
        /// (measured: April 2021). A write to memory that is known to be writable does.
        ///
        /// ```
        /// use zx_process_memory::Status;
        ///
        /// let status = Status::ok(-30).unwrap_err();
        /// assert_eq!(status, Status::AccessDenied);
        /// assert_eq!(status.into_raw(), -30);
        /// assert_eq!(status.to_string(), "ZX_ERR_ACCESS_DENIED (-30): permission denied");
        /// ```
        ///
        /// [`Process::write_memory`]: crate::Process::write_memory
        /// [`Process::read_memory`]: crate::Process::read_memory
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum Status {
            $(
                #[doc = concat!("`", stringify!($code), "`: ", $text, ".")]
                $(#[$meta])*
                #[error("{} ({}): {}", stringify!($code), fuchsia_zircon_sys::$code, $text)]
                $name,
            )*
            /// An unknown code. A known code is never represented by this variant.
            #[error("unknown zx_status_t {0}")]
            Unknown(UnknownStatus),
        }

        impl Status {
            /// Converts a raw code. Returns `Ok` for `ZX_OK` (0).
            ///
            /// # Errors
            ///
            /// The status of every other code.
            ///
            /// ```
            /// use zx_process_memory::Status;
            ///
            /// assert_eq!(Status::ok(0), Ok(()));
            /// assert_eq!(Status::ok(-4), Err(Status::NoMemory));
            /// ```
            #[inline]
            pub const fn ok(raw: zx_status_t) -> Result<(), Self> {
                match raw {
                    fuchsia_zircon_sys::ZX_OK => Ok(()),
                    $(fuchsia_zircon_sys::$code => Err(Self::$name),)*
                    unknown => Err(Self::Unknown(UnknownStatus(unknown))),
                }
            }

            /// Converts the code of a call that did not succeed. `ZX_OK` becomes `Internal`.
            #[cold]
            #[inline(never)]
            pub(crate) const fn from_failed_call(raw: zx_status_t) -> Self {
                match Self::ok(raw) {
                    Ok(()) => Self::Internal,
                    Err(status) => status,
                }
            }

            /// Returns the raw code, which is never 0.
            ///
            /// ```
            /// assert_eq!(zx_process_memory::Status::BadHandle.into_raw(), -11);
            /// ```
            #[must_use]
            #[inline]
            pub const fn into_raw(self) -> zx_status_t {
                match self {
                    $(Self::$name => fuchsia_zircon_sys::$code,)*
                    Self::Unknown(UnknownStatus(raw)) => raw,
                }
            }
        }
    };
}

statuses! {
    Internal = ZX_ERR_INTERNAL, "unspecified error";
    NotSupported = ZX_ERR_NOT_SUPPORTED, "not implemented, supported or enabled";
    NoResources = ZX_ERR_NO_RESOURCES, "cannot allocate a resource";
    NoMemory = ZX_ERR_NO_MEMORY, "cannot allocate memory, or no memory at the address";
    InterruptedRetry = ZX_ERR_INTERRUPTED_RETRY, "system call interrupted, retry";
    InvalidArgs = ZX_ERR_INVALID_ARGS, "invalid argument";
    BadHandle = ZX_ERR_BAD_HANDLE, "not a handle";
    WrongType = ZX_ERR_WRONG_TYPE, "object of the wrong type";
    BadSyscall = ZX_ERR_BAD_SYSCALL, "invalid system call number";
    OutOfRange = ZX_ERR_OUT_OF_RANGE, "argument outside the valid range";
    BufferTooSmall = ZX_ERR_BUFFER_TOO_SMALL, "buffer too small";
    BadState = ZX_ERR_BAD_STATE, "operation not allowed in the object's current state";
    TimedOut = ZX_ERR_TIMED_OUT, "time limit elapsed";
    ShouldWait = ZX_ERR_SHOULD_WAIT, "operation cannot be performed now, but may succeed later";
    Canceled = ZX_ERR_CANCELED, "operation canceled";
    PeerClosed = ZX_ERR_PEER_CLOSED, "remote end closed";
    NotFound = ZX_ERR_NOT_FOUND, "entity not found";
    AlreadyExists = ZX_ERR_ALREADY_EXISTS, "object already exists";
    AlreadyBound = ZX_ERR_ALREADY_BOUND, "entity already owned or controlled by another entity";
    Unavailable = ZX_ERR_UNAVAILABLE, "operation currently unavailable";
    AccessDenied = ZX_ERR_ACCESS_DENIED, "permission denied";
    Io = ZX_ERR_IO, "unspecified I/O error";
    IoRefused = ZX_ERR_IO_REFUSED, "I/O operation rejected";
    IoDataIntegrity = ZX_ERR_IO_DATA_INTEGRITY, "data failed an integrity check";
    IoDataLoss = ZX_ERR_IO_DATA_LOSS, "data unavailable, possibly lost";
    IoNotPresent = ZX_ERR_IO_NOT_PRESENT, "device no longer available";
    IoOverrun = ZX_ERR_IO_OVERRUN, "more data from the device than expected";
    IoMissedDeadline = ZX_ERR_IO_MISSED_DEADLINE, "I/O operation missed its deadline";
    IoInvalid = ZX_ERR_IO_INVALID, "I/O data invalid or out of range";
    BadPath = ZX_ERR_BAD_PATH, "path too long";
    NotDir = ZX_ERR_NOT_DIR, "not a directory";
    NotFile = ZX_ERR_NOT_FILE, "not a regular file";
    FileBig = ZX_ERR_FILE_BIG, "file size limit exceeded";
    NoSpace = ZX_ERR_NO_SPACE, "no space left";
    NotEmpty = ZX_ERR_NOT_EMPTY, "directory not empty";
    Stop = ZX_ERR_STOP, "do not call again";
    Next = ZX_ERR_NEXT, "advance to the next item";
    Async = ZX_ERR_ASYNC, "item moved to an asynchronous worker";
    ProtocolNotSupported = ZX_ERR_PROTOCOL_NOT_SUPPORTED, "protocol not supported";
    AddressUnreachable = ZX_ERR_ADDRESS_UNREACHABLE, "host unreachable";
    AddressInUse = ZX_ERR_ADDRESS_IN_USE, "address in use";
    NotConnected = ZX_ERR_NOT_CONNECTED, "socket not connected";
    ConnectionRefused = ZX_ERR_CONNECTION_REFUSED, "connection refused";
    ConnectionReset = ZX_ERR_CONNECTION_RESET, "connection reset";
    ConnectionAborted = ZX_ERR_CONNECTION_ABORTED, "connection aborted";
}

/// An unknown code, inside [`Status::Unknown`].
///
/// It has no public constructor, so it never contains a known code. [`Status::into_raw`] returns the
/// code.
///
/// ```
/// use zx_process_memory::Status;
///
/// let status = Status::ok(-9999).unwrap_err();
/// assert!(matches!(status, Status::Unknown(_)));
/// assert_eq!(status.into_raw(), -9999);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownStatus(zx_status_t);

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn failed_call_is_never_ok() {
        assert_eq!(Status::from_failed_call(-30), Status::AccessDenied);
        assert_eq!(Status::from_failed_call(0), Status::Internal);
    }
}
