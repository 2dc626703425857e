//! Single breakpoints. The debuggee reads its own memory, so the tests see the break instructions.

use super::debuggee::{Debuggee, LEN};
use std::error::Error;
use zx_debug_memory::BreakInstruction::{self, Arm64Brk, Riscv64CEbreak, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, OnDrop, Removal};
use zx_process_memory::{Process, TransferError};

/// A debuggee whose code is `code()`, without breakpoints.
fn debuggee() -> (Debuggee, Breakpoints<Process>) {
    let mut debuggee = Debuggee::start();
    debuggee.store(0, &code());
    let breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Leave);
    (debuggee, breakpoints)
}

/// 1, 2, 3 and so on.
fn code() -> [u8; LEN] {
    std::array::from_fn(|index| u8::try_from(index + 1).unwrap())
}

pub(crate) fn insert_writes_the_break_instruction() {
    for (instruction, bytes) in [
        (X86Int3, &[0xcc][..]),
        (Arm64Brk, &[0x00, 0x00, 0x20, 0xd4]),
        (Riscv64Ebreak, &[0x73, 0x00, 0x10, 0x00]),
        (Riscv64CEbreak, &[0x02, 0x90]),
    ] {
        let (mut debuggee, mut breakpoints) = debuggee();
        breakpoints.insert(debuggee.vaddr + 4, instruction).unwrap();
        let mut expected = code();
        expected[4..4 + bytes.len()].copy_from_slice(bytes);
        assert_eq!(debuggee.memory(), expected, "{instruction:?}");
        assert!(breakpoints.iter().eq([(debuggee.vaddr + 4, instruction)]));
        let mut buffer = [0; LEN];
        breakpoints
            .read_exact_memory(debuggee.vaddr, &mut buffer)
            .unwrap();
        assert_eq!(buffer, code(), "{instruction:?}");
    }
}

pub(crate) fn remove_restores_the_original_bytes() {
    for instruction in [X86Int3, Arm64Brk, Riscv64Ebreak, Riscv64CEbreak] {
        let (mut debuggee, mut breakpoints) = debuggee();
        breakpoints.insert(debuggee.vaddr, instruction).unwrap();
        assert_eq!(breakpoints.remove(debuggee.vaddr), Ok(Removal::Restored));
        assert_eq!(debuggee.memory(), code(), "{instruction:?}");
        assert_eq!(breakpoints.iter().count(), 0);
    }
}

pub(crate) fn get_returns_the_instruction_at_its_first_address() {
    let (debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr + 4;
    assert_eq!(breakpoints.get(vaddr), None);
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    assert_eq!(breakpoints.get(vaddr), Some(Arm64Brk));
    assert_eq!(breakpoints.get(vaddr + 1), None);
    assert_eq!(breakpoints.get(vaddr - 1), None);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(breakpoints.get(vaddr), None);
}

pub(crate) fn overlapping_breakpoint_is_refused() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let base = debuggee.vaddr;
    breakpoints.insert(base + 8, Riscv64Ebreak).unwrap();
    let before = debuggee.memory();
    for (vaddr, instruction) in [
        (base + 8, Riscv64Ebreak),
        (base + 8, X86Int3),
        (base + 11, X86Int3),
        (base + 10, Riscv64CEbreak),
        (base + 6, Riscv64Ebreak),
    ] {
        let other = base + 8;
        let expected = BreakpointError::Overlaps { vaddr, other };
        assert_eq!(breakpoints.insert(vaddr, instruction), Err(expected));
    }
    assert_eq!(debuggee.memory(), before);
    // Adjacent breakpoints do not overlap.
    breakpoints.insert(base + 7, X86Int3).unwrap();
    breakpoints.insert(base + 12, Riscv64CEbreak).unwrap();
    breakpoints.remove_all().unwrap();
    assert_eq!(debuggee.memory(), code());
}

pub(crate) fn misaligned_address_is_refused() {
    let (mut debuggee, mut breakpoints) = debuggee();
    for (offset, instruction, alignment) in [
        (1, Arm64Brk, 4),
        (2, Arm64Brk, 4),
        (1, Riscv64Ebreak, 2),
        (3, Riscv64CEbreak, 2),
    ] {
        let vaddr = debuggee.vaddr + offset;
        let expected = BreakpointError::Misaligned { vaddr, alignment };
        assert_eq!(breakpoints.insert(vaddr, instruction), Err(expected));
    }
    assert_eq!(debuggee.memory(), code());
}

