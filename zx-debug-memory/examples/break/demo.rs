//! The demo: this program debugs itself, started again as a child.

use crate::child::CALLS;
use crate::debugger::{Debugger, Outcome, Task};
use crate::run_control::{Result, Traced};
use std::env;
use std::io::Read;
use std::process::{Command, Stdio};

/// The hit at which the argument is changed, and the new argument.
const CHANGE: (u64, u64) = (2, 50);

/// The last call of the child has no breakpoint any more.
const HITS: u64 = CALLS - 1;

pub(crate) fn run() -> Result<()> {
    let program = env::current_exe()?;
    let mut command = Command::new(&program);
    command.arg("--child").stdout(Stdio::piped());
    let (control, process, mut child) = Traced::spawn(&mut command)?;
    let task = Task {
        symbol: "tick",
        count: HITS,
        change: Some(CHANGE),
    };
    let outcome = Debugger::new(control, process)?.run(&task, &program)?;
    let Outcome::Ended { status, hits } = outcome else {
        eprintln!("removed; the child continues");
        return Ok(());
    };
    let mut output = String::new();
    child
        .stdout
        .take()
        .ok_or("no stdout")?
        .read_to_string(&mut output)?;
    eprint!("{output}");
    check(status, hits, &output)?;
    eprintln!("removed; the child ended with status {status}");
    Ok(())
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
