//! The debugger: a breakpoint at a function, a few hits, and the removal.

use crate::backtrace::Unwinder;
use crate::run_control::{Hit, Result, RunControl, Stop, Traced};
use crate::symbols;
use std::path::Path;
use zx_debug_memory::{BreakInstruction, Breakpoints, MemoryMap, Modules, OnDrop};
use zx_process_memory::Process;

/// A task for the debugger.
pub(crate) struct Task<'a> {
    /// The function at which the breakpoint is.
    pub(crate) symbol: &'a str,
    /// The address of the function, if no symbol has it.
    pub(crate) vaddr: Option<usize>,
    /// The number of hits after which the breakpoint is removed.
    pub(crate) count: u64,
    /// A hit whose first argument is changed, and the new argument.
    pub(crate) change: Option<(u64, u64)>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The process has ended with this status, after this number of hits.
    Ended { status: i64, hits: u64 },
    /// The user has pressed Ctrl-C. The process runs without breakpoints.
    Interrupted,
}

pub(crate) struct Debugger {
    /// Dropped before `control`: all threads are still stopped.
    breakpoints: Breakpoints<Process>,
    control: Traced,
    map: MemoryMap,
    modules: Modules,
    unwinder: Unwinder,
    hits: u64,
}

impl Debugger {
    /// `control` controls the process, all of whose libraries are loaded.
    pub(crate) fn new(control: Traced, process: Process) -> Result<Self> {
        let map = MemoryMap::read(&process)?;
        let modules = Modules::read(&map, &process)?;
        Ok(Self {
            control,
            unwinder: Unwinder::new(&modules, &process),
            breakpoints: Breakpoints::new(process, OnDrop::Remove),
            map,
            modules,
            hits: 0,
        })
    }

    /// Does the task, and lets the process run to its end. `program` is its file.
    pub(crate) fn run(mut self, task: &Task, program: &Path) -> Result<Outcome> {
        let process = self.breakpoints.process();
        let vaddr = symbols::find(task.symbol, program, &self.map, &self.modules, process)
            .or_else(|error| task.vaddr.ok_or(error))?;
        self.breakpoints.insert(vaddr, BreakInstruction::NATIVE)?;
        loop {
            let result = self.run_to_next_stop(task);
            let stop = result.or_else(|error| self.control.ended().map(Stop::Ended).ok_or(error));
            match stop? {
                Stop::Hits(_) => {}
                Stop::Interrupted => {
                    self.breakpoints.remove_all()?;
                    self.control.detach()?;
                    return Ok(Outcome::Interrupted);
                }
                Stop::Ended(status) => {
                    let hits = self.hits;
                    return Ok(Outcome::Ended { status, hits });
                }
            }
        }
    }

    fn run_to_next_stop(&mut self, task: &Task) -> Result<Stop> {
        let stop = self.control.run(&self.breakpoints)?;
        if let Stop::Hits(hits) = &stop {
            for hit in hits {
                self.at_hit(*hit, task)?;
            }
        }
        Ok(stop)
    }

    /// Prints the hit, and lets the thread execute the instruction at the breakpoint. After the last hit,
    /// it removes the breakpoint instead.
    fn at_hit(&mut self, hit: Hit, task: &Task) -> Result<()> {
        let Hit { thread, vaddr } = hit;
        if self.hits == task.count {
            // The breakpoint was removed while this thread, too, had stopped at it. Its program counter is
            // at the original instruction.
            return Ok(());
        }
        self.hits += 1;
        self.print(hit, task.symbol)?;
        if let Some((_, argument)) = task.change.filter(|(number, _)| *number == self.hits) {
            self.control.set_argument(thread, argument)?;
            eprintln!("    argument changed to {argument}");
        }
        if self.hits == task.count {
            return Ok(self.breakpoints.remove_all()?);
        }
        self.breakpoints
            .lift(vaddr, |_| self.control.step(thread))?
    }

    fn print(&mut self, Hit { thread, vaddr }: Hit, symbol: &str) -> Result<()> {
        let registers = self.control.registers(thread)?;
        eprintln!(
            "hit {}: {symbol} at {vaddr:#x} in {}, thread {thread}, argument {}",
            self.hits,
            self.module(vaddr),
            registers.argument
        );
        for (index, pc) in (0..).zip(self.unwinder.frames(&registers, &self.breakpoints)) {
            eprintln!("    #{index} {}", self.location(usize::try_from(pc)?));
        }
        let mut bytes = [0; 8];
        let count = self.breakpoints.read_memory(vaddr, &mut bytes)?;
        eprintln!("    bytes {:02x?}", &bytes[..count]);
        Ok(())
    }

    /// The name and build ID of the module at the address. A program has no soname, but its mapping has
    /// a name.
    fn module(&self, vaddr: usize) -> String {
        let Some(module) = self.modules.find(vaddr) else {
            return "no module".to_owned();
        };
        let build_id = match &module.build_id {
            Some(build_id) => format!("build ID {build_id}"),
            None => "no build ID".to_owned(),
        };
        format!("{} ({build_id})", self.name(vaddr))
    }

    fn name(&self, vaddr: usize) -> &str {
        let soname = self
            .modules
            .find(vaddr)
            .and_then(|module| module.soname.as_deref());
        let mapping = || self.map.find(vaddr).map(|mapping| mapping.name.as_str());
        soname.or_else(mapping).unwrap_or("?")
    }

    /// An address in the process, with the one in the module's file.
    fn location(&self, vaddr: usize) -> String {
        let module = self.modules.find(vaddr);
        match module.and_then(|module| module.to_relative(vaddr)) {
            Some(relative) => format!("{vaddr:#x} {}+{relative:#x}", self.name(vaddr)),
            None => format!("{vaddr:#x}"),
        }
    }
}
