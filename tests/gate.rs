//! `kernel.enable-debugging-syscalls`, as the stand-in plays it. The switch is the whole
//! program's, so this test has a program of its own, and is one test.
#![cfg(backend = "linux")]

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use zx_process_memory::{MAX_WRITE_LEN, Process, ProcessRef, Rights, Status, sys};

static TARGET: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_closed_gate_is_told_before_all_else_but_a_size_that_is_no_call() {
    // SAFETY: only `TARGET` is written, an atomic.
    let own = unsafe { Process::current() }.unwrap();
    let vaddr = TARGET.as_ptr().addr();
    assert_eq!(own.write_memory(vaddr, &[1; 4]), Ok(4));

    zx_process_memory::linux::set_debugging_syscalls(false);
    assert_eq!(own.write_memory(vaddr, &[2; 4]), Err(Status::NotSupported));
    assert_eq!(TARGET.load(Ordering::Relaxed), 0x0101_0101);
    let stopped = own.write_all_memory(vaddr, &[2; 4]).unwrap_err();
    assert_eq!(
        (stopped.transferred, stopped.status),
        (0, Status::NotSupported)
    );

    // Unmapped, no right, no process, no handle, gone.
    assert_eq!(own.write_memory(0, &[2]), Err(Status::NotSupported));
    let weak = own.duplicate(Rights::READ).unwrap();
    assert_eq!(weak.write_memory(vaddr, &[2]), Err(Status::NotSupported));
    for handle in [sys::zx_job_default(), 0xdead_beef] {
        // SAFETY: neither names this process.
        let other = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
        assert_eq!(other.write_memory(vaddr, &[2]), Err(Status::NotSupported));
    }
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let gone = Process::from_child(&child).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(gone.write_memory(vaddr, &[2]), Err(Status::NotSupported));

    // The raw call: arguments come after the gate there.
    let mut actual = 7;
    for (buffer, len) in [
        (std::ptr::null(), 1),
        ([0u8].as_ptr(), 0),
        ([0u8].as_ptr(), MAX_WRITE_LEN + 1),
    ] {
        // SAFETY: the gate is closed, so no buffer is read.
        let raw = unsafe {
            sys::zx_process_write_memory(own.as_raw(), vaddr, buffer, len, &raw mut actual)
        };
        assert_eq!(Status::ok(raw), Err(Status::NotSupported));
    }
    assert_eq!(actual, 7);
    // The wrapper makes no call for these.
    assert_eq!(own.write_memory(vaddr, &[]), Err(Status::InvalidArgs));
    let long = vec![0; MAX_WRITE_LEN + 1];
    assert_eq!(own.write_memory(vaddr, &long), Err(Status::InvalidArgs));

    // All but writing goes on, reading too.
    let mut seen = [0; 4];
    assert_eq!(own.read_memory(vaddr, &mut seen), Ok(4));
    assert_eq!(seen, [1; 4]);
    assert_eq!(weak.rights(), Ok(Rights::READ));
    zx_process_memory::linux::set_debugging_syscalls(true);
    assert_eq!(own.write_memory(vaddr, &[3; 4]), Ok(4));
    assert_eq!(TARGET.load(Ordering::Relaxed), 0x0303_0303);
}
