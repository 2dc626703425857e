//! One breakpoint at a time, seen by the debuggee itself.

use super::debuggee::{Debuggee, LEN};
use zx_debug_memory::BreakInstruction::{self, Arm64Brk, Riscv64CEbreak, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, OnDrop, Removal};
use zx_process_memory::Process;

/// A debuggee with bytes from 1 on, and no breakpoints yet.
fn debuggee() -> (Debuggee, Breakpoints<Process>) {
    let mut debuggee = Debuggee::start();
    debuggee.stores(0, &numbers());
    let breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Leave);
    (debuggee, breakpoints)
}

fn numbers() -> [u8; LEN] {
    std::array::from_fn(|index| u8::try_from(index + 1).unwrap())
}

pub(crate) fn an_inserted_breakpoint_stands_in_the_process() {
    for (instruction, bytes) in [
        (X86Int3, &[0xcc][..]),
        (Arm64Brk, &[0x00, 0x00, 0x20, 0xd4]),
        (Riscv64Ebreak, &[0x73, 0x00, 0x10, 0x00]),
        (Riscv64CEbreak, &[0x02, 0x90]),
    ] {
        let (mut debuggee, mut breakpoints) = debuggee();
        breakpoints.insert(debuggee.vaddr + 4, instruction).unwrap();
        let mut expected = numbers();
        expected[4..4 + bytes.len()].copy_from_slice(bytes);
        assert_eq!(debuggee.sees(), expected, "{instruction:?}");
        assert!(breakpoints.iter().eq([(debuggee.vaddr + 4, instruction)]));
        let mut seen = [0; LEN];
        breakpoints
            .read_exact_memory(debuggee.vaddr, &mut seen)
            .unwrap();
        assert_eq!(seen, numbers(), "{instruction:?}");
    }
}

pub(crate) fn a_removed_breakpoint_leaves_what_was_there() {
    for instruction in [X86Int3, Arm64Brk, Riscv64Ebreak, Riscv64CEbreak] {
        let (mut debuggee, mut breakpoints) = debuggee();
        breakpoints.insert(debuggee.vaddr, instruction).unwrap();
        assert_eq!(breakpoints.remove(debuggee.vaddr), Ok(Removal::Restored));
        assert_eq!(debuggee.sees(), numbers(), "{instruction:?}");
        assert_eq!(breakpoints.iter().count(), 0);
    }
}

pub(crate) fn a_second_one_in_the_same_place_is_refused() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let base = debuggee.vaddr;
    breakpoints.insert(base + 8, Riscv64Ebreak).unwrap();
    let before = debuggee.sees();
    for (vaddr, instruction) in [
        (base + 8, Riscv64Ebreak),
        (base + 8, X86Int3),
        (base + 11, X86Int3),
        (base + 10, Riscv64CEbreak),
        (base + 6, Riscv64Ebreak),
    ] {
        let other = base + 8;
        let refused = BreakpointError::Overlaps { vaddr, other };
        assert_eq!(breakpoints.insert(vaddr, instruction), Err(refused));
    }
    assert_eq!(debuggee.sees(), before);
    // Side by side they are welcome.
    breakpoints.insert(base + 7, X86Int3).unwrap();
    breakpoints.insert(base + 12, Riscv64CEbreak).unwrap();
    breakpoints.remove_all().unwrap();
    assert_eq!(debuggee.sees(), numbers());
}

pub(crate) fn an_odd_address_is_refused() {
    let (mut debuggee, mut breakpoints) = debuggee();
    for (offset, instruction, alignment) in [
        (1, Arm64Brk, 4),
        (2, Arm64Brk, 4),
        (1, Riscv64Ebreak, 2),
        (3, Riscv64CEbreak, 2),
    ] {
        let vaddr = debuggee.vaddr + offset;
        let refused = BreakpointError::Misaligned { vaddr, alignment };
        assert_eq!(breakpoints.insert(vaddr, instruction), Err(refused));
    }
    assert_eq!(debuggee.sees(), numbers());
}

