//! Breakpoints that are lifted, and stops at breakpoints.

use super::debuggee::{Debuggee, LEN};
use std::panic::{AssertUnwindSafe, catch_unwind};
use zx_debug_memory::BreakInstruction::{Arm64Brk, Riscv64CEbreak, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, LiftError, OnDrop, Removal};
use zx_process_memory::Process;

/// A debuggee with a breakpoint at the start of its code, which is zeros.
fn debuggee() -> (Debuggee, Breakpoints<Process>) {
    let debuggee = Debuggee::start();
    let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Leave);
    breakpoints.insert(debuggee.vaddr, Arm64Brk).unwrap();
    (debuggee, breakpoints)
}

pub(crate) fn original_instruction_is_in_memory_while_the_breakpoint_is_lifted() {
    for instruction in [X86Int3, Arm64Brk, Riscv64Ebreak, Riscv64CEbreak] {
        let mut debuggee = Debuggee::start();
        let vaddr = debuggee.vaddr;
        let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Leave);
        breakpoints.insert(vaddr, instruction).unwrap();
        breakpoints.insert(vaddr + 8, instruction).unwrap();
        let before = debuggee.memory();
        let result = breakpoints.lift(vaddr, |breakpoints| {
            let memory = debuggee.memory();
            assert_eq!(memory[..8], [0; 8]);
            assert_eq!(memory[8..], before[8..], "the other stays");
            assert!(!breakpoints.is_intact(vaddr));
            // Another thread can have executed it before.
            let pc = if instruction == X86Int3 {
                vaddr + 1
            } else {
                vaddr
            };
            assert_eq!(breakpoints.stopped_at(pc), Some(vaddr));
            let mut buffer = [1; LEN];
            breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
            assert_eq!(buffer, [0; LEN]);
            "result"
        });
        assert_eq!(result.unwrap(), "result");
        assert_eq!(debuggee.memory(), before, "{instruction:?}");
        assert!(breakpoints.is_intact(vaddr));
        assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    }
}

pub(crate) fn breakpoint_is_put_back_after_an_error_and_after_a_panic() {
    let (debuggee, mut breakpoints) = debuggee();
    let failed = breakpoints.lift(debuggee.vaddr, |_| Err::<(), _>("the step failed"));
    assert_eq!(failed.unwrap(), Err("the step failed"));
    assert!(breakpoints.is_intact(debuggee.vaddr));

    let lift = || breakpoints.lift(debuggee.vaddr, |_| std::panic::resume_unwind(Box::new(())));
    // On Fuchsia the tests abort on a panic.
    if cfg!(panic = "unwind") {
        let _: Box<_> = catch_unwind(AssertUnwindSafe(lift)).unwrap_err();
        assert!(breakpoints.is_intact(debuggee.vaddr));
    }
}

pub(crate) fn overwritten_breakpoint_is_not_lifted() {
    let (mut debuggee, mut breakpoints) = debuggee();
    debuggee.store(1, &[7]);
    let before = debuggee.memory();
    let during = breakpoints.lift(debuggee.vaddr, |_| debuggee.memory());
    assert_eq!(during.unwrap(), before);
    assert_eq!(debuggee.memory(), before);
    let removal = breakpoints.remove(debuggee.vaddr);
    assert_eq!(removal, Ok(Removal::Overwritten));
}

pub(crate) fn breakpoint_that_is_overwritten_while_lifted_is_not_put_back() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    let result = breakpoints.lift(vaddr, |_| debuggee.store(1, &[7]));
    result.unwrap();
    assert_eq!(debuggee.memory()[..4], [0, 7, 0, 0]);
    assert!(!breakpoints.is_intact(debuggee.vaddr));
    let removal = breakpoints.remove(debuggee.vaddr);
    assert_eq!(removal, Ok(Removal::Overwritten));
    assert_eq!(debuggee.memory()[..4], [0, 7, 0, 0]);
}

pub(crate) fn lift_without_a_breakpoint_is_not_inserted() {
    let (debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr + 4;
    let error = breakpoints.lift(vaddr, |_| panic!("must not be called"));
    let error: LiftError<()> = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot lift the breakpoint at {vaddr:#x}")
    );
    let LiftError::Lift(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error, BreakpointError::NotInserted { vaddr });
}

#[cfg(target_os = "linux")]
pub(crate) fn error_of_putting_back_has_the_result_of_the_step() {
    use zx_process_memory::Status;
    use zx_process_memory::sys::{ZX_OK, zx_handle_close};
    let debuggee = Debuggee::start();
    let (process, vaddr) = (debuggee.process(), debuggee.vaddr);
    let mut breakpoints = Breakpoints::new(&process, OnDrop::Leave);
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    let error = breakpoints.lift(vaddr, |breakpoints| {
        let raw = breakpoints.process().as_raw();
        // SAFETY: the process keeps the handle, but the calls on it return errors only.
        let closed = unsafe { zx_handle_close(raw) };
        assert_eq!(closed, ZX_OK);
        "result"
    });
    let error = error.unwrap_err();
    let expected = format!("cannot put the breakpoint at {vaddr:#x} back");
    assert_eq!(error.to_string(), expected);
    assert_eq!(format!("{error:?}").split('(').next(), Some("PutBack"));
    let LiftError::PutBack { result, source } = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (result, source.status()),
        ("result", Some(Status::BadHandle))
    );
    assert!(breakpoints.get(vaddr).is_some(), "still in the list");
    drop(breakpoints);
    std::mem::forget(process); // Its handle is closed.
}

pub(crate) fn stop_is_at_the_breakpoint_whose_instruction_was_executed() {
    let debuggee = Debuggee::start();
    let vaddr = debuggee.vaddr;
    let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    breakpoints.insert(vaddr + 1, X86Int3).unwrap();
    breakpoints.insert(vaddr + 4, Arm64Brk).unwrap();
    breakpoints.insert(vaddr + 8, Riscv64CEbreak).unwrap();
    for (pc, expected) in [
        (vaddr, None),
        (vaddr + 1, Some(vaddr)),
        (vaddr + 2, Some(vaddr + 1)),
        (vaddr + 3, None),
        (vaddr + 4, Some(vaddr + 4)),
        (vaddr + 5, None),
        (vaddr + 8, Some(vaddr + 8)),
        (0, None),
        (usize::MAX, None),
    ] {
        assert_eq!(breakpoints.stopped_at(pc), expected, "{pc:#x}");
    }
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(breakpoints.stopped_at(vaddr + 1), None);
}
