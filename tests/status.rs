//! `Status`: the known codes and all others.

use proptest::prelude::*;
use std::collections::HashSet;
use std::error::Error;
use zx_process_memory::Status;

/// The names and values from `<zircon/errors.h>`, and the variant of each.
macro_rules! codes {
    ($($code:ident = $raw:literal $name:ident)*) => {
        const CODES: &[(&str, i32, i32, Status)] = &[$(
            (stringify!($code), $raw, fuchsia_zircon_sys::$code, Status::$name),
        )*];
    };
}

codes! {
    ZX_ERR_INTERNAL = -1 Internal
    ZX_ERR_NOT_SUPPORTED = -2 NotSupported
    ZX_ERR_NO_RESOURCES = -3 NoResources
    ZX_ERR_NO_MEMORY = -4 NoMemory
    ZX_ERR_INTERRUPTED_RETRY = -6 InterruptedRetry
    ZX_ERR_INVALID_ARGS = -10 InvalidArgs
    ZX_ERR_BAD_HANDLE = -11 BadHandle
    ZX_ERR_WRONG_TYPE = -12 WrongType
    ZX_ERR_BAD_SYSCALL = -13 BadSyscall
    ZX_ERR_OUT_OF_RANGE = -14 OutOfRange
    ZX_ERR_BUFFER_TOO_SMALL = -15 BufferTooSmall
    ZX_ERR_BAD_STATE = -20 BadState
    ZX_ERR_TIMED_OUT = -21 TimedOut
    ZX_ERR_SHOULD_WAIT = -22 ShouldWait
    ZX_ERR_CANCELED = -23 Canceled
    ZX_ERR_PEER_CLOSED = -24 PeerClosed
    ZX_ERR_NOT_FOUND = -25 NotFound
    ZX_ERR_ALREADY_EXISTS = -26 AlreadyExists
    ZX_ERR_ALREADY_BOUND = -27 AlreadyBound
    ZX_ERR_UNAVAILABLE = -28 Unavailable
    ZX_ERR_ACCESS_DENIED = -30 AccessDenied
    ZX_ERR_IO = -40 Io
    ZX_ERR_IO_REFUSED = -41 IoRefused
    ZX_ERR_IO_DATA_INTEGRITY = -42 IoDataIntegrity
    ZX_ERR_IO_DATA_LOSS = -43 IoDataLoss
    ZX_ERR_IO_NOT_PRESENT = -44 IoNotPresent
    ZX_ERR_IO_OVERRUN = -45 IoOverrun
    ZX_ERR_IO_MISSED_DEADLINE = -46 IoMissedDeadline
    ZX_ERR_IO_INVALID = -47 IoInvalid
    ZX_ERR_BAD_PATH = -50 BadPath
    ZX_ERR_NOT_DIR = -51 NotDir
    ZX_ERR_NOT_FILE = -52 NotFile
    ZX_ERR_FILE_BIG = -53 FileBig
    ZX_ERR_NO_SPACE = -54 NoSpace
    ZX_ERR_NOT_EMPTY = -55 NotEmpty
    ZX_ERR_STOP = -60 Stop
    ZX_ERR_NEXT = -61 Next
    ZX_ERR_ASYNC = -62 Async
    ZX_ERR_PROTOCOL_NOT_SUPPORTED = -70 ProtocolNotSupported
    ZX_ERR_ADDRESS_UNREACHABLE = -71 AddressUnreachable
    ZX_ERR_ADDRESS_IN_USE = -72 AddressInUse
    ZX_ERR_NOT_CONNECTED = -73 NotConnected
    ZX_ERR_CONNECTION_REFUSED = -74 ConnectionRefused
    ZX_ERR_CONNECTION_RESET = -75 ConnectionReset
    ZX_ERR_CONNECTION_ABORTED = -76 ConnectionAborted
}

#[test]
fn each_code_has_variant_of_its_name() {
    for &(name, raw, in_sys, status) in CODES {
        assert_eq!(raw, in_sys, "{name}");
        assert_eq!(Status::ok(raw), Err(status), "{name}");
        assert_eq!(status.into_raw(), raw, "{name}");
        let variant = format!("{status:?}").to_uppercase();
        assert_eq!(name.replace("ZX_ERR_", "").replace('_', ""), variant);
        let shown = status.to_string();
        assert!(shown.starts_with(&format!("{name} ({raw}): ")), "{shown}");
    }
    let distinct: HashSet<_> = CODES.iter().map(|code| code.3).collect();
    assert_eq!(distinct.len(), CODES.len());
}

#[test]
fn zero_is_ok() {
    assert_eq!(Status::ok(0), Ok(()));
}

fn is_known(raw: i32) -> bool {
    CODES.iter().any(|code| code.1 == raw)
}

fn assert_round_trip(raw: i32) {
    let status = Status::ok(raw).unwrap_err();
    assert_eq!(status.into_raw(), raw);
    assert_eq!(
        matches!(status, Status::Unknown(_)),
        !is_known(raw),
        "{raw}"
    );
    if !is_known(raw) {
        let shown = status.to_string();
        assert!(shown.contains(&raw.to_string()), "{shown}");
        assert_eq!(status.write_memory_hint(), None);
        assert_eq!(status.read_memory_hint(), None);
    }
}

#[test]
fn codes_near_zero_and_extremes_round_trip() {
    for raw in (-1000..1000).filter(|raw| *raw != 0) {
        assert_round_trip(raw);
    }
    assert_round_trip(i32::MIN);
    assert_round_trip(i32::MAX);
}

proptest! {
    #[test]
    fn nonzero_codes_round_trip(raw in any::<i32>().prop_filter("ok", |raw| *raw != 0)) {
        assert_round_trip(raw);
    }
}

