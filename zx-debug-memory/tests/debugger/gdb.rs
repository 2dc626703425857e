//! The gdbstub adaptors, tested with the packets that GDB sends.

use super::debuggee::Debuggee;
use gdbstub::arch::Registers;
use gdbstub::conn::Connection;
use gdbstub::stub::GdbStub;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use std::cell::RefCell;
use std::convert::Infallible;
use zx_debug_memory::gdb::{
    self, Arm32, Arm64, MemoryArch, MemoryTarget, Riscv64, UnavailableRegisters, X86_32, X86_64,
};
use zx_debug_memory::{Breakpoints, MemoryMap, OnDrop};
use zx_process_memory::{Process, Rights};

/// Stores the stub's replies.
struct Replies<'a>(&'a RefCell<String>);

impl Connection for Replies<'_> {
    type Error = Infallible;

    fn write(&mut self, byte: u8) -> Result<(), Infallible> {
        self.0.borrow_mut().push(char::from(byte));
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Sends the packets. Returns the content of the replies, without `$`, `#` and checksum. Between
/// two packets in one reply they remain.
fn exchange<A: MemoryArch>(
    target: &mut MemoryTarget<Process, A>,
    packets: &[String],
) -> Vec<String> {
    let received = RefCell::new(String::new());
    let mut stub = GdbStub::new(Replies(&received))
        .run_state_machine(target)
        .unwrap();
    let mut replies = Vec::new();
    for packet in packets {
        let sum = packet.bytes().fold(0u8, u8::wrapping_add);
        for byte in format!("+${packet}#{sum:02x}").bytes() {
            let GdbStubStateMachine::Idle(idle) = stub else {
                panic!("the stub is not idle after {packet}");
            };
            stub = idle.incoming_data(target, byte).unwrap();
        }
        if let GdbStubStateMachine::Running(mut running) = stub {
            let stop = gdb::refuse_resume(running.borrow_conn()).unwrap();
            stub = running.report_stop(target, stop).unwrap();
        }
        let received = received.take();
        let reply = received.trim_start_matches('+').strip_prefix('$').unwrap();
        replies.push(expand_runs(reply.rsplit_once('#').unwrap().0));
    }
    replies
}

/// Decodes GDB's run-length encoding: in `0*"`, the `"` (34) repeats the 0 for 34 - 29 more times.
fn expand_runs(reply: &str) -> String {
    let mut out = String::new();
    let mut chars = reply.chars();
    while let Some(char) = chars.next() {
        if char == '*' {
            let times = u32::from(chars.next().unwrap()) - 29;
            let last = out.chars().next_back().unwrap();
            out.extend((0..times).map(|_| last));
        } else {
            out.push(char);
        }
    }
    out
}

fn target<A: MemoryArch>(debuggee: &Debuggee) -> MemoryTarget<Process, A> {
    MemoryTarget::new(Breakpoints::new(debuggee.process(), OnDrop::Remove))
}

/// Sets a breakpoint of this kind, reads and writes across it, and removes it.
fn check_breakpoint<A: MemoryArch>(kind: usize, instruction: &[u8]) {
    let mut debuggee = Debuggee::start();
    let code = [1, 2, 3, 4, 5, 6, 7, 8];
    debuggee.store(0, &code);
    let mut target = target::<A>(&debuggee);
    let vaddr = debuggee.vaddr;
    let replies = exchange(
        &mut target,
        &[
            format!("Z0,{vaddr:x},{kind}"),
            format!("m{vaddr:x},8"),
            format!("M{:x},2:aabb", vaddr + kind - 1),
            format!("m{vaddr:x},8"),
        ],
    );
    let mut expected = code;
    expected[kind - 1..=kind].copy_from_slice(&[0xaa, 0xbb]);
    let hex = |bytes: [u8; 8]| bytes.map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(replies, ["OK", &hex(code), "OK", &hex(expected)]);
    let mut memory = expected;
    memory[..kind].copy_from_slice(instruction);
    assert_eq!(debuggee.memory()[..8], memory);

    let remove = format!("z0,{vaddr:x},{kind}");
    assert_eq!(
        exchange(&mut target, &[remove.clone(), remove]),
        ["OK", "OK"]
    );
    assert_eq!(debuggee.memory()[..8], expected);
}

pub(crate) fn breakpoints_of_every_architecture_are_hidden() {
    check_breakpoint::<X86_64>(1, &[0xcc]);
    check_breakpoint::<X86_32>(1, &[0xcc]);
    check_breakpoint::<Arm64>(4, &[0x00, 0x00, 0x20, 0xd4]);
    check_breakpoint::<Riscv64>(2, &[0x02, 0x90]);
    check_breakpoint::<Riscv64>(4, &[0x73, 0x00, 0x10, 0x00]);
}

pub(crate) fn impossible_breakpoints_and_accesses_are_errors() {
    let debuggee = Debuggee::start();
    let vaddr = debuggee.vaddr;
    let mut target = target::<Arm64>(&debuggee);
    let replies = exchange(
        &mut target,
        &[
            // A kind that arm64 does not have, a misaligned address, an unmapped address.
            format!("Z0,{vaddr:x},2"),
            format!("Z0,{:x},4", vaddr + 2),
            "Z0,10,4".to_owned(),
            "m10,4".to_owned(),
            "M10,1:00".to_owned(),
        ],
    );
    // EFAULT.
    assert_eq!(replies[3..], ["E0e", "E0e"]);
    assert!(
        replies[..3].iter().all(|reply| reply.starts_with('E')),
        "{replies:?}"
    );
    assert_eq!(target.breakpoints().iter().count(), 0);
    // 32-bit arm has no break instruction.
    for kind in [2, 3, 4] {
        let set = format!("Z0,{vaddr:x},{kind}");
        assert_eq!(
            exchange(&mut self::target::<Arm32>(&debuggee), &[set]),
            ["E16"]
        );
    }
}

pub(crate) fn read_across_the_end_of_a_mapping_is_short() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    let map = MemoryMap::read(&process).unwrap();
    // The last readable byte before an unmapped address.
    let mut last = [0];
    let end = map
        .iter()
        .map(|mapping| mapping.range.end)
        .find(|end| map.find(*end).is_none() && process.read_memory(end - 1, &mut last) == Ok(1))
        .unwrap();
    let replies = exchange(
        &mut target::<X86_64>(&debuggee),
        &[format!("m{:x},4", end - 1)],
    );
    assert_eq!(replies, [format!("{:02x}", last[0])]);
}

