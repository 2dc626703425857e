//! The process that executes breakpoints.

#[cfg_attr(target_os = "fuchsia", path = "debuggee/zircon.rs")]
#[cfg_attr(target_os = "linux", path = "debuggee/linux.rs")]
mod system;

use super::code::{COUNTED, Code, Counted};
use super::run_control::{Hit, RunControl, Stop, ThreadId, Traced};
use std::collections::BTreeSet;
use zx_debug_memory::{BreakInstruction, Breakpoints};
use zx_process_memory::Process;

/// How often the code is mapped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Once,
    Twice,
}

/// A process that is killed on drop.
pub(crate) struct Debuggee {
    /// The first field, so that the process has ended before it can run again.
    #[cfg_attr(target_os = "fuchsia", allow(dead_code))] // It is only dropped.
    killed: system::Killed,
    /// `None` after `detach`.
    traced: Option<Traced>,
    pub(crate) breakpoints: Breakpoints<Process>,
    /// The code that the threads execute.
    pub(crate) code: Code,
    /// The start of the code in its second mapping.
    pub(crate) other_mapping: Option<usize>,
    /// The address of the memory of the first thread.
    data: usize,
}

impl Debuggee {
    pub(crate) fn traced(&mut self) -> &mut Traced {
        self.traced.as_mut().expect("detached")
    }

    pub(crate) fn detach(&mut self) {
        self.traced.take().expect("detached").detach().unwrap();
    }

    /// Runs until threads stop at breakpoints, or the process ends.
    pub(crate) fn run(&mut self) -> Stop {
        let traced = self.traced.as_mut().expect("detached");
        traced.run(&self.breakpoints).unwrap()
    }

    /// Runs until threads stop at breakpoints.
    pub(crate) fn hits(&mut self) -> Vec<Hit> {
        match self.run() {
            Stop::Hits(hits) => {
                let threads: BTreeSet<_> = hits.iter().map(|hit| hit.thread).collect();
                assert_eq!(threads.len(), hits.len(), "a thread is returned twice");
                hits
            }
            Stop::Interrupted => panic!("interrupted"),
            Stop::Ended(status) => panic!("the process has ended: {status}"),
        }
    }

    /// Runs until so many threads have reached the end of the code. All breakpoints but those at the end
    /// must have been removed.
    pub(crate) fn run_to_the_end(&mut self, threads: usize) {
        let end = self.code.end;
        self.breakpoints
            .insert(end, BreakInstruction::NATIVE)
            .unwrap();
        let mut ended = BTreeSet::new();
        while ended.len() < threads {
            for hit in self.hits() {
                assert_eq!(hit.vaddr, end);
                ended.insert(hit.thread);
            }
        }
    }

    /// Executes the original instruction of the breakpoint at which the thread is.
    pub(crate) fn step_over(&mut self, hit: Hit) {
        let traced = self.traced.as_mut().expect("detached");
        let step = self
            .breakpoints
            .lift(hit.vaddr, |_| traced.step(hit.thread));
        step.unwrap().unwrap();
    }

    /// The number of the thread's run of the code, from the address of its counter in a register.
    pub(crate) fn index(&mut self, thread: ThreadId) -> usize {
        let registers = self.traced().registers(thread).unwrap();
        let offset = usize::try_from(registers.argument).unwrap() - self.data;
        assert_eq!(offset % size_of::<Counted>(), 0);
        offset / size_of::<Counted>()
    }

    /// How often a thread has executed the instruction.
    pub(crate) fn counter(&self, index: usize) -> u64 {
        let mut bytes = [0; 8];
        let vaddr = self.data + index * size_of::<Counted>() + COUNTED;
        let process = self.breakpoints.process();
        process.read_exact_memory(vaddr, &mut bytes).unwrap();
        u64::from_ne_bytes(bytes)
    }
}