/// The statuses of reads and writes: those of the table on `Status`, those of a pager, and that of an
/// impossible count.
const MEMORY_STATUSES: [Status; 15] = [
    Status::NotSupported,
    Status::InvalidArgs,
    Status::BadHandle,
    Status::WrongType,
    Status::AccessDenied,
    Status::NoMemory,
    Status::NotFound,
    Status::OutOfRange,
    Status::BadState,
    Status::Io,
    Status::IoDataIntegrity,
    Status::NoSpace,
    Status::BufferTooSmall,
    Status::TimedOut,
    Status::Internal,
];

#[test]
fn only_statuses_of_memory_calls_have_hints() {
    for &(name, _, _, status) in CODES {
        let expected = MEMORY_STATUSES.contains(&status);
        assert_eq!(status.write_memory_hint().is_some(), expected, "{name}");
        assert_eq!(status.read_memory_hint().is_some(), expected, "{name}");
    }
}

/// The rows of the table of memory calls in the documentation of `Status`: the cause, and the
/// statuses of all columns.
fn documented_statuses() -> Vec<(&'static str, Vec<Status>)> {
    let lines = include_str!("../src/status.rs").lines();
    let rows = lines.filter_map(|line| line.trim().strip_prefix("/// | "));
    let rows = rows.skip_while(|row| !row.starts_with("cause")).skip(1);
    rows.filter_map(|row| row.split_once(" | "))
        .map(|(cause, columns)| {
            // Text in backticks that is not a variant is no status.
            let names = columns.split('`').skip(1).step_by(2);
            let code = |name| CODES.iter().find(|code| format!("{:?}", code.3) == name);
            (cause, names.filter_map(code).map(|code| code.3).collect())
        })
        .collect()
}

#[test]
fn documented_statuses_of_memory_calls_have_hints() {
    let rows = documented_statuses();
    for (cause, statuses) in &rows {
        for status in statuses {
            assert!(status.write_memory_hint().is_some(), "{cause}: {status:?}");
            assert!(
                cause.contains("write only") || status.read_memory_hint().is_some(),
                "{cause}: {status:?}"
            );
        }
    }
    // All but those of a pager and of an impossible count are in the table.
    let documented: HashSet<_> = rows.into_iter().flat_map(|row| row.1).collect();
    let expected: HashSet<_> = MEMORY_STATUSES[..9].iter().copied().collect();
    assert!(documented.is_superset(&expected), "{documented:?}");
}

#[test]
fn hints_name_the_remedy_of_the_call() {
    use Status::{AccessDenied, InvalidArgs, NotSupported};
    let gate = "kernel.enable-debugging-syscalls";
    let (write, read) = (Status::write_memory_hint, Status::read_memory_hint);
    for (hint, contains) in [
        (write(NotSupported), gate),
        (write(InvalidArgs), "67108864"),
        (read(InvalidArgs), "67108864"),
        (write(AccessDenied), "ZX_RIGHT_WRITE"),
        (write(AccessDenied), "vDSO"),
        (read(AccessDenied), "ZX_RIGHT_READ or ZX_RIGHT_WRITE"),
    ] {
        let hint = hint.unwrap();
        assert!(hint.contains(contains), "{hint}");
    }
    // Reads work while debugging syscalls are off, and read the vDSO.
    assert!(!read(NotSupported).unwrap().contains(gate));
    assert!(!read(AccessDenied).unwrap().contains("vDSO"));
    // Each of these can be a pager's failure, also if it has another cause.
    for status in [
        Status::Io,
        Status::IoDataIntegrity,
        Status::NoSpace,
        Status::BufferTooSmall,
        Status::TimedOut,
        Status::BadState,
        Status::NotFound,
    ] {
        for hint in [write(status), read(status)] {
            assert!(hint.unwrap().contains("pager"), "{status:?}");
        }
    }
}

#[test]
fn only_no_memory_and_not_found_may_mean_unmapped() {
    let statuses: Vec<_> = CODES
        .iter()
        .map(|code| code.3)
        .filter(|status| status.may_mean_unmapped())
        .collect();
    assert_eq!(statuses, [Status::NoMemory, Status::NotFound]);
}

#[cfg(feature = "std")]
#[test]
fn io_error_contains_status() {
    use std::io::{self, ErrorKind};
    for &(name, _, _, status) in CODES {
        let error = io::Error::from(status);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        assert_eq!(inner, Some(&status), "{name}");
        assert_eq!(error.to_string(), status.to_string());
        let expected = match status {
            Status::AccessDenied | Status::IoRefused => ErrorKind::PermissionDenied,
            Status::NotFound => ErrorKind::NotFound,
            Status::NotSupported | Status::BadSyscall | Status::ProtocolNotSupported => {
                ErrorKind::Unsupported
            }
            Status::InterruptedRetry => ErrorKind::Interrupted,
            Status::InvalidArgs | Status::BadHandle | Status::WrongType => ErrorKind::InvalidInput,
            Status::OutOfRange | Status::BufferTooSmall | Status::BadPath => {
                ErrorKind::InvalidInput
            }
            Status::TimedOut | Status::IoMissedDeadline => ErrorKind::TimedOut,
            Status::ShouldWait => ErrorKind::WouldBlock,
            Status::PeerClosed => ErrorKind::BrokenPipe,
            Status::AlreadyExists | Status::AlreadyBound => ErrorKind::AlreadyExists,
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
            // Including `NoMemory`, which rarely means that memory ran out.
            _ => ErrorKind::Other,
        };
        assert_eq!(error.kind(), expected, "{name}");
    }
}

#[test]
fn status_has_error_and_common_traits() {
    fn assert_traits<T: Error + Send + Sync + Copy + Eq + std::hash::Hash + 'static>(_: T) {}
    assert_traits(Status::NoMemory);
}