pub(crate) fn missing_right_is_eacces() {
    let mut debuggee = Debuggee::start();
    let vaddr = debuggee.vaddr;
    let process = debuggee.process().duplicate(Rights::INSPECT).unwrap();
    let mut target = MemoryTarget::<_, X86_64>::new(Breakpoints::new(process, OnDrop::Remove));
    // EACCES.
    let replies = exchange(&mut target, &access(vaddr));
    assert_eq!(replies, ["E0d", "E0d"]);
    assert_eq!(debuggee.memory()[0], 0);
}

pub(crate) fn refused_write_is_eacces_and_refused_breakpoint_is_an_error() {
    let mut debuggee = Debuggee::start();
    debuggee.store(0, &[7, 8]);
    let vaddr = debuggee.vaddr;
    let mut target = target::<X86_64>(&debuggee);
    let replies = exchange(
        &mut target,
        &[
            format!("M{vaddr:x},1:09"),
            format!("Z0,{vaddr:x},1"),
            format!("m{vaddr:x},2"),
            // GDB removes a breakpoint that it could not set.
            format!("z0,{vaddr:x},1"),
        ],
    );
    // EACCES, and gdbstub's reply to a refused breakpoint.
    assert_eq!(replies, ["E0d", "E16", "0708", "OK"]);
    assert_eq!(target.breakpoints().iter().count(), 0);
    assert_eq!(debuggee.memory()[..2], [7, 8]);
}

#[cfg(target_os = "linux")]
pub(crate) fn ended_process_is_eio_or_efault() {
    let debuggee = Debuggee::start();
    let (vaddr, mut target) = (debuggee.vaddr, target::<X86_64>(&debuggee));
    let process = debuggee.process();
    debuggee.end();
    // Kernels return the same status as for an unmapped address (measured: 2018 to 2021), the man page
    // has another one.
    let errno = match process.read_memory(vaddr, &mut [0]) {
        Err(zx_process_memory::Status::BadState) => "E05",
        _ => "E0e",
    };
    assert_eq!(exchange(&mut target, &access(vaddr)), [errno; 2]);
}

/// A read and a write of one byte.
fn access(vaddr: usize) -> [String; 2] {
    [format!("m{vaddr:x},1"), format!("M{vaddr:x},1:07")]
}

