//! The Linux backend: the suite's own process, or a child of it.

#[path = "../../debuggee/debuggee.rs"]
#[allow(dead_code)] // The suite does not use all of it.
mod debuggee;
mod memory;

use self::debuggee::Debuggee;
use self::memory::Memory;
use crate::suite::case::{AreaKind, Case, Handle, PAGE, State};
use crate::suite::target::{Probe, Skip, Target, TargetKind, Vdso};
use crate::suite::{CaseSet, cases, checks};
use rustix::process::{Pid, Signal, kill_process};
use std::env;
use std::io::Write;
use std::ops::Range;
use std::process::Command;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Rights, Status};

pub(crate) const IS_LINUX_BACKEND: bool = true;

/// If this environment variable is set, the program is the child.
const IS_DEBUGGEE: &str = "ZX_CONFORMANCE_DEBUGGEE";

pub(crate) fn has_stdio() -> bool {
    true
}

pub(crate) fn print_line(line: &str) {
    println!("{line}");
}

#[allow(clippy::unnecessary_wraps)] // On Zircon the child may be impossible.
pub(crate) fn target(kind: TargetKind) -> Result<Box<dyn Target>, Skip> {
    Ok(match kind {
        TargetKind::Own => Box::new(Own::new()),
        TargetKind::Child => Box::new(ChildTarget::start()),
    })
}

pub(crate) fn probe(probe: Probe) -> Result<usize, Status> {
    let mut own = Own::new();
    let vaddr = match probe {
        Probe::OwnMemory => own
            .memory
            .lay_out(const { &[crate::suite::case::memory(1)] }),
        Probe::Unmapped | Probe::VdsoUnchanged | Probe::NeverWritableReachesVmo => Ok(0),
    };
    own.handles.process.write_memory(vaddr.unwrap_or(0), &[1])
}

#[allow(clippy::unnecessary_wraps)] // On Zircon this is impossible.
pub(crate) fn set_debugging_syscalls(on: bool) -> Result<(), Skip> {
    zx_process_memory::linux::set_debugging_syscalls(on);
    Ok(())
}

/// The handles for the calls of the cases.
struct Handles {
    process: Process,
    duplicates: Vec<Process>,
}

impl Handles {
    fn new(process: Process) -> Self {
        Self {
            process,
            duplicates: Vec::new(),
        }
    }

    fn get(&mut self, handle: Handle) -> Result<zx_handle_t, Skip> {
        let all = self.process.rights().unwrap();
        let duplicate = match handle {
            Handle::Full => return Ok(self.process.as_raw()),
            Handle::Invalid => return Ok(0),
            Handle::Garbage => return Ok(0x5eed_5eef),
            Handle::AllOnes => return Ok(u32::MAX),
            Handle::Closed => {
                let closed = self.process.duplicate(Rights::SAME_RIGHTS).unwrap();
                return Ok(closed.as_raw());
            }
            Handle::WriteOnly => self.process.duplicate(Rights::WRITE),
            Handle::ReadOnly => self.process.duplicate(Rights::READ),
            Handle::ReadAndWriteOnly => self.process.duplicate(Rights::READ | Rights::WRITE),
            Handle::AllButWrite => self.process.duplicate(all - Rights::WRITE),
            Handle::AllButRead => self.process.duplicate(all - Rights::READ),
            Handle::Job => return Ok(sys::zx_job_default()),
            Handle::JobWithoutWrite => weak_job(Rights::READ),
            Handle::JobWithoutRead => weak_job(Rights::WRITE),
            Handle::Vmo
            | Handle::VmoWithoutWrite
            | Handle::Event
            | Handle::Vmar
            | Handle::Thread => {
                return Err("the Linux backend has only processes and a job".into());
            }
        };
        self.duplicates.push(duplicate.unwrap());
        Ok(self.duplicates.last().unwrap().as_raw())
    }
}

/// A job handle as a `Process`, which closes it on drop. Calls on it fail.
fn weak_job(rights: Rights) -> Result<Process, Status> {
    let mut weak = 0;
    // SAFETY: `weak` is valid for a write of a handle.
    let raw =
        unsafe { sys::zx_handle_duplicate(sys::zx_job_default(), rights.bits(), &raw mut weak) };
    // SAFETY: the call returned a new handle, which nothing else owns.
    Status::ok(raw).and_then(|()| unsafe { Process::from_raw(weak) })
}

pub(crate) fn own_vdso() -> Vdso {
    vdso_of(std::process::id())
}

/// The addresses of `[vvar]` (data) and `[vdso]` (code) in a process.
fn vdso_of(pid: u32) -> Vdso {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let find = |name| -> Range<zx_vaddr_t> {
        let line = maps.lines().find(|line| line.ends_with(name)).unwrap();
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let address = |hex| zx_vaddr_t::from_str_radix(hex, 16).unwrap();
        address(start)..address(end)
    };
    let (start, code) = (find("[vvar]").start, find("[vdso]").start);
    Vdso { start, code }
}

