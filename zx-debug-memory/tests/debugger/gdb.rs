//! The adaptors, packet by packet, as GDB would send them.

use super::debuggee::Debuggee;
use gdbstub::arch::Registers;
use gdbstub::conn::Connection;
use gdbstub::stub::GdbStub;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use std::convert::Infallible;
use zx_debug_memory::gdb::{
    Arm64, MemoryArch, MemoryTarget, Riscv64, UnavailableRegisters, X86_64,
};
use zx_debug_memory::{Breakpoints, MemoryMap, OnDrop};
use zx_process_memory::{Process, Rights};

/// What the stub has to say.
struct Answers<'a>(&'a std::cell::RefCell<String>);

impl Connection for Answers<'_> {
    type Error = Infallible;

    fn write(&mut self, byte: u8) -> Result<(), Infallible> {
        self.0.borrow_mut().push(char::from(byte));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The answers to the packets, without what frames them.
fn answers<A: MemoryArch>(
    target: &mut MemoryTarget<Process, A>,
    packets: &[String],
) -> Vec<String> {
    let said = std::cell::RefCell::new(String::new());
    let mut stub = GdbStub::new(Answers(&said))
        .run_state_machine(target)
        .unwrap();
    let mut answers = Vec::new();
    for packet in packets {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        for byte in format!("+${packet}#{sum:02x}").bytes() {
            let GdbStubStateMachine::Idle(idle) = stub else {
                panic!("{packet} does not leave the stub idle");
            };
            stub = idle.incoming_data(target, byte).unwrap();
        }
        let said = said.take();
        let answer = said.trim_start_matches('+').strip_prefix('$').unwrap();
        answers.push(unpacked(answer.rsplit_once('#').unwrap().0));
    }
    answers
}

/// `0*"` stands for five 0s: a count is the character's less 29.
fn unpacked(answer: &str) -> String {
    let mut out = String::new();
    let mut letters = answer.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => {
                let times = u32::from(letters.next().unwrap()) - 29;
                let last = out.chars().next_back().unwrap();
                out.extend((0..times).map(|_| last));
            }
            letter => out.push(letter),
        }
    }
    out
}

fn target<A: MemoryArch>(debuggee: &Debuggee) -> MemoryTarget<Process, A> {
    MemoryTarget::new(Breakpoints::new(debuggee.process(), OnDrop::Remove))
}

/// Sets a breakpoint of this kind over bytes from 1 on, and looks through and at it.
fn breakpoint_of_a_kind<A: MemoryArch>(kind: usize, instruction: &[u8]) {
    let mut debuggee = Debuggee::start();
    let numbers = [1, 2, 3, 4, 5, 6, 7, 8];
    debuggee.stores(0, &numbers);
    let mut target = target::<A>(&debuggee);
    let vaddr = debuggee.vaddr;
    let said = answers(
        &mut target,
        &[
            format!("Z0,{vaddr:x},{kind}"),
            format!("m{vaddr:x},8"),
            format!("M{:x},2:aabb", vaddr + kind - 1),
            format!("m{vaddr:x},8"),
        ],
    );
    let mut expected = numbers;
    expected[kind - 1..=kind].copy_from_slice(&[0xaa, 0xbb]);
    let hex = |bytes: [u8; 8]| bytes.map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(said, ["OK", &hex(numbers), "OK", &hex(expected)]);
    let mut raw = expected;
    raw[..kind].copy_from_slice(instruction);
    assert_eq!(debuggee.sees()[..8], raw);

    let remove = format!("z0,{vaddr:x},{kind}");
    assert_eq!(
        answers(&mut target, &[remove.clone(), remove]),
        ["OK", "OK"]
    );
    assert_eq!(debuggee.sees()[..8], expected);
}

pub(crate) fn breakpoints_of_every_architecture_are_hidden() {
    breakpoint_of_a_kind::<X86_64>(1, &[0xcc]);
    breakpoint_of_a_kind::<Arm64>(4, &[0x00, 0x00, 0x20, 0xd4]);
    breakpoint_of_a_kind::<Riscv64>(2, &[0x02, 0x90]);
    breakpoint_of_a_kind::<Riscv64>(4, &[0x73, 0x00, 0x10, 0x00]);
}

pub(crate) fn what_cannot_be_is_told() {
    let debuggee = Debuggee::start();
    let vaddr = debuggee.vaddr;
    let mut target = target::<Arm64>(&debuggee);
    let said = answers(
        &mut target,
        &[
            // A kind that arm64 has not, an address that is odd, and one that is nowhere.
            format!("Z0,{vaddr:x},2"),
            format!("Z0,{:x},4", vaddr + 2),
            "Z0,10,4".to_owned(),
            "m10,4".to_owned(),
            "M10,1:00".to_owned(),
        ],
    );
    assert_eq!(said[3..], ["E0e", "E0e"]);
    assert!(
        said[..3].iter().all(|answer| answer.starts_with('E')),
        "{said:?}"
    );
    assert_eq!(target.breakpoints().iter().count(), 0);
}

