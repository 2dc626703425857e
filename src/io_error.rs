use crate::{Status, TransferError};
use std::io;

/// The error contains the status: `error.get_ref()` can be downcast to [`Status`].
///
/// `NoMemory` becomes `Other`, not `OutOfMemory`: after a read or write it almost always means that
/// nothing is mapped at the address.
///
/// ```
/// use std::io;
/// use zx_process_memory::Status;
///
/// let error = io::Error::from(Status::AccessDenied);
/// assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
/// let inside = error.get_ref().unwrap().downcast_ref::<Status>();
/// assert_eq!(inside, Some(&Status::AccessDenied));
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
impl From<Status> for io::Error {
    fn from(status: Status) -> Self {
        Self::new(kind(status), status)
    }
}

/// The error contains the [`TransferError`] and has the kind of its status.
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
impl From<TransferError> for io::Error {
    fn from(error: TransferError) -> Self {
        Self::new(kind(error.status), error)
    }
}

fn kind(status: Status) -> io::ErrorKind {
    use io::ErrorKind;
    match status {
        Status::NotSupported | Status::ProtocolNotSupported | Status::BadSyscall => {
            ErrorKind::Unsupported
        }
        Status::InterruptedRetry => ErrorKind::Interrupted,
        Status::InvalidArgs
        | Status::BadHandle
        | Status::WrongType
        | Status::OutOfRange
        | Status::BufferTooSmall
        | Status::BadPath => ErrorKind::InvalidInput,
        Status::TimedOut | Status::IoMissedDeadline => ErrorKind::TimedOut,
        Status::ShouldWait => ErrorKind::WouldBlock,
        Status::PeerClosed => ErrorKind::BrokenPipe,
        Status::NotFound => ErrorKind::NotFound,
        Status::AlreadyExists | Status::AlreadyBound => ErrorKind::AlreadyExists,
        Status::AccessDenied | Status::IoRefused => ErrorKind::PermissionDenied,
        Status::IoDataIntegrity | Status::IoDataLoss => ErrorKind::InvalidData,
        Status::NotDir => ErrorKind::NotADirectory,
        Status::FileBig => ErrorKind::FileTooLarge,
        Status::NoSpace => ErrorKind::StorageFull,
        Status::NotEmpty => ErrorKind::DirectoryNotEmpty,
        Status::AddressUnreachable => ErrorKind::HostUnreachable,
        Status::AddressInUse => ErrorKind::AddrInUse,
        Status::NotConnected => ErrorKind::NotConnected,
        Status::ConnectionRefused => ErrorKind::ConnectionRefused,
        Status::ConnectionReset => ErrorKind::ConnectionReset,
        Status::ConnectionAborted => ErrorKind::ConnectionAborted,
        _ => ErrorKind::Other,
    }
}
