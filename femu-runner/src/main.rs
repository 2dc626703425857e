//! femu-runner is a cargo runner for the Fuchsia targets. It runs one program on Zircon in an
//! emulator, prints the program's output and reports the result as an exit status.
//!
//! | Modules | Purpose |
//! |---|---|
//! | `cli` | command-line options and environment variables |
//! | `engine` | items that both engines use |
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
mod process;
mod qemu;
mod run_state;
mod setup_error;
mod signals;
mod storage;
mod test_lines;
mod verdict;
mod watchdog;
mod zbi;

use clap::Parser;
use cli::{Engine, Options};
use engine::{Outcome, print_message};
use signals::Signals;
use std::process::ExitCode;

/// Exit status if the program did not run because of a setup error.
const SETUP_ERROR: u8 = 2;

fn main() -> ExitCode {
    let options = Options::parse();
    let signals = match Signals::watch() {
        Ok(signals) => signals,
        Err(error) => {
            print_message(&format!("cannot install the signal handlers: {error}"));
            return ExitCode::from(SETUP_ERROR);
        }
    };
    let outcome = match options.engine() {
        Engine::Boot => boot::run(&options, &signals),
        Engine::Ffx => ffx::run(&options, &signals),
    };
    match outcome {
        Ok(Outcome::Verdict(verdict)) => {
            print_message(&verdict.to_string());
            ExitCode::from(verdict.exit_code())
        }
        Ok(Outcome::DryRun) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted(signal)) => {
            print_message(&format!("interrupted by signal {signal}"));
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(SETUP_ERROR))
        }
        Err(error) => {
            print_message(&error.to_string());
            ExitCode::from(SETUP_ERROR)
        }
    }
}