pub(crate) fn riscv64_break_instruction_has_the_length_of_the_original() {
    // c.nop, c.addi and c.jr.
    for first_byte in [0x01, 0x11, 0x82] {
        assert_eq!(BreakInstruction::riscv64(first_byte), Riscv64CEbreak);
    }
    // addi, jal and add.
    for first_byte in [0x13, 0x6f, 0xb3] {
        assert_eq!(BreakInstruction::riscv64(first_byte), Riscv64Ebreak);
    }
}

#[cfg(target_os = "linux")]
pub(crate) fn breakpoint_stays_inserted_if_the_handle_is_closed() {
    use zx_process_memory::sys::{ZX_OK, zx_handle_close};
    use zx_process_memory::{ProcessRef, Status};

    let (debuggee, _) = debuggee();
    let (open, vaddr) = (debuggee.process(), debuggee.vaddr);
    let handle = debuggee.process().into_raw();
    // SAFETY: the handle is open. After it is closed below, it is only passed to calls that
    // refuse it, because no other handle gets its value before the end of this test.
    let borrowed = unsafe { ProcessRef::borrow_raw(handle) }.unwrap();
    let mut breakpoints = Breakpoints::new(borrowed, OnDrop::Remove);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    assert!(breakpoints.is_intact(vaddr));
    // SAFETY: this function owns the handle, and no other handle gets its value before the end
    // of this test.
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

/// An error of a read at 0x40. `TransferError` has no constructor.
fn transfer_error() -> TransferError {
    let (_debuggee, mut breakpoints) = debuggee();
    let error = breakpoints.insert(0x40, X86Int3).unwrap_err();
    let BreakpointError::Read { source, .. } = error else {
        panic!("{error:?}");
    };
    source
}

pub(crate) fn error_has_address_status_and_source() {
    let source = transfer_error();
    let (vaddr, rollback) = (0x50, None);
    let alignment = 4;
    for (error, source) in [
        (BreakpointError::Misaligned { vaddr, alignment }, None),
        (BreakpointError::Overlaps { vaddr, other: 8 }, None),
        (BreakpointError::NotInserted { vaddr }, None),
        (BreakpointError::Read { vaddr, source }, Some(source)),
        (BreakpointError::Write { vaddr, source }, Some(source)),
        (
            BreakpointError::RollbackFailed {
                vaddr,
                source,
                rollback,
            },
            Some(source),
        ),
    ] {
        assert_eq!(error.vaddr(), vaddr, "{error}");
        assert_eq!(error.status(), source.map(|source| source.status));
        let cause = error.source().map(ToString::to_string);
        assert_eq!(cause, source.map(|source| source.to_string()));
        let message = error.to_string();
        assert!(message.contains("0x50"), "{message}");
        // The source is printed by those who print the chain.
        assert!(!message.contains("0x40"), "{message}");
        assert!(!message.contains("ZX_ERR"), "{message}");
    }
}

pub(crate) fn rollback_failed_prints_the_error_of_the_rollback() {
    let (vaddr, source) = (0x50, transfer_error());
    let error = |rollback| BreakpointError::RollbackFailed {
        vaddr,
        source,
        rollback,
    };
    let message = error(None).to_string();
    assert!(
        message.contains("its rollback did not restore it"),
        "{message}"
    );
    let mut rollback = source;
    rollback.transferred = 1;
    rollback.vaddr = 0x51;
    let message = error(Some(rollback)).to_string();
    let expected = format!(
        "its rollback stopped at 0x51 after 1 bytes with {}",
        source.status
    );
    assert!(message.contains(&expected), "{message}");
    // The message names the remedy.
    assert!(message.contains("suspended"), "{message}");
}

pub(crate) fn debug_of_an_error_prints_addresses_in_hex() {
    let (vaddr, source) = (0x50, transfer_error());
    let (alignment, rollback) = (4, Some(source));
    for (error, expected) in [
        (
            BreakpointError::Misaligned { vaddr, alignment },
            "Misaligned { vaddr: 0x50, alignment: 4 }".to_owned(),
        ),
        (
            BreakpointError::Overlaps { vaddr, other: 0x4f },
            "Overlaps { vaddr: 0x50, other: 0x4f }".to_owned(),
        ),
        (
            BreakpointError::NotInserted { vaddr },
            "NotInserted { vaddr: 0x50 }".to_owned(),
        ),
        (
            BreakpointError::Read { vaddr, source },
            format!("Read {{ vaddr: 0x50, source: {source:?} }}"),
        ),
        (
            BreakpointError::Write { vaddr, source },
            format!("Write {{ vaddr: 0x50, source: {source:?} }}"),
        ),
        (
            BreakpointError::RollbackFailed {
                vaddr,
                source,
                rollback,
            },
            format!("RollbackFailed {{ vaddr: 0x50, source: {source:?}, rollback: {rollback:?} }}"),
        ),
    ] {
        assert_eq!(format!("{error:?}"), expected);
    }
}

pub(crate) fn overwritten_breakpoint_is_not_restored() {
    let (mut debuggee, mut breakpoints) = debuggee();
    breakpoints.insert(debuggee.vaddr + 4, Arm64Brk).unwrap();
    debuggee.store(6, &[7]);
    let expected = debuggee.memory();
    let mut buffer = [0; LEN];
    breakpoints
        .read_exact_memory(debuggee.vaddr, &mut buffer)
        .unwrap();
    assert_eq!(buffer, *expected);
    assert_eq!(
        breakpoints.remove(debuggee.vaddr + 4),
        Ok(Removal::Overwritten)
    );
    assert_eq!(debuggee.memory(), expected);
}

pub(crate) fn partial_read_hides_only_an_intact_instruction() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    let mut buffer = [0; 2];
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [1, 2]);
    // The bytes that are read stay those of the instruction; its last byte changes.
    debuggee.store(3, &[0]);
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [0x00, 0x00]);
}