pub(crate) fn register_write_is_an_error() {
    let debuggee = Debuggee::start();
    let zeros = format!("G{}", "0".repeat(2 * 164));
    let replies = exchange(&mut target::<X86_64>(&debuggee), &[zeros]);
    assert!(replies[0].starts_with('E'), "{replies:?}");
}

pub(crate) fn debug_of_a_target_prints_its_breakpoints() {
    let debuggee = Debuggee::start();
    let mut target = target::<X86_64>(&debuggee);
    let set = format!("Z0,{:x},1", debuggee.vaddr);
    assert_eq!(exchange(&mut target, &[set]), ["OK"]);
    let debug = format!("{target:?}");
    assert!(debug.starts_with("MemoryTarget(Breakpoints {"), "{debug}");
    assert!(debug.contains(&format!("{:#x}", debuggee.vaddr)), "{debug}");
}

pub(crate) fn commands_that_run_the_process_report_a_message_and_an_interrupt() {
    let debuggee = Debuggee::start();
    let mut target = target::<X86_64>(&debuggee);
    let packets = [
        "c",
        "s",
        "vCont;c",
        "vCont;s:p1.1;c",
        "vCont;C05",
        "vCont;S05:1;c",
    ];
    let replies = exchange(&mut target, &packets.map(String::from));
    for (packet, reply) in packets.iter().zip(replies) {
        // `O` is console output, in hex. `S02` is a stop by SIGINT; `S05` would report a step.
        let (console, stop) = reply.split_once('#').unwrap();
        assert_eq!(&stop[2..], "$S02", "{packet}");
        let bytes = console.strip_prefix('O').unwrap().as_bytes();
        let text = bytes.chunks(2).map(|digits| {
            let digits = std::str::from_utf8(digits).unwrap();
            char::from(u8::from_str_radix(digits, 16).unwrap())
        });
        let text: String = text.collect();
        assert!(
            text.starts_with("this server does not run the target") && text.ends_with('\n'),
            "{packet}: {text}"
        );
        let sum = console.bytes().fold(0, u8::wrapping_add);
        assert_eq!(stop[..2], format!("{sum:02x}"), "{packet}");
    }
}

pub(crate) fn auxiliary_vector_is_served_if_the_target_has_one() {
    let debuggee = Debuggee::start();
    let supported = exchange(
        &mut target::<X86_64>(&debuggee),
        &["qSupported:xmlRegisters=i386".to_owned()],
    );
    assert!(!supported[0].contains("auxv"), "{supported:?}");
    let mut target = target::<X86_64>(&debuggee).with_auxv(b"0123456789".to_vec());
    let packets = [
        "qSupported:xmlRegisters=i386",
        "qXfer:auxv:read::0,4",
        "qXfer:auxv:read::4,100",
        "qXfer:auxv:read::a,4",
        "qXfer:auxv:read::ffffffffffffffff,4",
    ];
    let replies = exchange(&mut target, &packets.map(String::from));
    assert!(replies[0].contains("qXfer:auxv:read+"), "{replies:?}");
    assert_eq!(replies[1..], ["m0123", "m456789", "l", "l"]);
}

/// The names and the lengths in bytes of the registers in the target description.
fn described_registers<A: MemoryArch>() -> Vec<(&'static str, usize)> {
    fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
        let (_, value) = element.split_once(&format!(" {name}=\"")).unwrap();
        value.split('"').next().unwrap()
    }
    let xml = A::target_description_xml().unwrap();
    assert!(xml.starts_with("<target ") && xml.ends_with("</feature></target>"));
    let elements = xml.split("<reg").skip(1);
    let registers = elements.map(|element| {
        let bits: usize = attribute(element, "bitsize").parse().unwrap();
        (attribute(element, "name"), bits / 8)
    });
    registers.collect()
}

/// `pc` is the number of the program counter.
fn check_description<A: MemoryArch>(debuggee: &Debuggee, name: &str, pc: usize) {
    let described = described_registers::<A>();
    assert_eq!(described[pc].0, name);
    let offset: usize = described[..pc].iter().map(|(_, len)| len).sum();
    let len = described[pc].1;

    let all = registers::<A>(debuggee);
    let values = all.bytes().enumerate().filter(|(_, digit)| *digit != b'x');
    let values: Vec<_> = values.collect();
    let expected = (2 * offset..2 * (offset + len)).map(|index| (index, b'0'));
    assert_eq!(values, expected.collect::<Vec<_>>(), "{name}");
    // The packet ends between two registers.
    let ends = described.iter().scan(0, |end, (_, len)| {
        *end += len;
        Some(*end)
    });
    assert!(ends.into_iter().any(|end| 2 * end == all.len()), "{name}");

    // lldb reads them one by one: first register 0, to see whether the server supports that.
    for number in 0..described.len() {
        let reply = exchange(&mut target::<A>(debuggee), &[format!("p{number:x}")]);
        let value = if number == pc {
            "00".repeat(len)
        } else {
            "xx".to_owned()
        };
        assert_eq!(reply, [value], "{name} {number}");
    }
    let write = format!("P{pc:x}={}", "00".repeat(len));
    let replies = exchange(&mut target::<A>(debuggee), &[write]);
    assert!(replies[0].starts_with('E'), "{replies:?}");
}

