//! femu-runner: cargo's runner for the Fuchsia targets. It runs one program on Zircon in an
//! emulator, streams what the program prints, and says what became of it.
//!
//! - `cli`: options and variables; `setup`: errors found before a run
//! - engine *boot* (`boot`): `elf` strips the program, `image` puts it into the boot image
//!   (`zbi`, `storage` and `bootfs` know the formats), `words` makes the kernel command line,
//!   `machine` holds what differs between architectures, `qemu` makes QEMU's command line
//! - the console: `lines` cuts it up, `console` takes a line apart, `speaker` tells the program
//!   from the boot, `verdict` judges
//! - `process`: a child that is always ended and reaped
//! - engine *ffx* (`ffx`): Fuchsia's own emulator through its SDK

mod boot;
mod bootfs;
mod cli;
mod console;
mod elf;
mod ffx;
mod image;
mod lines;
mod machine;
mod process;
mod qemu;
mod setup;
mod speaker;
mod storage;
mod verdict;
mod words;
mod zbi;

use boot::{Outcome, note};
use clap::Parser;
use cli::{Engine, Options};
use std::process::ExitCode;

/// The runner, the image or the emulator is not set up right.
const NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match options.engine() {
        Engine::Boot => boot::run(&options),
        Engine::Ffx => ffx::run(&options),
    };
    match outcome {
        Ok(Outcome::Verdict(verdict)) => {
            note(&verdict.to_string());
            ExitCode::from(verdict.exit_code())
        }
        Ok(Outcome::Dry) => ExitCode::SUCCESS,
        Ok(Outcome::Interrupted(signal)) => {
            note(&format!(
                "stopped by signal {signal}; the emulator was ended"
            ));
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(NOT_RUN))
        }
        Err(error) => {
            note(&error.to_string());
            ExitCode::from(NOT_RUN)
        }
    }
}