pub(crate) fn break_instruction_that_is_written_is_a_program_byte() {
    let (mut debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    breakpoints.insert(vaddr, X86Int3).unwrap();
    debuggee.store(0, &[0x90]);
    // The breakpoint is overwritten, so this goes to memory, and makes it intact again.
    breakpoints.write_all_memory(vaddr, &[0xcc]).unwrap();
    let mut buffer = [0];
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [0xcc]);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(debuggee.memory()[0], 0xcc);
}

pub(crate) fn remove_without_a_breakpoint_is_not_inserted() {
    let (debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    let not_inserted = Err(BreakpointError::NotInserted { vaddr });
    assert_eq!(breakpoints.remove(vaddr), not_inserted);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(breakpoints.remove(vaddr), not_inserted);
    assert!(!breakpoints.forget(vaddr));
}

pub(crate) fn insert_at_an_unmapped_address_is_a_read_error() {
    let (_debuggee, mut breakpoints) = debuggee();
    for vaddr in [0, 0x1000, usize::MAX - 3] {
        let error = breakpoints.insert(vaddr, Arm64Brk).unwrap_err();
        let BreakpointError::Read { source, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(source.vaddr, vaddr);
        assert!(source.status.may_mean_unmapped(), "{source:?}");
    }
    let past_the_end = breakpoints.insert(usize::MAX - 1, Riscv64Ebreak);
    assert!(matches!(past_the_end, Err(BreakpointError::Read { .. })));
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn remove_all_restores_the_original_bytes() {
    let (mut debuggee, mut breakpoints) = debuggee();
    for offset in 0..LEN / 2 {
        breakpoints
            .insert(debuggee.vaddr + 2 * offset, X86Int3)
            .unwrap();
    }
    // One that the program has overwritten is not an error.
    debuggee.store(0, &[1]);
    breakpoints.remove_all().unwrap();
    assert_eq!(debuggee.memory(), code());
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn forgotten_breakpoint_stays_in_the_process() {
    let (mut debuggee, mut breakpoints) = debuggee();
    breakpoints.insert(debuggee.vaddr, X86Int3).unwrap();
    assert!(breakpoints.forget(debuggee.vaddr));
    assert_eq!(debuggee.memory()[0], 0xcc);
    let mut buffer = [0];
    breakpoints
        .read_exact_memory(debuggee.vaddr, &mut buffer)
        .unwrap();
    assert_eq!(buffer, [0xcc]);
}

pub(crate) fn drop_removes_breakpoints() {
    let (mut debuggee, _) = debuggee();
    let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    breakpoints.insert(debuggee.vaddr, Arm64Brk).unwrap();
    breakpoints.insert(debuggee.vaddr + 9, X86Int3).unwrap();
    breakpoints
        .write_all_memory(debuggee.vaddr + 1, &[99; 2])
        .unwrap();
    assert_ne!(debuggee.memory(), code());
    drop(breakpoints);
    let mut expected = code();
    expected[1..3].fill(99);
    assert_eq!(debuggee.memory(), expected);
}

pub(crate) fn drop_leaves_breakpoints_if_selected() {
    let (mut debuggee, mut breakpoints) = debuggee();
    breakpoints.insert(debuggee.vaddr, X86Int3).unwrap();
    drop(breakpoints);
    assert_eq!(debuggee.memory()[0], 0xcc);
}

pub(crate) fn into_inner_removes_breakpoints_and_returns_the_process() {
    let (mut debuggee, _) = debuggee();
    let process = debuggee.process();
    let handle = process.as_raw();
    let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
    breakpoints.insert(debuggee.vaddr, Arm64Brk).unwrap();
    breakpoints.insert(debuggee.vaddr + 9, X86Int3).unwrap();
    let process: Process = breakpoints.into_inner();
    assert_eq!(debuggee.memory(), code());
    // The handle is the same, and is still open.
    assert_eq!(process.as_raw(), handle);
    assert!(process.koid().is_ok());
}

pub(crate) fn into_inner_leaves_breakpoints_if_selected() {
    let (mut debuggee, mut breakpoints) = debuggee();
    breakpoints.insert(debuggee.vaddr, X86Int3).unwrap();
    let process = breakpoints.into_inner();
    assert_eq!(debuggee.memory()[0], 0xcc);
    assert!(process.koid().is_ok());
}

pub(crate) fn debug_prints_handle_and_addresses_but_no_bytes() {
    let (debuggee, mut breakpoints) = debuggee();
    let vaddr = debuggee.vaddr;
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    breakpoints.insert(vaddr + 4, X86Int3).unwrap();
    let handle = breakpoints.process().as_raw();
    // The koid and the rights would take a system call.
    let expected = format!(
        "Breakpoints {{ process: {handle:#x}, inserted: {{{vaddr:#x}: Arm64Brk, {:#x}: X86Int3}}, \
         on_drop: Leave }}",
        vaddr + 4
    );
    assert_eq!(format!("{breakpoints:?}"), expected);
}

#[cfg(target_os = "linux")]
pub(crate) fn breakpoint_stays_in_a_forked_process_after_removal() {
    let (mut debuggee, _) = debuggee();
    let vaddr = debuggee.vaddr;
    let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    breakpoints.insert(vaddr + 4, Arm64Brk).unwrap();
    let forked = debuggee.fork();
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));

    // The remedy in the documentation of `Breakpoints`: copy the original bytes to the forked process.
    let mut originals = Vec::new();
    for (vaddr, instruction) in breakpoints.iter() {
        let mut bytes = vec![0; instruction.bytes().len()];
        breakpoints.read_exact_memory(vaddr, &mut bytes).unwrap();
        originals.push((vaddr, bytes));
    }
    drop(breakpoints);
    assert_eq!(debuggee.memory(), code());

    let mut expected = code();
    expected[0] = 0xcc;
    expected[4..8].copy_from_slice(Arm64Brk.bytes());
    let mut memory = [0; LEN];
    forked.read_exact_memory(vaddr, &mut memory).unwrap();
    assert_eq!(memory, expected);

    for (vaddr, bytes) in originals {
        forked.write_all_memory(vaddr, &bytes).unwrap();
    }
    expected[4..8].copy_from_slice(&code()[4..8]);
    forked.read_exact_memory(vaddr, &mut memory).unwrap();
    assert_eq!(memory, expected);
}

/// The kernel returns `BadState` for uncached memory, as the man page does for a process that has ended.
#[cfg(target_os = "fuchsia")]
pub(crate) fn breakpoint_in_memory_that_became_uncached_stays_inserted() {
    let debuggee = super::debuggee::bare_process::BareProcess::create().unwrap();
    let mut breakpoints = Breakpoints::new(&debuggee.process, OnDrop::Leave);
    breakpoints.insert(debuggee.vaddr, X86Int3).unwrap();
    debuggee.map_uncached();
    let error = breakpoints.remove(debuggee.vaddr).unwrap_err();
    assert_eq!(error.status(), Some(zx_process_memory::Status::BadState));
    assert_eq!(breakpoints.iter().count(), 1);
}
