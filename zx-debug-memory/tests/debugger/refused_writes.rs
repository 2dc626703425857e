//! Every write is refused while debugging syscalls are off.

use super::debuggee::{Debuggee, LEN};
use zx_debug_memory::BreakInstruction::{Arm64Brk, Riscv64CEbreak, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, OnDrop};
use zx_process_memory::{Process, Status};

fn debuggee() -> (Debuggee, Breakpoints<Process>) {
    let mut debuggee = Debuggee::start();
    debuggee.store(0, &[7; LEN]);
    let breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    (debuggee, breakpoints)
}

pub(crate) fn insert_is_not_supported_and_changes_nothing() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    for instruction in [X86Int3, Arm64Brk, Riscv64Ebreak, Riscv64CEbreak] {
        let error = breakpoints.insert(vaddr, instruction).unwrap_err();
        let BreakpointError::Write { source, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!((source.transferred, source.vaddr), (0, vaddr));
        assert_eq!(error.status(), Some(Status::NotSupported));
    }
    assert_eq!(breakpoints.iter().count(), 0);
    assert!(!breakpoints.is_intact(vaddr));
    let not_inserted = Err(BreakpointError::NotInserted { vaddr });
    assert_eq!(breakpoints.remove(vaddr), not_inserted);
    assert_eq!(breakpoints.remove_all(), Ok(()));
    assert_eq!(debuggee.memory(), [7; LEN]);
    drop(breakpoints);
    assert_eq!(debuggee.memory(), [7; LEN]);
}

pub(crate) fn write_is_not_supported_and_changes_nothing() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    let error = breakpoints.write_all_memory(vaddr, &[1; LEN]).unwrap_err();
    assert_eq!(
        (error.transferred, error.vaddr, error.status),
        (0, vaddr, Status::NotSupported)
    );
    let mut buffer = [0; LEN];
    assert_eq!(breakpoints.read_exact_memory(vaddr, &mut buffer), Ok(()));
    assert_eq!(buffer, [7; LEN]);
    assert_eq!(breakpoints.read_memory(vaddr, &mut buffer[..9]), Ok(9));
    assert_eq!(debuggee.memory(), [7; LEN]);
}
