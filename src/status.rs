use crate::sys::zx_status_t;
use core::fmt;

/// One line a status: the enum, its texts and both conversions come from here,
/// so that they cannot disagree.
macro_rules! statuses {
    ($($(#[$meta:meta])* $name:ident = $code:ident, $text:literal;)*) => {
        /// A failed call's `zx_status_t`: one variant for each `ZX_ERR_*` code, named
        /// after it.
        ///
        /// [`Status::ok`] makes one from a raw code and [`Status::into_raw`] gives the
        /// code back; every `i32` but 0 survives the round trip. The display names the
        /// code and says what it means for any call. What it means after a write is
        /// in [`Status::write_memory_hint`] and, kernel by kernel, in the
        /// documentation of the variants that
        /// [`Process::write_memory`](crate::Process::write_memory) returns.
        ///
        /// The codes are those of `<zircon/errors.h>`.
        ///
        /// ```
        /// use zx_process_memory::Status;
        ///
        /// let status = Status::ok(-30).unwrap_err();
        /// assert_eq!(status, Status::AccessDenied);
        /// assert_eq!(status.into_raw(), -30);
        /// assert_eq!(
        ///     status.to_string(),
        ///     "ZX_ERR_ACCESS_DENIED (-30): the caller may not do this"
        /// );
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        #[non_exhaustive]
        pub enum Status {
            $(
                #[doc = concat!("`", stringify!($code), "`: ", $text, ".")]
                $(#[$meta])*
                #[error("{} ({}): {}", stringify!($code), fuchsia_zircon_sys::$code, $text)]
                $name,
            )*
            /// A code that is none of the above. A known code never comes as this
            /// variant.
            #[error("unknown zx_status_t {0}")]
            Unknown(UnknownStatus),
        }

        impl Status {
            /// `Ok` for `ZX_OK` (0), the matching `Status` for every other code.
            ///
            /// # Errors
            ///
            /// The status that `raw` stands for, when it is not 0.
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

            /// The status for a call that did not succeed. (If the kernel says that it
            /// did, something else was wrong with it.)
            #[cold]
            #[inline(never)]
            pub(crate) const fn of_failure(raw: zx_status_t) -> Self {
                match Self::ok(raw) {
                    Ok(()) => Self::Internal,
                    Err(status) => status,
                }
            }

            /// The raw code; never 0.
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
    Internal = ZX_ERR_INTERNAL, "the system met an internal error";
    /// # After a write
    ///
    /// - The kernel was booted without `kernel.enable-debugging-syscalls=true`. From
    ///   about 2020 on it then answers this to every write, whatever else is wrong.
    /// - The address lies in a mapping of a physical VMO.
    /// - The target is neither Fuchsia nor 64-bit Linux with the feature `std`.
    ///
    /// So this status does not prove that debugging calls are off; a write to memory
    /// that is known to be good does.
    NotSupported = ZX_ERR_NOT_SUPPORTED, "this is not supported or not enabled";
    NoResources = ZX_ERR_NO_RESOURCES, "the system is out of a resource other than memory";
    /// # After a write
    ///
    /// - Nothing is mapped at the address (kernels until about 2023, and the manual
    ///   page; later ones say [`NotFound`](Self::NotFound)).
    /// - The process is gone: kernels answer as for an unmapped address.
    /// - The kernel ran out of memory.
    NoMemory = ZX_ERR_NO_MEMORY, "out of memory, or no memory at that address";
    InterruptedRetry = ZX_ERR_INTERRUPTED_RETRY, "interrupted; try again";
    /// # After a write
    ///
    /// - No bytes, or more than [`MAX_WRITE_LEN`](crate::MAX_WRITE_LEN), were given.
    /// - A constructor was given the calling process, where only the unsafe ones take
    ///   it.
    InvalidArgs = ZX_ERR_INVALID_ARGS, "an argument is not valid";
    /// # After a write
    ///
    /// - The handle was closed, or never was one. Under a job policy that forbids bad
    ///   handles the kernel raises an exception instead.
    BadHandle = ZX_ERR_BAD_HANDLE, "the handle is not valid";
    /// # After a write
    ///
    /// - The handle names something that is not a process.
    WrongType = ZX_ERR_WRONG_TYPE, "the handle names an object of another type";
    BadSyscall = ZX_ERR_BAD_SYSCALL, "there is no such system call, or it may not be made from here";
    /// # After a write
    ///
    /// - The address is mapped, but lies past the end of the mapped VMO, as after the
    ///   VMO was made smaller. Kernels until about 2023 answer this as soon as any
    ///   byte of the write lies there, later ones only when the first does.
    OutOfRange = ZX_ERR_OUT_OF_RANGE, "a value or a position is out of range";
    BufferTooSmall = ZX_ERR_BUFFER_TOO_SMALL, "the buffer is too small";
    /// # After a write
    ///
    /// - The mapping is not cached (`ZX_CACHE_POLICY_UNCACHED` and its kin), as memory
    ///   of devices is.
    /// - The process is going or gone, says the manual page, and the stand-in with
    ///   it; kernels say [`NoMemory`](Self::NoMemory) or [`NotFound`](Self::NotFound).
    BadState = ZX_ERR_BAD_STATE, "the object is in the wrong state for this";
    TimedOut = ZX_ERR_TIMED_OUT, "the time limit was reached";
    ShouldWait = ZX_ERR_SHOULD_WAIT, "not possible now, but it may be later";
    Canceled = ZX_ERR_CANCELED, "the operation was canceled";
    PeerClosed = ZX_ERR_PEER_CLOSED, "the other end was closed";
    /// # After a write
    ///
    /// - Nothing is mapped at the address, or the process is gone (kernels from about
    ///   2024; earlier ones say [`NoMemory`](Self::NoMemory)).
    NotFound = ZX_ERR_NOT_FOUND, "what was asked for was not found";
    AlreadyExists = ZX_ERR_ALREADY_EXISTS, "there already is one";
    AlreadyBound = ZX_ERR_ALREADY_BOUND, "something else is bound already";
    Unavailable = ZX_ERR_UNAVAILABLE, "the service is not available";
    /// # After a write
    ///
    /// - The handle lacks [`Rights::WRITE`](crate::Rights::WRITE).
    /// - The address lies in the vDSO (kernels from 2019 on).
    /// - On the stand-in: Linux refuses; the log says why at level debug.
    AccessDenied = ZX_ERR_ACCESS_DENIED, "the caller may not do this";
    /// # After a write
    ///
    /// - The pager behind the memory failed. A pager may choose other codes too.
    Io = ZX_ERR_IO, "an input or output failed";
    IoRefused = ZX_ERR_IO_REFUSED, "the device refused the operation";
    IoDataIntegrity = ZX_ERR_IO_DATA_INTEGRITY, "the data failed an integrity check";
    IoDataLoss = ZX_ERR_IO_DATA_LOSS, "the data is not available now and may be lost";
    IoNotPresent = ZX_ERR_IO_NOT_PRESENT, "the device is not there";
    IoOverrun = ZX_ERR_IO_OVERRUN, "the device had more data than was asked for";
    IoMissedDeadline = ZX_ERR_IO_MISSED_DEADLINE, "the operation missed its deadline";
    IoInvalid = ZX_ERR_IO_INVALID, "the device or its medium does not allow this";
    BadPath = ZX_ERR_BAD_PATH, "the path is too long or not valid";
    NotDir = ZX_ERR_NOT_DIR, "that is not a directory";
    NotFile = ZX_ERR_NOT_FILE, "that is not a file";
    FileBig = ZX_ERR_FILE_BIG, "the file would become too big";
    NoSpace = ZX_ERR_NO_SPACE, "there is no space left";
    NotEmpty = ZX_ERR_NOT_EMPTY, "the directory is not empty";
    Stop = ZX_ERR_STOP, "do not call again";
    Next = ZX_ERR_NEXT, "go on to the next item";
    Async = ZX_ERR_ASYNC, "the work goes on, and its end will be told";
    ProtocolNotSupported = ZX_ERR_PROTOCOL_NOT_SUPPORTED, "the protocol is not supported";
    AddressUnreachable = ZX_ERR_ADDRESS_UNREACHABLE, "the network address cannot be reached";
    AddressInUse = ZX_ERR_ADDRESS_IN_USE, "the network address is in use";
    NotConnected = ZX_ERR_NOT_CONNECTED, "the socket is not connected";
    ConnectionRefused = ZX_ERR_CONNECTION_REFUSED, "the connection was refused";
    ConnectionReset = ZX_ERR_CONNECTION_RESET, "the connection was reset";
    ConnectionAborted = ZX_ERR_CONNECTION_ABORTED, "the connection was aborted";
}

/// A code that is none of the `ZX_ERR_*` ones; inside [`Status::Unknown`].
///
/// It has no constructor, so that no code that has a variant of its own can hide in
/// one. [`Status::into_raw`] gives the number.
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
    fn a_failure_is_never_ok() {
        assert_eq!(Status::of_failure(-30), Status::AccessDenied);
        assert_eq!(Status::of_failure(0), Status::Internal);
    }
}
