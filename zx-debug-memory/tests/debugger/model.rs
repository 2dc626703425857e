//! Any sequence of operations, against a model.

mod expected;

use super::debuggee::{Debuggee, LEN};
use expected::Model;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::ops::Range;
use zx_debug_memory::BreakInstruction::{self, Arm64Brk, Riscv64CEbreak, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, OnDrop};
use zx_process_memory::Process;

#[derive(Clone, Debug)]
enum Op {
    Insert(usize, BreakInstruction),
    Remove(usize),
    /// By the debugger.
    Write(usize, Vec<u8>),
    Read(Range<usize>),
    /// By the program itself.
    Store(usize, Vec<u8>),
    RemoveAll,
}

fn instruction() -> impl Strategy<Value = BreakInstruction> {
    prop::sample::select(vec![X86Int3, Arm64Brk, Riscv64Ebreak, Riscv64CEbreak])
}

/// Bytes of which many are those of break instructions, so that they are mistaken for some.
fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(vec![0xcc, 0x00, 0x20, 0xd4, 0x73, 0x10, 0x02, 0x90]),
    ];
    prop::collection::vec(byte, 0..=max)
}

fn op() -> impl Strategy<Value = Op> {
    let aligned = (0..LEN, instruction()).prop_map(|(offset, instruction)| {
        // The region is aligned more than any instruction.
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
    ]
}

fn op_or_store() -> impl Strategy<Value = Op> {
    let store = (0..LEN).prop_flat_map(|at| (Just(at), bytes((LEN - at).min(6))));
    prop_oneof![
        4 => op(),
        1 => store.prop_map(|(at, bytes)| Op::Store(at, bytes)),
    ]
}

/// Does the operation to both, and compares what they answer.
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
            let nothing = BreakpointError::NotInserted { vaddr };
            let expected = model.remove(*at).ok_or(nothing);
            prop_assert_eq!(breakpoints.remove(vaddr), expected);
        }
        Op::Write(at, bytes) => {
            model.write(*at, bytes);
            prop_assert_eq!(breakpoints.write_all_memory(base + at, bytes), Ok(()));
            prop_assert_eq!(&model.seen()[*at..at + bytes.len()], &bytes[..], "written");
        }
        Op::Read(range) => {
            let mut seen = vec![0xee; range.len()];
            breakpoints
                .read_exact_memory(base + range.start, &mut seen)
                .unwrap();
            prop_assert_eq!(&seen[..], &model.seen()[range.clone()]);
            if !seen.is_empty() {
                seen.fill(0xee);
                let count = breakpoints.read_memory(base + range.start, &mut seen);
                prop_assert_eq!(count, Ok(range.len()));
                prop_assert_eq!(&seen[..], &model.seen()[range.clone()]);
            }
        }
        Op::Store(at, bytes) => {
            model.raw[*at..at + bytes.len()].copy_from_slice(bytes);
            if !bytes.is_empty() {
                debuggee.stores(*at, bytes);
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
    let mut seen = [0; LEN];
    breakpoints.read_exact_memory(base, &mut seen).unwrap();
    prop_assert_eq!(&seen[..], &model.seen()[..], "seen through");
    prop_assert_eq!(debuggee.sees(), &model.raw[..], "seen raw");
    Ok(())
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

/// Few under an emulator, which takes its time.
const CASES: u32 = if cfg!(target_os = "fuchsia") { 16 } else { 256 };

pub(crate) fn seen_through_equals_the_program_and_raw_has_the_instructions() {
    let mut debuggee = Debuggee::start();
    let sequences = (bytes(LEN), prop::collection::vec(op(), 1..24));
    let check = |(start, ops): (Vec<u8>, Vec<Op>)| {
        // The plain statement, with what the program should be kept apart.
        let mut program = vec![0; LEN];
        program[..start.len()].copy_from_slice(&start);
        debuggee.stores(0, &program);
        let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
        let mut model = Model::new(program.clone());
        for op in &ops {
            apply(op, &mut model, &mut debuggee, &mut breakpoints)?;
            if let Op::Write(at, bytes) = op {
                program[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            let mut raw = program.clone();
            for (vaddr, instruction) in breakpoints.iter() {
                let (at, bytes) = (vaddr - debuggee.vaddr, instruction.bytes());
                raw[at..at + bytes.len()].copy_from_slice(bytes);
            }
            prop_assert_eq!(&model.seen(), &program);
            prop_assert_eq!(&model.raw, &raw);
        }
        drop(breakpoints);
        prop_assert_eq!(debuggee.sees(), program);
        Ok(())
    };
    let check = std::cell::RefCell::new(check);
    let outcome = runner(CASES).run(&sequences, |sequence| check.borrow_mut()(sequence));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

pub(crate) fn a_program_that_overwrites_them_is_seen_as_it_is() {
    let debuggee = std::cell::RefCell::new(Debuggee::start());
    let sequences = prop::collection::vec(op_or_store(), 1..24);
    let outcome = runner(CASES).run(&sequences, |ops| {
        let debuggee = &mut *debuggee.borrow_mut();
        debuggee.stores(0, &[0; LEN]);
        let mut breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
        let mut model = Model::new(vec![0; LEN]);
        for op in &ops {
            apply(op, &mut model, debuggee, &mut breakpoints)?;
        }
        drop(breakpoints);
        prop_assert_eq!(debuggee.sees(), model.seen());
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
