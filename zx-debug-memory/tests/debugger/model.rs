//! Random sequences of operations, compared with a model.

mod expected;

use super::debuggee::{Debuggee, LEN};
use expected::Model;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::ops::Range;
use zx_debug_memory::BreakInstruction::{self, Arm64Brk, Riscv64CEbreak, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, LiftError, OnDrop};
use zx_process_memory::Process;

#[derive(Clone, Debug)]
enum Op {
    Insert(usize, BreakInstruction),
    Remove(usize),
    /// A write by the debugger.
    Write(usize, Vec<u8>),
    Read(Range<usize>),
    /// A write by the program.
    Store(usize, Vec<u8>),
    RemoveAll,
    /// Lifts a breakpoint. The program writes meanwhile.
    Lift(usize, usize, Vec<u8>),
}

fn instruction() -> impl Strategy<Value = BreakInstruction> {
    prop::sample::select(vec![X86Int3, Arm64Brk, Riscv64Ebreak, Riscv64CEbreak])
}

/// Random bytes, many of them from break instructions, so that data often looks like a breakpoint.
fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(vec![0xcc, 0x00, 0x20, 0xd4, 0x73, 0x10, 0x02, 0x90]),
    ];
    prop::collection::vec(byte, 0..=max)
}

fn op() -> impl Strategy<Value = Op> {
    let aligned = (0..LEN, instruction()).prop_map(|(offset, instruction)| {
        // The code is aligned to 64 bytes, so an aligned offset is an aligned address.
        let offset = offset - offset % instruction.alignment();
        Op::Insert(offset.min(LEN - 4), instruction)
    });
    let write = (0..LEN).prop_flat_map(|at| (Just(at), bytes(LEN - at)));
    let read = (0..LEN).prop_flat_map(|from| (Just(from), from..=LEN));
    prop_oneof![
        4 => aligned,
        2 => (0..LEN).prop_map(Op::Remove),
        3 => write.prop_map(|(at, bytes)| Op::Write(at, bytes)),
        2 => read.prop_map(|(from, to)| Op::Read(from..to)),
        1 => Just(Op::RemoveAll),
        1 => (0..LEN).prop_map(|at| Op::Lift(at, 0, Vec::new())),
    ]
}

fn op_or_store() -> impl Strategy<Value = Op> {
    let store = (0..LEN).prop_flat_map(|at| (Just(at), bytes((LEN - at).min(6))));
    let lift = (0..LEN, store.clone());
    prop_oneof![
        8 => op(),
        2 => store.prop_map(|(at, bytes)| Op::Store(at, bytes)),
        1 => lift.prop_map(|(lifted, (at, bytes))| Op::Lift(lifted, at, bytes)),
    ]
}

