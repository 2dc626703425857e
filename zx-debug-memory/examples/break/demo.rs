//! The demo: this program debugs itself, started again as a child.

use crate::child::{CALLS, tick};
use crate::debugger::{Debugger, Outcome, Task};
use crate::run_control::{Result, Traced};
use std::env;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use zx_process_memory::Process;

/// The hit at which the argument is changed, and the new argument.
const CHANGE: (u64, u64) = (2, 50);

/// The last call of the child has no breakpoint any more.
const HITS: u64 = CALLS - 1;

pub(crate) fn run() -> Result<()> {
    // On Fuchsia it can be unknown, and is not used.
    let program = env::current_exe().unwrap_or_default();
    let (control, process, mut child_output) = start(&program)?;
    let task = Task {
        symbol: "tick",
        vaddr: cfg!(target_os = "fuchsia").then_some(tick as *const () as usize),
        count: HITS,
        change: Some(CHANGE),
    };
    let outcome = Debugger::new(control, process)?.run(&task, &program)?;
    let Outcome::Ended { status, hits } = outcome else {
        eprintln!("removed; the child continues");
        return Ok(());
    };
    let mut output = String::new();
    child_output.read_to_string(&mut output)?;
    eprint!("{output}");
    check(status, hits, &output)?;
    eprintln!("removed; the child ended with status {status}");
    Ok(())
}

/// Starts the child. Returns it with its output.
#[cfg(not(target_os = "fuchsia"))]
fn start(program: &Path) -> Result<(Traced, Process, Box<dyn Read>)> {
    let mut command = Command::new(program);
    command.arg("--child").stdout(Stdio::piped());
    let (control, process, mut child) = Traced::spawn(&mut command)?;
    let output = child.stdout.take().ok_or("no stdout")?;
    Ok((control, process, Box::new(output)))
}

#[cfg(target_os = "fuchsia")]
fn start(_program: &Path) -> Result<(Traced, Process, Box<dyn Read>)> {
    let (control, process, output) = Traced::copy_of_this_program(crate::child::run_copy)?;
    Ok((control, process, Box::new(output)))
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
