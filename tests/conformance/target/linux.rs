//! The Linux backend: the suite's own process, or a child of it.

#[path = "../../debuggee/debuggee.rs"]
#[allow(dead_code)] // The suite does not use all of it.
mod debuggee;
mod is_possible;
mod memory;

use self::debuggee::Debuggee;
use self::memory::Memory;
use crate::suite::case::{Call, Case, Handle, PAGE, State};
use crate::suite::kernel::Era;
use crate::suite::target::{Probe, Skip, Target, TargetKind, Vdso};
use crate::suite::{self, CaseSet, cases, checks};
use rustix::process::{Pid, Signal, kill_process};
use std::env;
use std::io::Write;
use std::process::{Command, ExitCode, Output};
use std::sync::atomic::AtomicU8;
use std::thread;
use zx_process_memory::linux::{self, Kernel};
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Rights, Status};

pub(crate) const IS_LINUX_BACKEND: bool = true;

/// If this environment variable is set, the program is the child.
const IS_DEBUGGEE: &str = "ZX_CONFORMANCE_DEBUGGEE";

#[allow(clippy::unnecessary_wraps)] // On Zircon the child may be impossible.
pub(crate) fn target(kind: TargetKind) -> Result<Box<dyn Target>, Skip> {
    Ok(match kind {
        TargetKind::Own => Box::new(Own::new()),
        TargetKind::Child => Box::new(ChildTarget::start()),
    })
}

pub(crate) fn probe(probe: Probe) -> Result<usize, Status> {
    static MEMORY: AtomicU8 = AtomicU8::new(0);
    assert!(
        matches!(probe, Probe::WriteOwnMemory),
        "the era is known without probes"
    );
    let own = Own::new();
    own.handles
        .process
        .write_memory(MEMORY.as_ptr().addr(), &[1])
}

/// The kernel that the Linux backend behaves like. Its mappings are merged and split by Linux, so
/// probes cannot detect it.
#[allow(clippy::unnecessary_wraps)] // On Zircon it is not known.
pub(crate) fn era() -> Option<Era> {
    Some(match linux::kernel() {
        Kernel::Zircon2018 => Era::In2018,
        Kernel::Zircon2019 => Era::In2019,
        Kernel::Zircon2021 => Era::In2021,
        Kernel::Zircon2024 => Era::In2024,
        Kernel::Zircon2025 => Era::From2025,
        _ => Era::ManPage,
    })
}

pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// The stored table that a run must be equal to. None has other pages.
pub(crate) fn measured_table(kernel: suite::kernel::Kernel) -> Option<&'static str> {
    if page_size() != PAGE {
        return None;
    }
    match kernel.era {
        Era::In2018 => Some("2018-12-x86-64"),
        Era::In2019 => Some("2019-07-x86-64"),
        Era::In2021 if kernel.has_debugging_syscalls => Some("2021-04-x86-64"),
        _ => None,
    }
}

pub(crate) fn disable_debugging_syscalls() {
    linux::set_debugging_syscalls(false);
}

/// Selects the kernel.
const KERNEL: &str = "ZX_PROCESS_MEMORY_KERNEL";

/// Runs this program again for each other kernel, unless the caller has selected one, and with
/// debugging syscalls disabled. Prints the totals, and everything if a test failed.
pub(crate) fn run_on_other_kernels() -> ExitCode {
    if env::var_os(KERNEL).is_some() {
        return ExitCode::SUCCESS;
    }
    // Kernels of 2018 and July 2019 have no option to disable them.
    let configurations = [
        ("", true),
        ("2018", false),
        ("2019", false),
        ("2021", false),
        ("2021", true),
        ("2024", false),
        ("2024", true),
        ("2025", false),
        ("2025", true),
    ];
    let mut all_passed = true;
    // Two at a time.
    for pair in configurations.chunks(2) {
        thread::scope(|scope| {
            let runs: Vec<_> = pair
                .iter()
                .map(|(kernel, is_off)| scope.spawn(|| run_again(kernel, *is_off)))
                .collect();
            for run in runs {
                let output = run.join().unwrap();
                print(&output);
                all_passed &= output.status.success();
            }
        });
    }
    if all_passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn run_again(kernel: &str, is_off: bool) -> Output {
    let mut program = Command::new(env::current_exe().unwrap());
    program.args(env::args_os().skip(1)).env(KERNEL, kernel);
    if is_off {
        program.arg("--no-debugging-syscalls");
    }
    program.output().unwrap()
}

fn print(output: &Output) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        print!("{stdout}");
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let compared = |line: &&str| line.starts_with("compared with ");
    for line in stdout.lines().filter(compared).chain(stdout.lines().last()) {
        println!("{line}");
    }
}

fn invalid_buffer() -> Result<InvalidBuffer, Skip> {
    Err("an invalid pointer is undefined behavior on the Linux backend".into())
}

pub(crate) fn unmapped_buffer() -> Result<InvalidBuffer, Skip> {
    invalid_buffer()
}

pub(crate) fn buffer_without_permission(_: Call) -> Result<InvalidBuffer, Skip> {
    invalid_buffer()
}

pub(crate) fn buffer_of_one_page() -> Result<InvalidBuffer, Skip> {
    invalid_buffer()
}

/// The suite has none on Linux.
pub(crate) struct RemappedPage {
    pub(crate) vaddr: zx_vaddr_t,
}

/// Linux has none.
pub(crate) enum InvalidBuffer {}

impl InvalidBuffer {
    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        match *self {}
    }

    pub(crate) fn first_page(&mut self) -> &mut [u8] {
        match *self {}
    }
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

/// The addresses in `[vdso]`, which starts with its ELF header.
fn vdso_of(pid: u32) -> Vdso {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let line = maps.lines().find(|line| line.ends_with("[vdso]")).unwrap();
    let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
    let [start, end] = [start, end].map(|hex| zx_vaddr_t::from_str_radix(hex, 16).unwrap());
    let code = start + (end - start) / 2;
    Vdso { start, code }
}

fn check_is_possible(case: &Case) -> Result<(), Skip> {
    is_possible::check(case, era().unwrap_or(Era::ManPage))
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
        check_is_possible(case)?;
        Ok(self.memory.lay_out(case))
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

    fn remapped_page(&mut self) -> Result<RemappedPage, Skip> {
        Err("the test `faults` maps and unmaps memory during calls on Linux".into())
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
        check_is_possible(case)?;
        // The child finds the layout by the name of the case. It returns the address.
        let reply = self.debuggee.ask(format_args!("case {}", case.name));
        Ok(reply.parse().unwrap())
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

    fn remapped_page(&mut self) -> Result<RemappedPage, Skip> {
        Err("the test `faults` maps and unmaps memory during calls on Linux".into())
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
        let base = match line.as_str() {
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
                memory.lay_out(&all.find(|case| case.name == name).unwrap())
            }
        };
        println!("{base}");
    }
}