pub(crate) fn registers_are_those_of_the_description() {
    let debuggee = Debuggee::start();
    check_description::<X86_64>(&debuggee, "rip", 16);
    check_description::<Arm64>(&debuggee, "pc", 32);
    check_description::<Riscv64>(&debuggee, "pc", 32);
    check_description::<X86_32>(&debuggee, "eip", 8);
    check_description::<Arm32>(&debuggee, "pc", 15);
}

fn registers<A: MemoryArch>(debuggee: &Debuggee) -> String {
    exchange(&mut target::<A>(debuggee), &["g".to_owned()]).remove(0)
}

pub(crate) fn breakpoint_can_be_set_and_removed_twice() {
    let mut debuggee = Debuggee::start();
    debuggee.store(0, &[1, 2]);
    let mut target = target::<X86_64>(&debuggee);
    let (set, remove) = (
        format!("Z0,{:x},1", debuggee.vaddr),
        format!("z0,{:x},1", debuggee.vaddr),
    );
    assert_eq!(
        exchange(&mut target, &[set.clone(), set.clone()]),
        ["OK", "OK"]
    );
    assert_eq!(debuggee.memory()[..2], [0xcc, 2]);
    // GDB sets it again after the program has overwritten it.
    debuggee.store(0, &[3]);
    assert_eq!(exchange(&mut target, &[set]), ["OK"]);
    assert_eq!(debuggee.memory()[..2], [0xcc, 2]);
    assert_eq!(
        exchange(&mut target, &[remove.clone(), remove]),
        ["OK", "OK"]
    );
    assert_eq!(debuggee.memory()[..2], [3, 2]);
}

pub(crate) fn second_breakpoint_with_another_instruction_is_refused() {
    let mut debuggee = Debuggee::start();
    debuggee.store(0, &[1, 2, 3, 4]);
    let mut target = target::<Riscv64>(&debuggee);
    let packet = |packet: &str, kind| format!("{packet},{:x},{kind}", debuggee.vaddr);
    let packets = [packet("Z0", 2), packet("Z0", 4), packet("Z0", 2)];
    assert_eq!(exchange(&mut target, &packets), ["OK", "E16", "OK"]);
    assert_eq!(debuggee.memory()[..4], [0x02, 0x90, 3, 4]);
    let remove = format!("z0,{:x},2", debuggee.vaddr);
    assert_eq!(exchange(&mut target, &[remove]), ["OK"]);
    assert_eq!(debuggee.memory()[..4], [1, 2, 3, 4]);
}

pub(crate) fn target_can_refuse_breakpoints() {
    let mut debuggee = Debuggee::start();
    let breakpoints = Breakpoints::new(debuggee.process(), OnDrop::Remove);
    let mut target = MemoryTarget::<_, X86_64>::without_breakpoints(breakpoints);
    let replies = exchange(&mut target, &[format!("Z0,{:x},1", debuggee.vaddr)]);
    assert_eq!(replies, ["E16"]);
    assert_eq!(debuggee.memory()[0], 0);
}

pub(crate) fn registers_are_unavailable_except_the_program_counter() {
    assert_eq!(UnavailableRegisters::<164, 128>.pc(), 0);
    let debuggee = Debuggee::start();
    for (registers, len, pc) in [
        (registers::<X86_64>(&debuggee), 164, 128),
        (registers::<Arm64>(&debuggee), 268, 256),
        (registers::<Riscv64>(&debuggee), 264, 256),
    ] {
        // Two characters for each byte: zeros for the program counter, `xx` for the others.
        assert_eq!(registers.len(), 2 * len);
        assert_eq!(registers[2 * pc..2 * pc + 16], "0".repeat(16));
        assert_eq!(registers.matches('x').count(), 2 * (len - 8));
    }
}