pub(crate) fn a_read_over_the_end_has_what_is_there() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let map = MemoryMap::read(&process).unwrap();
    // The last byte that can be read before nothing is mapped.
    let mut last = [0];
    let end = map
        .iter()
        .map(|mapping| mapping.range.end)
        .find(|end| map.find(*end).is_none() && process.read_memory(end - 1, &mut last) == Ok(1))
        .unwrap();
    let said = answers(
        &mut target::<X86_64>(&debuggee),
        &[format!("m{:x},4", end - 1)],
    );
    assert_eq!(said, [format!("{:02x}", last[0])]);
}

pub(crate) fn what_is_not_allowed_is_told() {
    let mut debuggee = Debuggee::start();
    let vaddr = debuggee.vaddr;
    let weak = debuggee.process().duplicate(Rights::INSPECT).unwrap();
    let mut target = MemoryTarget::<_, X86_64>::new(Breakpoints::new(weak, OnDrop::Remove));
    // The number of EACCES.
    let said = answers(&mut target, &access(vaddr));
    assert_eq!(said, ["E0d", "E0d"]);
    assert_eq!(debuggee.sees()[0], 0);
}

/// On Zircon it is told from an unmapped address by nothing.
#[cfg(target_os = "linux")]
pub(crate) fn a_process_that_is_gone_is_told() {
    let debuggee = Debuggee::start();
    let (vaddr, mut target) = (debuggee.vaddr, target::<X86_64>(&debuggee));
    debuggee.ends();
    // The number of EIO.
    assert_eq!(answers(&mut target, &access(vaddr)), ["E05", "E05"]);
}

/// A read and a write of one byte.
fn access(vaddr: usize) -> [String; 2] {
    [format!("m{vaddr:x},1"), format!("M{vaddr:x},1:07")]
}

pub(crate) fn registers_cannot_be_written() {
    let debuggee = Debuggee::start();
    let zeros = format!("G{}", "0".repeat(2 * 164));
    let said = answers(&mut target::<X86_64>(&debuggee), &[zeros]);
    assert!(said[0].starts_with('E'), "{said:?}");
}

pub(crate) fn a_target_shows_its_breakpoints() {
    let debuggee = Debuggee::start();
    let mut target = target::<X86_64>(&debuggee);
    let set = format!("Z0,{:x},1", debuggee.vaddr);
    assert_eq!(answers(&mut target, &[set]), ["OK"]);
    let shown = format!("{target:?}");
    assert!(shown.starts_with("MemoryTarget(Breakpoints {"), "{shown}");
    assert!(shown.contains(&format!("{:#x}", debuggee.vaddr)), "{shown}");
}

fn registers<A: MemoryArch>(debuggee: &Debuggee) -> String {
    answers(&mut target::<A>(debuggee), &["g".to_owned()]).remove(0)
}

pub(crate) fn breakpoints_may_be_set_and_removed_twice() {
    let mut debuggee = Debuggee::start();
    debuggee.stores(0, &[1, 2]);
    let mut target = target::<X86_64>(&debuggee);
    let (set, remove) = (
        format!("Z0,{:x},1", debuggee.vaddr),
        format!("z0,{:x},1", debuggee.vaddr),
    );
    assert_eq!(
        answers(&mut target, &[set.clone(), set.clone()]),
        ["OK", "OK"]
    );
    assert_eq!(debuggee.sees()[..2], [0xcc, 2]);
    // Overwritten by the program, and set again.
    debuggee.stores(0, &[3]);
    assert_eq!(answers(&mut target, &[set]), ["OK"]);
    assert_eq!(debuggee.sees()[..2], [0xcc, 2]);
    assert_eq!(
        answers(&mut target, &[remove.clone(), remove]),
        ["OK", "OK"]
    );
    assert_eq!(debuggee.sees()[..2], [3, 2]);
}

pub(crate) fn a_target_may_take_no_breakpoints() {
    let mut debuggee = Debuggee::start();
    let breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    let mut target = MemoryTarget::<_, X86_64>::without_breakpoints(breakpoints);
    let said = answers(&mut target, &[format!("Z0,{:x},1", debuggee.vaddr)]);
    assert_eq!(said, ["E16"]);
    assert_eq!(debuggee.sees()[0], 0);
}

pub(crate) fn registers_are_unavailable_but_for_the_program_counter() {
    assert_eq!(UnavailableRegisters::<164, 128>.pc(), 0);
    let debuggee = Debuggee::start();
    for (said, len, pc) in [
        (registers::<X86_64>(&debuggee), 164, 128),
        (registers::<Arm64>(&debuggee), 268, 256),
        (registers::<Riscv64>(&debuggee), 264, 256),
    ] {
        assert_eq!(said.len(), 2 * len);
        assert_eq!(said[2 * pc..2 * pc + 16], "0".repeat(16));
        assert_eq!(said.matches('x').count(), 2 * (len - 8));
    }
}
