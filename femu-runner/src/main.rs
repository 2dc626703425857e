//! femu-runner is a cargo runner for the Fuchsia targets. It runs one program on Zircon in an
//! emulator, prints the program's output and reports the result as an exit status.
//!
//! | Modules | Purpose |
//! |---|---|
//! | `cli` | command-line options and environment variables |
//! | `engine` | items that both engines use |
//! | `boot` | the boot engine: boots a kernel and a boot image in QEMU |
//! | `boot_image`, `zbi`, `storage`, `bootfs`, `elf` | add the stripped program to a copy of the boot image |
//! | `kernel_command_line`, `architecture`, `qemu` | build the command lines of the kernel and of QEMU |
//! | `process`, `line_splitter` | run a child process and read its output by lines |
//! | `console`, `line_source`, `verdict` | parse console lines, find their source, derive the verdict |
//! | `ffx` | the ffx engine: runs the program in the SDK's emulator |
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
mod line_source;
mod line_splitter;
mod process;
mod qemu;
mod setup_error;
mod storage;
mod verdict;
mod zbi;

use clap::Parser;
use cli::{Engine, Options};
use engine::{Outcome, print_message};
use std::process::ExitCode;

/// Exit status if the program did not run because of a setup error.
const SETUP_ERROR: u8 = 2;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.engine() {
        Engine::Boot => boot::run(&options),
        Engine::Ffx => ffx::run(&options),
    };
    match outcome {
        Ok(Outcome::Verdict(verdict)) => {
            print_message(&verdict.to_string());
            ExitCode::from(verdict.exit_code())
        }
        Ok(Outcome::DryRun) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted(signal)) => {
            print_message(&format!(
                "interrupted by signal {signal}; the emulator was killed"
            ));
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(SETUP_ERROR))
        }
        Err(error) => {
            print_message(&error.to_string());
            ExitCode::from(SETUP_ERROR)
        }
    }
}