pub(crate) fn on_riscv64_the_instruction_tells_the_length() {
    // c.nop, c.addi and c.jr, then addi, jal and one of another 32-bit group.
    for first_byte in [0x01, 0x11, 0x82] {
        assert_eq!(BreakInstruction::riscv64(first_byte), Riscv64CEbreak);
    }
    for first_byte in [0x13, 0x6f, 0xb3] {
        assert_eq!(BreakInstruction::riscv64(first_byte), Riscv64Ebreak);
    }
}

#[cfg(target_os = "linux")]
pub(crate) fn a_handle_that_was_closed_loses_no_breakpoint() {
    use zx_process_memory::sys::{ZX_OK, zx_handle_close};
    use zx_process_memory::{ProcessRef, Status};

    let (debuggee, _) = debuggee();
    let (open, vaddr) = (debuggee.process(), debuggee.vaddr);
    let handle = debuggee.process().into_raw();
    // SAFETY: it is not used after it was closed, but to see that it is refused.
    let lent = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
    let mut breakpoints = Breakpoints::new(lent, OnDrop::Remove);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    assert!(breakpoints.is_intact(vaddr));
    // SAFETY: ours, and nobody takes its number before the end of this test.
    assert_eq!(unsafe { zx_handle_close(handle) }, ZX_OK);

    let error = breakpoints.remove(vaddr).unwrap_err();
    assert!(matches!(error, BreakpointError::Read { .. }), "{error}");
    assert_eq!(
        (error.vaddr(), error.status()),
        (vaddr, Some(Status::BadHandle))
    );
    assert!(!breakpoints.is_intact(vaddr));
    assert!(breakpoints.iter().eq([(vaddr, X86Int3)]));
    drop(breakpoints);
    let mut byte = [0];
    assert_eq!(open.read_memory(vaddr, &mut byte), Ok(1));
    assert_eq!(byte, [0xcc]);
}

pub(crate) fn an_error_tells_where_and_what_the_kernel_said() {
    // One that the kernel gives, since there is no constructor.
    let stopped = debuggee().1.insert(0x40, X86Int3).unwrap_err();
    let BreakpointError::Read { stopped, .. } = stopped else {
        panic!("{stopped}");
    };
    let (vaddr, said) = (0x40, Some(stopped.status));
    for (error, said) in [
        (
            BreakpointError::Misaligned {
                vaddr,
                alignment: 4,
            },
            None,
        ),
        (BreakpointError::Overlaps { vaddr, other: 8 }, None),
        (BreakpointError::NotInserted { vaddr }, None),
        (BreakpointError::Read { vaddr, stopped }, said),
        (BreakpointError::Write { vaddr, stopped }, said),
        (BreakpointError::RollbackFailed { vaddr, stopped }, said),
    ] {
        assert_eq!((error.vaddr(), error.status()), (vaddr, said), "{error}");
        assert!(error.to_string().contains("0x40"), "{error}");
    }
}

pub(crate) fn what_the_program_has_overwritten_is_left_alone() {
    let (mut debuggee, mut breakpoints) = debuggee();
    breakpoints.insert(debuggee.vaddr + 4, Arm64Brk).unwrap();
    debuggee.stores(6, &[7]);
    let expected = debuggee.sees();
    let mut seen = [0; LEN];
    breakpoints
        .read_exact_memory(debuggee.vaddr, &mut seen)
        .unwrap();
    assert_eq!(seen, *expected);
    assert_eq!(
        breakpoints.remove(debuggee.vaddr + 4),
        Ok(Removal::Overwritten)
    );
    assert_eq!(debuggee.sees(), expected);
}

pub(crate) fn an_instruction_that_is_read_in_part_stands_as_a_whole_or_not() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    let mut part = [0; 2];
    breakpoints.read_exact_memory(vaddr, &mut part).unwrap();
    assert_eq!(part, [1, 2]);
    // What is read in part is the instruction's still; its last byte is not.
    debuggee.stores(3, &[0]);
    breakpoints.read_exact_memory(vaddr, &mut part).unwrap();
    assert_eq!(part, [0x00, 0x00]);
}

