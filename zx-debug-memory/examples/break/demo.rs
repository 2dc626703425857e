//! The demo: this program debugs itself, started again as a child.

#[cfg(target_os = "fuchsia")]
use crate::child;
use crate::child::CALLS;
use crate::debugger::{Debugger, Outcome, Task};
use crate::run_control::{Result, Traced};
use std::env;
#[cfg(target_os = "fuchsia")]
use std::error::Error;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
#[cfg(target_os = "fuchsia")]
use zx_debug_memory::{MemoryMap, Modules};
use zx_process_memory::Process;

/// The hit at which the argument is changed, and the new argument.
const CHANGE: (u64, u64) = (2, 50);

/// The last call of the child has no breakpoint any more.
const HITS: u64 = CALLS - 1;

pub(crate) fn run() -> Result<()> {
    let mut child = start()?;
    let task = Task {
        symbol: "tick",
        vaddr: child.vaddr,
        count: HITS,
        change: Some(CHANGE),
    };
    let debugger = Debugger::new(child.control, child.process)?;
    let outcome = debugger.run(&task, &child.program)?;
    let Outcome::Ended { status, hits } = outcome else {
        eprintln!("removed; the child continues");
        return Ok(());
    };
    let mut output = String::new();
    child.output.read_to_string(&mut output)?;
    eprint!("{output}");
    check(status, hits, &output)?;
    eprintln!("removed; the child ended with status {status}");
    Ok(())
}

struct Child {
    control: Traced,
    process: Process,
    /// The file of its program.
    program: PathBuf,
    /// The address of the function, if it cannot be found in the file.
    vaddr: Option<usize>,
    output: Box<dyn Read>,
}

fn start() -> Result<Child> {
    let started = start_program();
    #[cfg(target_os = "fuchsia")]
    let started = started.or_else(|error| copy_program(&*error));
    started
}

/// Starts this program again.
fn start_program() -> Result<Child> {
    let program = env::current_exe()?;
    // The path of a program that is started from a boot image is the one in the image, which is mounted
    // at `/boot`.
    #[cfg(target_os = "fuchsia")]
    let program = match program.strip_prefix("/") {
        Ok(in_image) if !program.exists() => PathBuf::from("/boot").join(in_image),
        _ => program,
    };
    let mut command = Command::new(&program);
    command
        .arg("--child")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // On Zircon of 2018 and 2019 a child cannot inherit stderr if it is a debuglog (measured).
        .stderr(Stdio::piped());
    let (control, process, mut child) = Traced::spawn(&mut command)?;
    let stdout = child.stdout.take().ok_or("no stdout")?;
    let stderr = child.stderr.take().ok_or("no stderr")?;
    #[cfg(target_os = "fuchsia")]
    let vaddr = Some(tick_in(&process)?);
    #[cfg(not(target_os = "fuchsia"))]
    let vaddr = None;
    Ok(Child {
        control,
        process,
        program,
        vaddr,
        output: Box::new(stdout.chain(stderr)),
    })
}

/// Returns the address of the function in a process that runs this program: it is as far from the entry
/// point as in this process. A boot image contains programs without symbols.
#[cfg(target_os = "fuchsia")]
fn tick_in(process: &Process) -> Result<usize> {
    // SAFETY: the linker has found a function with this name, which is the entry point of each program.
    // This declaration is not called.
    unsafe extern "C" {
        fn _start();
    }
    let [tick, start] = [child::tick as *const (), _start as *const ()].map(<*const ()>::addr);
    let map = MemoryMap::read(process)?;
    let modules = Modules::read(&map, process)?;
    // A program has no soname.
    let program = modules.iter().find(|module| module.soname.is_none());
    let entry = program
        .and_then(|module| module.entry)
        .ok_or("the child has no entry point")?;
    Ok(entry.wrapping_add(tick.wrapping_sub(start)))
}

/// Without a launcher, no program can be started.
#[cfg(target_os = "fuchsia")]
fn copy_program(error: &dyn Error) -> Result<Child> {
    eprintln!("{error}: debugging a copy of this program");
    let (control, process, output) = Traced::copy_of_this_program(child::run_copy)?;
    Ok(Child {
        control,
        process,
        program: PathBuf::new(),
        vaddr: Some(child::tick as *const () as usize),
        output: Box::new(output),
    })
}

/// Compares the output of the child with the one that the debugger's changes lead to.
fn check(status: i64, hits: u64, output: &str) -> Result<()> {
    let argument = |number| match CHANGE {
        (hit, argument) if hit == number => argument,
        _ => number,
    };
    let line = |number| format!("tick({number}) returned {}\n", argument(number) * 2);
    let expected: String = (1..=CALLS).map(line).collect();
    if (status, hits, output) == (0, HITS, &*expected) {
        return Ok(());
    }
    Err(format!(
        "expected {HITS} hits, status 0 and the output\n{expected}\nbut there were {hits} hits and status {status}"
    )
    .into())
}
