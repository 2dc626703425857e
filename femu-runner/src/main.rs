//! femu-runner is a cargo runner for the Fuchsia targets. It runs one program on Zircon in an
//! emulator, prints the program's output and reports the result as an exit status.
//!
//! | Modules | Purpose |
//! |---|---|
//! | `cli` | command-line options and environment variables |
//! | `engine`, `program` | the result of an engine; load the program |
//! | `printer`, `shell_quote` | print on stdout and stderr |
//! | `boot` | the boot engine: boots a kernel and a boot image in QEMU |
//! | `boot_image`, `zbi`, `storage`, `bootfs` | add the stripped program to a copy of the boot image |
//! | `elf`, `libraries` | read the program, find the libraries that the boot image lacks |
//! | `kernel_command_line`, `architecture`, `qemu` | build the command lines of the kernel and of QEMU |
//! | `process`, `line_splitter`, `signals`, `watchdog` | run a child process, read its output by lines, stop it |
//! | `console`, `line_source`, `test_lines`, `run_state` | parse console lines, find their source, derive the verdict |
//! | `ffx` | the ffx engine: runs the program in the SDK's emulator |
//! | `verdict` | the result of a run, and its exit status |
//! | `setup_error` | errors that prevent a run |

mod architecture;
mod boot;
mod boot_image;
mod bootfs;
mod cli;
mod console;
mod elf;
mod engine;
mod ffx;
mod kernel_command_line;
mod libraries;
mod line_source;
mod line_splitter;
mod printer;
mod process;
mod program;
mod qemu;
mod run_state;
mod setup_error;
mod shell_quote;
mod signals;
mod storage;
mod test_lines;
mod verdict;
mod watchdog;
mod zbi;

use clap::builder::Resettable;
use clap::{CommandFactory, FromArgMatches};
use cli::{Engine, Options};
use engine::Outcome;
use printer::print_message;
use signals::Signals;
use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;
use std::time::Duration;
use verdict::Verdict;

/// Time to print the rest after the time limit, or after a signal, if nothing reads the output.
const LATE_PRINT_LIMIT: Duration = Duration::from_secs(2);
/// Exit status if the program did not run because of a setup error.
const SETUP_ERROR: u8 = 2;

fn main() -> ExitCode {
    let options = match parse_options() {
        Ok(options) => options,
        Err(error) => error.exit(),
    };
    let signals = match Signals::watch() {
        Ok(signals) => signals,
        Err(error) => {
            print_message(format_args!("cannot install the signal handlers: {error}"));
            return ExitCode::from(SETUP_ERROR);
        }
    };
    let outcome = match options.engine() {
        Engine::Boot => boot::run(&options, &signals),
        Engine::Ffx => ffx::run(&options, &signals),
    };
    let mut print_limit = None;
    let status = match outcome {
        Ok(Outcome::Verdict(verdict)) => {
            print_message(&verdict);
            print_limit = matches!(verdict, Verdict::Timeout(_)).then_some(LATE_PRINT_LIMIT);
            verdict.exit_code()
        }
        Ok(Outcome::DryRun) => 0,
        Ok(Outcome::Interrupted(signal)) => {
            print_message(format_args!("interrupted by signal {signal}"));
            print_limit = Some(LATE_PRINT_LIMIT);
            u8::try_from(128 + signal).unwrap_or(SETUP_ERROR)
        }
        Err(error) => {
            print_message(error);
            SETUP_ERROR
        }
    };
    printer::finish(&signals, print_limit);
    ExitCode::from(status)
}

/// Parses the command line. An empty variable counts as one that is not set.
fn parse_options() -> Result<Options, clap::Error> {
    let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    let command = Options::command().mut_args(|arg| match arg.get_env() {
        Some(name) if is_empty(name) => arg.env(Resettable::Reset),
        _ => arg,
    });
    Options::from_arg_matches(&command.try_get_matches()?)
}