/// Applies the operation to the model and to the process, and compares the results.
fn apply(
    op: &Op,
    model: &mut Model,
    debuggee: &mut Debuggee,
    breakpoints: &mut Breakpoints<Process>,
) -> Result<(), TestCaseError> {
    let base = debuggee.vaddr;
    match op {
        Op::Insert(at, instruction) => {
            let expected = model.insert(*at, *instruction).map_err(|other| {
                let (vaddr, other) = (base + at, base + other);
                BreakpointError::Overlaps { vaddr, other }
            });
            prop_assert_eq!(breakpoints.insert(base + at, *instruction), expected);
        }
        Op::Remove(at) => {
            let vaddr = base + at;
            let not_inserted = BreakpointError::NotInserted { vaddr };
            let expected = model.remove(*at).ok_or(not_inserted);
            prop_assert_eq!(breakpoints.remove(vaddr), expected);
        }
        Op::Write(at, bytes) => {
            model.write(*at, bytes);
            prop_assert_eq!(breakpoints.write_all_memory(base + at, bytes), Ok(()));
            prop_assert_eq!(
                &model.shadow()[*at..at + bytes.len()],
                &bytes[..],
                "written"
            );
        }
        Op::Read(range) => {
            let mut buffer = vec![0xee; range.len()];
            breakpoints
                .read_exact_memory(base + range.start, &mut buffer)
                .unwrap();
            prop_assert_eq!(&buffer[..], &model.shadow()[range.clone()]);
            if !buffer.is_empty() {
                buffer.fill(0xee);
                let count = breakpoints.read_memory(base + range.start, &mut buffer);
                prop_assert_eq!(count, Ok(range.len()));
                prop_assert_eq!(&buffer[..], &model.shadow()[range.clone()]);
            }
        }
        Op::Store(at, bytes) => {
            model.memory[*at..at + bytes.len()].copy_from_slice(bytes);
            if !bytes.is_empty() {
                debuggee.store(*at, bytes);
            }
        }
        Op::Lift(lifted, at, bytes) => {
            let range = *at..at + bytes.len();
            let expected = model.lift(*lifted, |memory| memory[range].copy_from_slice(bytes));
            let vaddr = base + lifted;
            let actual = breakpoints.lift(vaddr, |breakpoints| {
                if !bytes.is_empty() {
                    debuggee.store(*at, bytes);
                }
                assert!(breakpoints.get(vaddr).is_some());
            });
            match actual {
                Err(LiftError::Lift(BreakpointError::NotInserted { .. })) => {
                    prop_assert_eq!(expected, None);
                }
                actual => {
                    actual.unwrap();
                    prop_assert!(expected.is_some());
                }
            }
        }
        Op::RemoveAll => {
            for at in model.inserted.keys().copied().collect::<Vec<_>>() {
                let _ = model.remove(at);
            }
            prop_assert_eq!(breakpoints.remove_all(), Ok(()));
        }
    }
    let vaddrs = breakpoints.iter().map(|(vaddr, _)| vaddr - base);
    prop_assert!(vaddrs.eq(model.inserted.keys().copied()));
    let mut buffer = [0; LEN];
    breakpoints.read_exact_memory(base, &mut buffer).unwrap();
    prop_assert_eq!(&buffer[..], &model.shadow()[..], "reads");
    prop_assert_eq!(debuggee.memory(), &model.memory[..], "memory");
    Ok(())
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

/// Fewer on Fuchsia, because the tests run in a slow emulator there.
const CASES: u32 = if cfg!(target_os = "fuchsia") { 16 } else { 256 };

pub(crate) fn reads_return_the_program_and_memory_has_the_instructions() {
    let mut debuggee = Debuggee::start();
    let sequences = (bytes(LEN), prop::collection::vec(op(), 1..24));
    let check = |(start, ops): (Vec<u8>, Vec<Op>)| {
        // Compares with plain bytes too, so that an error of the model is detected.
        let mut program = vec![0; LEN];
        program[..start.len()].copy_from_slice(&start);
        debuggee.store(0, &program);
        let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
        let mut model = Model::new(program.clone());
        for op in &ops {
            apply(op, &mut model, &mut debuggee, &mut breakpoints)?;
            if let Op::Write(at, bytes) = op {
                program[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            let mut memory = program.clone();
            for (vaddr, instruction) in breakpoints.iter() {
                let (at, bytes) = (vaddr - debuggee.vaddr, instruction.bytes());
                memory[at..at + bytes.len()].copy_from_slice(bytes);
            }
            prop_assert_eq!(&model.shadow(), &program);
            prop_assert_eq!(&model.memory, &memory);
        }
        drop(breakpoints);
        prop_assert_eq!(debuggee.memory(), program);
        Ok(())
    };
    let check = std::cell::RefCell::new(check);
    let outcome = runner(CASES).run(&sequences, |sequence| check.borrow_mut()(sequence));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

pub(crate) fn reads_return_what_the_program_has_overwritten() {
    let debuggee = std::cell::RefCell::new(Debuggee::start());
    let sequences = prop::collection::vec(op_or_store(), 1..24);
    let outcome = runner(CASES).run(&sequences, |ops| {
        let debuggee = &mut *debuggee.borrow_mut();
        debuggee.store(0, &[0; LEN]);
        let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
        let mut model = Model::new(vec![0; LEN]);
        for op in &ops {
            apply(op, &mut model, debuggee, &mut breakpoints)?;
        }
        drop(breakpoints);
        prop_assert_eq!(debuggee.memory(), model.shadow());
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
