//! `kernel.enable-debugging-syscalls` in the Linux backend. The setting applies to the whole program,
//! so this file is one test.
#![cfg(backend = "linux")]

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use zx_process_memory::linux::{Kernel, set_kernel};
use zx_process_memory::{MAX_WRITE_LEN, Process, ProcessRef, Rights, Status, sys};

static TARGET: AtomicU32 = AtomicU32::new(0);

#[test]
fn write_with_disabled_debugging_syscalls_is_not_supported() {
    // The kernels of 2018 and July 2019 cannot disable them (measured).
    set_kernel(Kernel::ManPage);
    // SAFETY: this test writes only `TARGET`, an atomic, to which every value is valid.
    let own = unsafe { Process::current() }.unwrap();
    let vaddr = TARGET.as_ptr().addr();
    assert_eq!(own.write_memory(vaddr, &[1; 4]), Ok(4));

    zx_process_memory::linux::set_debugging_syscalls(false);
    assert_eq!(own.write_memory(vaddr, &[2; 4]), Err(Status::NotSupported));
    assert_eq!(TARGET.load(Ordering::Relaxed), 0x0101_0101);
    let error = own.write_all_memory(vaddr, &[2; 4]).unwrap_err();
    assert_eq!((error.transferred, error.status), (0, Status::NotSupported));

    // The status is the same for an unmapped address, a handle without the right, a handle to a
    // job, a bad handle, and an ended process: the kernel checks the setting first
    // (measured: April 2021).
    assert_eq!(own.write_memory(0, &[2]), Err(Status::NotSupported));
    let without_write = own.duplicate(Rights::READ).unwrap();
    assert_eq!(
        without_write.write_memory(vaddr, &[2]),
        Err(Status::NotSupported)
    );
    for handle in [sys::zx_job_default(), 0xdead_beef] {
        // SAFETY: the first handle stays open, the second value names no handle, and neither names
        // this process.
        let other = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
        assert_eq!(other.write_memory(vaddr, &[2]), Err(Status::NotSupported));
    }
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let ended = Process::from_child(&child).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ended.write_memory(vaddr, &[2]), Err(Status::NotSupported));

    // The raw call checks its arguments after the setting.
    let mut actual = 7;
    for (buffer, len) in [
        (std::ptr::null(), 1),
        ([0u8].as_ptr(), 0),
        ([0u8].as_ptr(), MAX_WRITE_LEN + 1),
    ] {
        // SAFETY: the call fails before it reads the buffer, and `actual` is valid for a write.
        let raw = unsafe {
            sys::zx_process_write_memory(own.as_raw(), vaddr, buffer, len, &raw mut actual)
        };
        assert_eq!(Status::ok(raw), Err(Status::NotSupported));
    }
    assert_eq!(actual, 7);
    // The wrapper checks the length before the call.
    assert_eq!(own.write_memory(vaddr, &[]), Err(Status::InvalidArgs));
    let long = vec![0; MAX_WRITE_LEN + 1];
    assert_eq!(own.write_memory(vaddr, &long), Err(Status::InvalidArgs));

    // The setting does not affect other calls.
    let mut seen = [0; 4];
    assert_eq!(own.read_memory(vaddr, &mut seen), Ok(4));
    assert_eq!(seen, [1; 4]);
    assert_eq!(without_write.rights(), Ok(Rights::READ));
    zx_process_memory::linux::set_debugging_syscalls(true);
    assert_eq!(own.write_memory(vaddr, &[3; 4]), Ok(4));
    assert_eq!(TARGET.load(Ordering::Relaxed), 0x0303_0303);
}
