//! A small debugger: it stops a process at a function, shows where it is, and lets it continue.
//!
//!     cargo run -p zx-debug-memory --example break
//!     cargo run -p zx-debug-memory --example break -- --symbol malloc --count 5 /bin/ls
//!
//! Without a program, it debugs a child of its own, changes an argument at the second hit, and checks by
//! the output of the child that it worked. What the debugger prints goes to stderr.
//!
//! It does not follow a program that forks: a forked process has the breakpoint too, and ends at it.

mod backtrace;
mod child;
#[cfg(target_os = "fuchsia")]
mod console;
mod debugger;
mod demo;
mod read_up_to;
#[cfg(target_os = "fuchsia")]
mod relay;
mod run_control;
mod symbols;

use clap::Parser;
use debugger::{Debugger, Outcome, Task};
use run_control::{Result, Traced};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Stops a program at a function, prints each hit with a backtrace, and lets the program continue.
#[derive(Parser)]
#[command(name = "break")]
struct Cli {
    /// Function at which to stop, of the program or of a library that is loaded when it starts
    #[arg(long, value_name = "NAME", requires = "program")]
    symbol: Option<String>,
    /// Number of hits after which the breakpoint is removed
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Program to start. Without it, a demo runs
    #[arg(requires = "symbol")]
    program: Option<PathBuf>,
    /// Arguments of the program
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
    /// Be the child of the demo
    #[arg(long, hide = true)]
    child: bool,
}

fn main() -> ExitCode {
    #[cfg(target_os = "fuchsia")]
    let _output = console::redirect_output();
    let result = match Cli::parse() {
        Cli { child: true, .. } => child::run().map_err(Into::into),
        Cli {
            symbol: Some(symbol),
            program: Some(program),
            count,
            arguments,
            ..
        } => debug(&symbol, count, &program, &arguments),
        _ => demo::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("    {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn debug(symbol: &str, count: u64, program: &PathBuf, arguments: &[OsString]) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments);
    #[cfg(target_os = "fuchsia")]
    relay::pipe_output(&mut command);
    let (control, process, child) = Traced::spawn(&mut command)?;
    #[cfg(target_os = "fuchsia")]
    let relay = relay::Relay::start(child);
    #[cfg(not(target_os = "fuchsia"))]
    drop(child);
    let task = Task {
        symbol,
        vaddr: None,
        count,
        change: None,
    };
    let file = control.file_of(program);
    let outcome = Debugger::new(control, process)?.run(&task, &file)?;
    #[cfg(target_os = "fuchsia")]
    relay.finish()?;
    match outcome {
        Outcome::Ended { status, hits } if hits == count => {
            eprintln!("removed; the program ended with status {status}");
        }
        Outcome::Ended { status, hits } => {
            eprintln!("the program ended with status {status}, after {hits} of {count} hits");
        }
        Outcome::Interrupted => eprintln!("removed; the program continues"),
    }
    Ok(())
}