struct Own {
    memory: Memory,
    handles: Handles,
}

impl Own {
    fn new() -> Self {
        // SAFETY: the suite writes only memory that is laid out for a case, to which no reference
        // exists.
        let process = unsafe { Process::current() }.unwrap();
        Self {
            memory: Memory::default(),
            handles: Handles::new(process),
        }
    }
}

impl Target for Own {
    fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip> {
        self.memory.lay_out(case.memory)
    }

    fn fill(&mut self, _: &Case) {
        self.memory.fill();
    }

    fn enter(&mut self, state: State) -> Result<(), Skip> {
        assert_eq!(state, State::Initial);
        Ok(())
    }

    fn handle(&mut self, handle: Handle) -> Result<zx_handle_t, Skip> {
        self.handles.get(handle)
    }

    fn vdso(&mut self) -> Result<Vdso, Skip> {
        Ok(own_vdso())
    }

    fn contents(&mut self, _: &Case) -> Option<Vec<u8>> {
        Some(self.memory.contents())
    }
}

struct ChildTarget {
    debuggee: Debuggee,
    handles: Handles,
    has_ended: bool,
}

impl ChildTarget {
    fn start() -> Self {
        let mut program = Command::new(env::current_exe().unwrap());
        let mut debuggee = Debuggee::spawn(program.env(IS_DEBUGGEE, "1"));
        assert_eq!(debuggee.read_line().as_deref(), Some("ready"));
        let handles = Handles::new(debuggee.process());
        Self {
            debuggee,
            handles,
            has_ended: false,
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.debuggee.child), signal).unwrap();
    }
}

impl Target for ChildTarget {
    fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip> {
        // The child finds the layout by the name of the case. It returns the address, or the reason
        // for a skip.
        let reply = self.debuggee.ask(format_args!("case {}", case.name));
        reply.parse().map_err(|_| Skip(reply))
    }

    fn fill(&mut self, _: &Case) {
        assert_eq!(self.debuggee.ask("fill"), "filled");
    }

    fn enter(&mut self, state: State) -> Result<(), Skip> {
        match state {
            State::Initial | State::Running => {}
            State::Suspended => self.signal(Signal::STOP),
            State::Killed => {
                self.debuggee.kill_and_wait();
                self.has_ended = true;
            }
            State::VmarDestroyed => return Err("Linux has no VMARs".into()),
        }
        Ok(())
    }

    fn handle(&mut self, handle: Handle) -> Result<zx_handle_t, Skip> {
        self.handles.get(handle)
    }

    fn vdso(&mut self) -> Result<Vdso, Skip> {
        Ok(vdso_of(self.debuggee.pid()))
    }

    fn contents(&mut self, _: &Case) -> Option<Vec<u8>> {
        if self.has_ended {
            return None;
        }
        self.signal(Signal::CONT);
        let len = self.debuggee.ask("contents").parse().unwrap();
        Some(self.debuggee.read_bytes(len))
    }
}

pub(crate) fn is_debuggee() -> bool {
    env::var_os(IS_DEBUGGEE).is_some()
}

/// Runs the child: lays out, fills and reads its memory on commands from stdin.
pub(crate) fn serve() {
    let mut memory = Memory::default();
    println!("ready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let laid_out = match line.as_str() {
            "contents" => {
                let contents = memory.contents();
                println!("{}", contents.len());
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(&contents).unwrap();
                stdout.flush().unwrap();
                continue;
            }
            "fill" => {
                memory.fill();
                println!("filled");
                continue;
            }
            other => {
                let name = other
                    .strip_prefix("case ")
                    .unwrap_or_else(|| panic!("unknown command: {other}"));
                let case_sets = [CaseSet::Main, CaseSet::BadHandles].into_iter();
                let mut all = case_sets
                    .flat_map(cases::of)
                    .chain(checks::LAYOUTS.into_iter().copied());
                memory.lay_out(all.find(|case| case.name == name).unwrap().memory)
            }
        };
        match laid_out {
            Ok(base) => println!("{base}"),
            Err(Skip(reason)) => println!("{reason}"),
        }
    }
}

/// Whether Linux merges two adjacent areas into one mapping.
fn is_merged(one: AreaKind, other: AreaKind) -> bool {
    let private = |kind| match kind {
        AreaKind::Mapped(access) | AreaKind::Protected(access) => Some(access),
        _ => None,
    };
    private(one)
        .zip(private(other))
        .is_some_and(|(one, other)| one == other && one != crate::suite::case::Access::ReadWrite)
}

const _: () = assert!(PAGE == 4096);
