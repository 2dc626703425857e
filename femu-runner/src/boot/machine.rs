//! Runs QEMU, prints the program's output and derives the verdict.

use super::TemporaryImage;
use crate::architecture::Architecture;
use crate::cli::Options;
use crate::console::Line;
use crate::engine::Outcome;
use crate::kernel_command_line::Launcher;
use crate::line_source::LineSource;
use crate::printer::{print_line, print_message, print_tail};
use crate::process::{self, Descendants, LineAction, ProcessEnd, Stream};
use crate::qemu;
use crate::run_state::RunState;
use crate::setup_error::SetupError;
use crate::signals::Signals;
use crate::verdict::Verdict;
use std::collections::VecDeque;
use std::io::{IsTerminal, stderr, stdout};
use std::process::Command;
use std::time::Duration;

/// Number of lines that are printed again if the run has no clear result.
const TAIL: usize = 30;
/// Time to read the rest of QEMU's stderr after a KVM error.
const KVM_ERROR_GRACE: Duration = Duration::from_millis(200);

/// A machine that runs the program.
pub struct Machine<'a> {
    pub options: &'a Options,
    pub architecture: &'static Architecture,
    pub launcher: Launcher,
    /// The program's path in the boot image.
    pub program: &'a str,
    /// The kernel command line.
    pub command_line: String,
    pub image: TemporaryImage,
    pub signals: &'a Signals,
}

impl Machine<'_> {
    /// Runs QEMU. Returns `None` if QEMU failed because KVM does not work.
    ///
    /// # Errors
    ///
    /// QEMU cannot be started, or ends before the kernel prints something.
    pub fn run(&mut self, kvm: bool) -> Result<Option<Outcome>, SetupError> {
        // QEMU splits the path of a boot image at commas and spaces, so it gets the name alone.
        let (directory, name) = self.image.location();
        let argv = qemu::argv(
            self.options,
            self.architecture,
            kvm,
            name,
            &self.command_line,
        );
        let mut console = Console {
            raw: self.options.raw,
            state: RunState::new(self.launcher, self.program),
            boot_log: Tail::default(),
            program_output: Tail::default(),
        };
        let (end, stderr) = process::run(
            Command::new(&argv[0])
                .args(&argv[1..])
                .current_dir(directory),
            Descendants::Kill(&mut self.image.watchdog),
            self.options.limit(),
            Some(self.signals),
            |stream, line| console.handle_line(stream, line),
        )
        .map_err(|error| {
            SetupError::new(
                format!("cannot start {}: {error}", argv[0].display()),
                "install QEMU (Debian: qemu-system-x86, qemu-system-arm), or give its path with \
                 --qemu (FEMU_QEMU)",
            )
        })?;
        if let ProcessEnd::Interrupted(signal) = end {
            return Ok(Some(Outcome::Interrupted(signal)));
        }
        let power_off_status = self.architecture.power_off_status;
        if end != ProcessEnd::Exited(Some(power_off_status)) {
            let kvm_failed = kvm && !console.state.program_printed() && qemu::mentions_kvm(&stderr);
            let stderr = String::from_utf8_lossy(&stderr).trim().to_owned();
            if let ProcessEnd::Exited(status) = end
                && console.state.console_is_silent()
                && !kvm_failed
            {
                return Err(qemu_failed(status, &stderr));
            }
            for line in stderr.lines() {
                print_message(format_args!("QEMU: {line}"));
            }
            if kvm_failed {
                return Ok(None);
            }
        } else if console.state.console_is_silent() {
            return Err(qemu_failed(Some(power_off_status), ""));
        }
        let verdict = console.state.verdict(end, power_off_status);
        console.print_tails(&verdict);
        Ok(Some(Outcome::Verdict(verdict)))
    }
}

fn qemu_failed(status: Option<i32>, stderr: &str) -> SetupError {
    let status = status.map_or("after a signal".to_owned(), |status| {
        format!("with status {status}")
    });
    let messages = if stderr.is_empty() {
        "it printed nothing"
    } else {
        stderr
    };
    SetupError::new(
        format!("QEMU ended {status} before the kernel printed something: {messages}"),
        "check the files of FEMU_KERNEL and FEMU_ZBI, and the QEMU command line with --dry-run \
         (FEMU_DRY_RUN=1)",
    )
}

/// The console of one run.
struct Console {
    /// Print all lines, unmodified.
    raw: bool,
    state: RunState,
    /// Lines that are not printed by default.
    boot_log: Tail,
    program_output: Tail,
}

impl Console {
    fn handle_line(&mut self, stream: Stream, raw: &[u8]) -> LineAction {
        if stream == Stream::Stderr {
            // After this error QEMU pauses the machine and does not exit.
            let kvm_failed = raw.starts_with(b"KVM internal error");
            return if kvm_failed {
                LineAction::StopAfter(KVM_ERROR_GRACE)
            } else {
                LineAction::Continue
            };
        }
        let line = Line::parse(raw);
        let source = self.state.observe(&line);
        if self.raw {
            print_line(raw);
        } else if source != LineSource::Boot {
            print_line(&line.bytes);
        }
        match source {
            LineSource::Boot => self.boot_log.push(line.bytes),
            LineSource::Program | LineSource::Report => self.program_output.push(line.bytes),
        }
        self.state.next_action()
    }

    /// Prints the last lines of the program, or of the boot log, if the verdict does not explain
    /// itself.
    fn print_tails(&mut self, verdict: &Verdict) {
        if let Some((lines, cases)) = self.state.test_lines().lost() {
            print_message(format_args!(
                "the console shows {lines} of {cases} test cases; the kernel's debuglog can have dropped lines that \
                 are printed faster than the serial port accepts them"
            ));
        }
        match verdict {
            Verdict::Timeout(_) if self.state.program_printed() => {
                // On a terminal they are the last lines already.
                if !(stdout().is_terminal() && stderr().is_terminal()) {
                    self.program_output.print("last lines of the program");
                }
            }
            Verdict::NoOutput(_)
            | Verdict::Timeout(_)
            | Verdict::Unknown(_)
            | Verdict::NotRun(_) => self.boot_log.print("last lines of the boot log"),
            Verdict::Passed(_)
            | Verdict::Failed { .. }
            | Verdict::Crashed(_)
            | Verdict::KernelPanic(_) => {}
        }
    }
}

/// The last lines of some output.
#[derive(Default)]
struct Tail(VecDeque<Vec<u8>>);

impl Tail {
    fn push(&mut self, line: Vec<u8>) {
        if self.0.len() == TAIL {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    fn print(&mut self, title: &str) {
        print_tail(title, self.0.make_contiguous());
    }
}