pub(crate) fn a_patch_that_makes_the_instruction_again_is_the_programs() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    breakpoints.insert(vaddr, X86Int3).unwrap();
    debuggee.stores(0, &[0x90]);
    breakpoints.write_all_memory(vaddr, &[0xcc]).unwrap();
    let mut seen = [0];
    breakpoints.read_exact_memory(vaddr, &mut seen).unwrap();
    assert_eq!(seen, [0xcc]);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(debuggee.sees()[0], 0xcc);
}

pub(crate) fn what_was_removed_or_never_there_is_told() {
    let (debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    let nothing = Err(BreakpointError::NotInserted { vaddr });
    assert_eq!(breakpoints.remove(vaddr), nothing);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(breakpoints.remove(vaddr), nothing);
    assert!(!breakpoints.forget(vaddr));
}

pub(crate) fn a_breakpoint_in_nothing_leaves_nothing() {
    let (_victim, mut breakpoints) = debuggee();
    for vaddr in [0, 0x1000, usize::MAX - 3] {
        let error = breakpoints.insert(vaddr, Arm64Brk).unwrap_err();
        let BreakpointError::Read { stopped, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(stopped.vaddr, vaddr);
        assert!(stopped.status.may_mean_unmapped(), "{stopped}");
    }
    let past_the_end = breakpoints.insert(usize::MAX - 1, Riscv64Ebreak);
    assert!(matches!(past_the_end, Err(BreakpointError::Read { .. })));
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn remove_all_removes_all() {
    let (mut debuggee, mut breakpoints) = debuggee();
    for offset in 0..LEN / 2 {
        breakpoints
            .insert(debuggee.vaddr + 2 * offset, X86Int3)
            .unwrap();
    }
    debuggee.stores(0, &[1]);
    breakpoints.remove_all().unwrap();
    assert_eq!(debuggee.sees(), numbers());
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn a_forgotten_one_stays_in_the_process() {
    let (mut debuggee, mut breakpoints) = debuggee();
    breakpoints.insert(debuggee.vaddr, X86Int3).unwrap();
    assert!(breakpoints.forget(debuggee.vaddr));
    assert_eq!(debuggee.sees()[0], 0xcc);
    // It is the program's own by now.
    let mut seen = [0];
    breakpoints
        .read_exact_memory(debuggee.vaddr, &mut seen)
        .unwrap();
    assert_eq!(seen, [0xcc]);
}

pub(crate) fn a_drop_removes_them() {
    let (mut debuggee, _) = debuggee();
    let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    breakpoints.insert(debuggee.vaddr, Arm64Brk).unwrap();
    breakpoints.insert(debuggee.vaddr + 9, X86Int3).unwrap();
    breakpoints
        .write_all_memory(debuggee.vaddr + 1, &[99; 2])
        .unwrap();
    assert_ne!(debuggee.sees(), numbers());
    drop(breakpoints);
    let mut expected = numbers();
    expected[1..3].fill(99);
    assert_eq!(debuggee.sees(), expected);
}

pub(crate) fn a_drop_leaves_them() {
    let (mut debuggee, mut breakpoints) = debuggee();
    breakpoints.insert(debuggee.vaddr, X86Int3).unwrap();
    drop(breakpoints);
    assert_eq!(debuggee.sees()[0], 0xcc);
}

pub(crate) fn nothing_is_shown_of_the_kept_bytes() {
    let (mut debuggee, mut breakpoints) = debuggee();
    debuggee.stores(0, &[0xab; 4]);
    breakpoints.insert(debuggee.vaddr, Arm64Brk).unwrap();
    let shown = format!("{breakpoints:?}");
    assert!(shown.contains(&format!("{:#x}", debuggee.vaddr)), "{shown}");
    assert!(
        !shown.contains("171") && !shown.contains("ab, ab"),
        "{shown}"
    );
}
