//! Breakpoints that threads execute, with the run control of the example `break`.

mod code;
mod debuggee;
// The example uses all of it.
#[allow(dead_code, unused_imports)]
#[path = "../../examples/break"]
mod example {
    pub(super) mod run_control;
}

use code::Code;
use debuggee::{Debuggee, Text};
use example::run_control::{self, RunControl, Stop};
use std::collections::BTreeMap;
use zx_debug_memory::Removal;

pub(crate) fn thread_stops_at_a_breakpoint_and_continues_after_its_removal() {
    for (code, instruction) in Code::all() {
        let mut debuggee = Debuggee::start(code, Text::Once, &[1]);
        let vaddr = debuggee.code.counting;
        debuggee.breakpoints.insert(vaddr, instruction).unwrap();
        let hits = debuggee.hits();
        let [hit] = hits[..] else {
            panic!("{hits:?}");
        };
        assert_eq!(hit.vaddr, vaddr);
        let registers = debuggee.traced().registers(hit.thread).unwrap();
        assert_eq!(registers.pc, vaddr as u64);
        assert_eq!(debuggee.counter(0), 0);

        let removal = debuggee.breakpoints.remove(vaddr);
        assert_eq!(removal, Ok(Removal::Restored));
        debuggee.run_to_the_end(1);
        assert_eq!(debuggee.counter(0), 1);
    }
}

pub(crate) fn every_pass_stops_the_thread_once() {
    const PASSES: u64 = 100;
    for (code, instruction) in Code::all() {
        let mut debuggee = Debuggee::start(code, Text::Once, &[PASSES]);
        let vaddr = debuggee.code.counting;
        debuggee.breakpoints.insert(vaddr, instruction).unwrap();
        for pass in 0..PASSES {
            let hits = debuggee.hits();
            let [hit] = hits[..] else {
                panic!("{hits:?}");
            };
            assert_eq!((hit.vaddr, debuggee.counter(0)), (vaddr, pass));
            debuggee.step_over(hit);
            assert!(debuggee.breakpoints.is_intact(vaddr));
            let registers = debuggee.traced().registers(hit.thread).unwrap();
            assert_eq!(registers.pc, debuggee.code.after_counting as u64);
        }
        // The thread does not reach the breakpoint again.
        debuggee.run_to_the_end(1);
        assert_eq!(debuggee.counter(0), PASSES);
    }
}

pub(crate) fn every_pass_stops_each_of_two_threads_once() {
    const PASSES: u64 = 50;
    let (code, instruction) = Code::all()[0];
    let mut debuggee = Debuggee::start(code, Text::Once, &[PASSES; 2]);
    let vaddr = debuggee.code.counting;
    debuggee.breakpoints.insert(vaddr, instruction).unwrap();
    let mut passes: BTreeMap<usize, u64> = BTreeMap::new();
    while passes.values().sum::<u64>() < 2 * PASSES {
        for hit in debuggee.hits() {
            let index = debuggee.index(hit.thread);
            let pass = passes.entry(index).or_default();
            assert_eq!((hit.vaddr, debuggee.counter(index)), (vaddr, *pass));
            *pass += 1;
            debuggee.step_over(hit);
        }
    }
    assert_eq!(passes, BTreeMap::from([(0, PASSES), (1, PASSES)]));
    debuggee.run_to_the_end(2);
    assert_eq!([0, 1].map(|index| debuggee.counter(index)), [PASSES; 2]);
}

pub(crate) fn two_stopped_threads_continue_after_removal() {
    let (code, instruction) = Code::all()[0];
    let mut debuggee = Debuggee::start(code, Text::Once, &[1; 2]);
    let vaddr = debuggee.code.counting;
    debuggee.breakpoints.insert(vaddr, instruction).unwrap();
    // A thread that continues at the breakpoint stops there again. So at some time both have stopped.
    let mut hits = debuggee.hits();
    while hits.len() < 2 {
        hits = debuggee.hits();
    }
    assert!(hits.iter().all(|hit| hit.vaddr == vaddr));
    let removal = debuggee.breakpoints.remove(vaddr);
    assert_eq!(removal, Ok(Removal::Restored));
    debuggee.run_to_the_end(2);
    assert_eq!([0, 1].map(|index| debuggee.counter(index)), [1; 2]);
}

pub(crate) fn breakpoint_in_text_that_is_mapped_twice_ends_a_thread_at_the_other_address() {
    let (code, instruction) = Code::all()[0];
    let mut debuggee = Debuggee::start(code, Text::Twice, &[1]);
    let other = debuggee.other_mapping.expect("the text is mapped twice");
    let offset = debuggee.code.counting - debuggee.code.start;
    let breakpoints = &mut debuggee.breakpoints;
    breakpoints.insert(other + offset, instruction).unwrap();
    // A second breakpoint does not have the original bytes.
    let vaddr = debuggee.code.counting;
    breakpoints.insert(vaddr, instruction).unwrap();
    let mut original = vec![0; instruction.bytes().len()];
    breakpoints.read_exact_memory(vaddr, &mut original).unwrap();
    assert_eq!(original, instruction.bytes());
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));

    // The thread executes the break instruction at an address that is not in the list. For the debugger it
    // is the program's own.
    for pc in debuggee.code.counting..=debuggee.code.counting + 1 {
        assert_eq!(breakpoints.stopped_at(pc), None);
    }
    match debuggee.run() {
        Stop::Ended(status) => assert_ne!(status, 0),
        Stop::Hits(hits) => panic!("{hits:?}"),
        Stop::Interrupted => panic!("interrupted"),
    }
}

pub(crate) fn second_debugger_is_refused() {
    let (code, _) = Code::all()[0];
    let mut debuggee = Debuggee::start(code, Text::Once, &[1]);
    let error = debuggee.attach_again().err().expect("attached twice");
    let error = error.to_string();
    assert!(error.contains(" already"), "{error}");
    // The first debugger still works.
    debuggee.run_to_the_end(1);
    assert_eq!(debuggee.counter(0), 1);
}

/// Breakpoints that are still inserted would end the process.
pub(crate) fn detached_process_runs() {
    let (code, instruction) = Code::all()[0];
    let mut debuggee = Debuggee::start(code, Text::Once, &[1; 2]);
    let vaddr = debuggee.code.counting;
    debuggee.breakpoints.insert(vaddr, instruction).unwrap();
    debuggee.hits();
    let removal = debuggee.breakpoints.remove(vaddr);
    assert_eq!(removal, Ok(Removal::Restored));
    debuggee.detach();
    while [0, 1].map(|index| debuggee.counter(index)) != [1; 2] {
        std::thread::yield_now();
    }
}

/// The debugger of the job stops the process before its first instruction, and then at the break instruction.
#[cfg(target_os = "fuchsia")]
pub(crate) fn program_is_stopped_after_the_break_instruction_of_its_loader() {
    let (code, instruction) = Code::all()[0];
    let mut debuggee = Debuggee::start_as_program(code, 1);
    assert_eq!(debuggee.counter(0), 0);
    // It has executed nothing after that instruction.
    let start = debuggee.code.start;
    debuggee.breakpoints.insert(start, instruction).unwrap();
    let hits = debuggee.hits();
    assert_eq!(hits[0].vaddr, start);
    let removal = debuggee.breakpoints.remove(start);
    assert_eq!(removal, Ok(Removal::Restored));
    debuggee.run_to_the_end(1);
    assert_eq!(debuggee.counter(0), 1);
}
