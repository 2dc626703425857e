//! On a target without a backend, calls return `NotSupported`, and the wrapper checks arguments.
#![cfg(backend = "unsupported")]

use zx_process_memory::{MAX_WRITE_LEN, Process, Rights, Status};

/// A process with an arbitrary handle value.
fn process() -> Process {
    // SAFETY: this target has no handles and makes no call, so the value names nothing.
    unsafe { Process::from_raw(0x1007) }.unwrap()
}

#[test]
fn every_call_is_not_supported() {
    let process = process();
    assert_eq!(
        process.write_memory(0x1000, &[1]),
        Err(Status::NotSupported)
    );
    let error = process.write_all_memory(0x1000, &[1]).unwrap_err();
    assert_eq!(error.status, Status::NotSupported);
    let mut buffer = [7];
    assert_eq!(
        process.read_memory(0x1000, &mut buffer),
        Err(Status::NotSupported)
    );
    let error = process.read_exact_memory(0x1000, &mut buffer).unwrap_err();
    assert_eq!((error.status, buffer), (Status::NotSupported, [7]));
    assert_eq!(process.koid(), Err(Status::NotSupported));
    assert_eq!(process.rights(), Err(Status::NotSupported));
    let duplicate = process.duplicate(Rights::SAME_RIGHTS);
    assert_eq!(duplicate.unwrap_err(), Status::NotSupported);
    // SAFETY: no call writes memory on this target.
    let own = unsafe { Process::current() };
    assert_eq!(own.unwrap_err(), Status::NotSupported);
    let shown = format!("{process:?}");
    assert!(shown.contains("0x1007"), "{shown}");
}

#[test]
fn lengths_are_checked_before_call() {
    let process = process();
    assert_eq!(process.write_memory(0x1000, &[]), Err(Status::InvalidArgs));
    let long = vec![0; MAX_WRITE_LEN + 1];
    assert_eq!(
        process.write_memory(0x1000, &long),
        Err(Status::InvalidArgs)
    );
    assert_eq!(process.write_all_memory(0x1000, &[]), Ok(()));
    assert_eq!(
        process.read_memory(0x1000, &mut []),
        Err(Status::InvalidArgs)
    );
}
