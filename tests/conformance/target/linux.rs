//! Linux: the suite itself, or a child of it, on the stand-in.

#[path = "linux_memory.rs"]
mod memory;

use self::memory::Memory;
use crate::suite::case::{Case, Handle, Kind, PAGE, State};
use crate::suite::target::{Probe, Skip, Target, Vdso, Who};
use crate::suite::{Part, cases, checks};
use rustix::process::{Pid, Signal, kill_process};
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Rights, Status};

pub(crate) const IS_STAND_IN: bool = true;

const DEBUGGEE: &str = "ZX_CONFORMANCE_VICTIM";

pub(crate) fn has_stdio() -> bool {
    true
}

pub(crate) fn say(line: &str) {
    println!("{line}");
}

#[allow(clippy::unnecessary_wraps)] // Elsewhere a process cannot always be had.
pub(crate) fn target(who: Who) -> Result<Box<dyn Target>, Skip> {
    Ok(match who {
        Who::Own => Box::new(Own::new()),
        Who::Child => Box::new(Debuggee::start()),
    })
}

pub(crate) fn probe(probe: Probe) -> Result<usize, Status> {
    let mut own = Own::new();
    let vaddr = match probe {
        Probe::Good => own
            .memory
            .lay_out(const { &[crate::suite::case::memory(1)] }),
        Probe::Unmapped | Probe::VdsoAsItIs | Probe::NeverWritableReachesVmo => Ok(0),
    };
    own.handles.process.write_memory(vaddr.unwrap_or(0), &[1])
}

#[allow(clippy::unnecessary_wraps)] // Elsewhere they cannot be switched.
pub(crate) fn switch_debugging_calls(on: bool) -> Result<(), Skip> {
    zx_process_memory::linux::set_debugging_syscalls(on);
    Ok(())
}

/// The handles that a case may call with.
struct Handles {
    process: Process,
    made: Vec<Process>,
}

impl Handles {
    fn new(process: Process) -> Self {
        Self {
            process,
            made: Vec::new(),
        }
    }

    fn get(&mut self, handle: Handle) -> Result<zx_handle_t, Skip> {
        let all = self.process.rights().unwrap();
        let made = match handle {
            Handle::Full => return Ok(self.process.as_raw()),
            Handle::Invalid => return Ok(0),
            Handle::Garbage => return Ok(0x5eed_5eef),
            Handle::AllOnes => return Ok(u32::MAX),
            Handle::Closed => {
                let closed = self.process.duplicate(Rights::SAME_RIGHTS).unwrap();
                return Ok(closed.as_raw());
            }
            Handle::WriteAlone => self.process.duplicate(Rights::WRITE),
            Handle::ReadAlone => self.process.duplicate(Rights::READ),
            Handle::ReadAndWrite => self.process.duplicate(Rights::READ | Rights::WRITE),
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
                return Err("the stand-in has processes and a job only".into());
            }
        };
        self.made.push(made.unwrap());
        Ok(self.made.last().unwrap().as_raw())
    }
}

/// A job for a process: only calls that fail are made with it.
fn weak_job(rights: Rights) -> Result<Process, Status> {
    let mut weak = 0;
    // SAFETY: `weak` is valid for a write.
    let raw =
        unsafe { sys::zx_handle_duplicate(sys::zx_job_default(), rights.bits(), &raw mut weak) };
    // SAFETY: the handle is new.
    Status::ok(raw).and_then(|()| unsafe { Process::from_raw(weak) })
}

pub(crate) fn own_vdso() -> Vdso {
    vdso_of(std::process::id())
}

/// Where Linux has put the kernel's pages of a process.
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
        // SAFETY: only what is laid out for a case is written, and nothing in this
        // program borrows that.
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
        assert_eq!(state, State::AsMade);
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

struct Debuggee {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    handles: Handles,
    is_gone: bool,
}

impl Debuggee {
    fn start() -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .env(DEBUGGEE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        answers.read_line(&mut ready).unwrap();
        let handles = Handles::new(Process::from_child(&child).unwrap());
        Self {
            child,
            commands,
            answers,
            handles,
            is_gone: false,
        }
    }

    fn ask(&mut self, command: &str) -> String {
        writeln!(self.commands, "{command}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Target for Debuggee {
    fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip> {
        // A layout is told by the name of its case.
        let answer = self.ask(&format!("case {}", case.name));
        answer.parse().map_err(|_| Skip(answer))
    }

    fn fill(&mut self, _: &Case) {
        assert_eq!(self.ask("fill"), "filled");
    }

    fn enter(&mut self, state: State) -> Result<(), Skip> {
        match state {
            State::AsMade | State::Running => {}
            State::Suspended => {
                kill_process(Pid::from_child(&self.child), Signal::STOP).unwrap();
            }
            State::Killed => {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                self.is_gone = true;
            }
            State::VmarDestroyed => return Err("Linux has no VMARs".into()),
        }
        Ok(())
    }

    fn handle(&mut self, handle: Handle) -> Result<zx_handle_t, Skip> {
        self.handles.get(handle)
    }

    fn vdso(&mut self) -> Result<Vdso, Skip> {
        Ok(vdso_of(self.child.id()))
    }

    fn contents(&mut self, _: &Case) -> Option<Vec<u8>> {
        if self.is_gone {
            return None;
        }
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
        let mut bytes = vec![0; self.ask("contents").parse().unwrap()];
        self.answers.read_exact(&mut bytes).unwrap();
        Some(bytes)
    }
}

impl Drop for Debuggee {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn is_debuggee() -> bool {
    env::var_os(DEBUGGEE).is_some()
}

/// The child's side: it lays out memory as it is told, and fills and reads it itself.
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
                    .unwrap_or_else(|| panic!("{other}"));
                let parts = [Part::Cases, Part::BadHandles].into_iter();
                let mut all = parts
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

/// Linux joins neighbours that are alike, and the stand-in sees one mapping then.
fn merges(one: Kind, other: Kind) -> bool {
    let private = |kind| match kind {
        Kind::Mapped(access) | Kind::Protected(access) => Some(access),
        _ => None,
    };
    private(one)
        .zip(private(other))
        .is_some_and(|(one, other)| one == other && one != crate::suite::case::Access::ReadWrite)
}

const _: () = assert!(PAGE == 4096);
