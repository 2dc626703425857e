//! Derives the verdict on the program from the console lines and from the way QEMU ended.

use crate::console::Line;
use crate::kernel_command_line::Launcher;
use crate::line_source::{
    LineClassifier, LineSource, is_crash, is_linker_error, is_panic, is_test_list_end,
};
use crate::process::{LineAction, ProcessEnd};
use crate::test_lines::TestLines;
use crate::verdict::Verdict;
use std::time::Duration;

/// Time for the machine to power off after the result is known.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Time without output after the last test result until the machine is stopped, if bootsvc does not
/// report the end of the program (measured: July 2019). Otherwise it is `SHUTDOWN_GRACE`.
const SILENCE_AFTER_TEST_RESULT: Duration = Duration::from_millis(300);
/// Time without output after a crash report until the machine is stopped, if bootsvc does not report the
/// end of the program. It is longer, because the report can be one of a child process with the same name.
const SILENCE_AFTER_CRASH: Duration = Duration::from_secs(3);
/// Time for further messages after the message that the program cannot be started.
const LAUNCH_ERROR_GRACE: Duration = Duration::from_millis(200);
/// The longest process name: `ZX_MAX_NAME_LEN` without the NUL.
const MAX_PROCESS_NAME: usize = 31;

/// The last event that the console shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    /// The console has printed nothing.
    Silent,
    /// The kernel or a process of the system has printed something.
    Boot,
    /// bootsvc has started the program.
    Launched,
    /// The program has printed something.
    ProgramPrinted,
}

/// The facts for the verdict that the console lines so far contain.
#[derive(Debug)]
pub struct RunState {
    classifier: LineClassifier,
    launcher: Launcher,
    /// The name of the program's process in the kernel.
    process_name: String,
    progress: Progress,
    /// The first `test result: FAILED`, else the last `test result: ok`.
    test_result: Option<String>,
    /// The program's exit status.
    status: Option<i64>,
    /// The exit status of bootsvc, if bootsvc started the program.
    bootsvc_status: Option<i64>,
    crash: Option<String>,
    panic: Option<String>,
    /// The message of userboot, bootsvc or the dynamic linker that the program cannot be started.
    launch_error: Option<String>,
    /// The kernel has stopped the machine without a power-off.
    halted: bool,
    test_lines: TestLines,
}

impl RunState {
    /// The state before the first line. `program` is the program's path in the boot image.
    pub fn new(launcher: Launcher, program: &str) -> Self {
        Self {
            classifier: LineClassifier::new(program),
            launcher,
            process_name: program.chars().take(MAX_PROCESS_NAME).collect(),
            progress: Progress::Silent,
            test_result: None,
            status: None,
            bootsvc_status: None,
            crash: None,
            panic: None,
            launch_error: None,
            halted: false,
            test_lines: TestLines::default(),
        }
    }

    /// Updates the state with the next line. Returns the line's source.
    pub fn observe(&mut self, line: &Line) -> LineSource {
        let source = self.classifier.classify(line);
        let text = line.text();
        if !text.is_empty() {
            self.reach(Progress::Boot);
        }
        match source {
            LineSource::Program => {
                // The dynamic linker prints as the program's process, before the program.
                if self.launch_error.is_none() && !self.program_printed() && is_linker_error(&text)
                {
                    self.launch_error = Some(text.clone());
                }
                if !text.trim().is_empty() {
                    self.reach(Progress::ProgramPrinted);
                }
                self.test_lines.observe(&text);
                if is_test_list_end(&text) {
                    self.test_result.get_or_insert_with(|| text.clone());
                }
                if let Some(result) = text.strip_prefix("test result: ")
                    && !self.test_failed()
                    && (result.starts_with("ok.") || result.starts_with("FAILED."))
                {
                    self.test_result = Some(text);
                    // The test harness still runs, so the crash was in a child process.
                    self.crash = None;
                }
            }
            LineSource::Report => {
                if is_panic(&text) && self.panic.is_none() {
                    self.panic = Some(text);
                } else if is_crash(&text)
                    && text.contains(&self.process_name)
                    && self.crash.is_none()
                {
                    self.crash = Some(text);
                } else if self.panic.is_some() {
                    if text.starts_with("panic (caller ") {
                        self.panic = Some(text.clone());
                    }
                    // With `kernel.halt-on-panic=true`, this is the last line.
                    self.halted |= text.contains("panic shell");
                }
            }
            LineSource::Boot => self.observe_boot_line(line),
        }
        source
    }

    fn observe_boot_line(&mut self, line: &Line) {
        let status_after = |component: &str, label: &str| {
            let message = line.message_from(component)?;
            let number = message
                .strip_prefix(label)?
                .split_ascii_whitespace()
                .next()?;
            number.parse::<i64>().ok()
        };
        // Some versions of bootsvc print the program's status. The released one of July 2019 does not
        // (read in its source).
        if let Some(status) = status_after("bootsvc", "NEXT EXITED code=") {
            self.status = Some(status);
        }
        // After such an error userboot stops, and the machine does not power off.
        let userboot_error = line
            .message_from("userboot")
            .filter(|message| message.starts_with("ZX_ERR_") && message.ends_with(" failed"))
            .map(|message| format!("userboot failed: {message}"));
        let userboot_error = userboot_error.or_else(|| {
            let message = line.message_from("userboot")?;
            (message == "uncompressed BOOTFS not supported").then(|| {
                format!(
                    "userboot of this kernel: {message}; give an image with a compressed BOOTFS"
                )
            })
        });
        let bootsvc_error = line
            .message_from("bootsvc")
            .filter(|message| message.starts_with("launchpad ") && message.contains(" failed"))
            .map(|message| format!("bootsvc: {message}"));
        if self.launch_error.is_none() {
            self.launch_error = userboot_error.or(bootsvc_error);
        }
        let message = line.message_from("bootsvc");
        if message.is_some_and(|message| message.to_ascii_lowercase().starts_with("launched ")) {
            self.reach(Progress::Launched);
        }
        self.halted |= line.text() == "Halting...";
        if let Some(status) = status_after("userboot", "*** Exit status ") {
            match self.launcher {
                Launcher::Userboot => self.status = Some(status),
                // userboot started bootsvc.
                Launcher::Bootsvc(_) => self.bootsvc_status = Some(status),
            }
        }
    }

    /// Whether to wait for more lines: until the machine powers off, or for some time.
    pub fn next_action(&self) -> LineAction {
        let has_ended =
            self.panic.is_some() || self.status.is_some() || self.bootsvc_status.is_some();
        if self.halted {
            LineAction::StopAfter(Duration::ZERO)
        } else if has_ended {
            LineAction::StopAfter(SHUTDOWN_GRACE)
        } else if self.launch_error.is_some() {
            LineAction::StopAfter(LAUNCH_ERROR_GRACE)
        } else if self.crash.is_some() && !self.end_is_reported() {
            LineAction::StopAfterSilence(SILENCE_AFTER_CRASH)
        } else if self.test_lines.is_complete() {
            LineAction::StopAfterSilence(if self.end_is_reported() {
                SHUTDOWN_GRACE
            } else {
                SILENCE_AFTER_TEST_RESULT
            })
        } else {
            LineAction::Continue
        }
    }

    /// The lines of test harnesses.
    pub fn test_lines(&self) -> &TestLines {
        &self.test_lines
    }

    /// Whether the console has printed nothing.
    pub fn console_is_silent(&self) -> bool {
        self.progress == Progress::Silent
    }

    /// Whether the program has printed something.
    pub fn program_printed(&self) -> bool {
        self.progress == Progress::ProgramPrinted
    }

    fn reach(&mut self, progress: Progress) {
        self.progress = self.progress.max(progress);
    }

    fn test_failed(&self) -> bool {
        self.test_result
            .as_ref()
            .is_some_and(|result| result.starts_with("test result: FAILED"))
    }

    /// The verdict after QEMU has ended. `power_off_status` is QEMU's exit status after the
    /// kernel has powered the machine off.
    pub fn verdict(&self, end: ProcessEnd, power_off_status: i32) -> Verdict {
        if let Some(panic) = &self.panic {
            return Verdict::KernelPanic(panic.trim().to_owned());
        }
        if let Some(error) = &self.launch_error {
            return Verdict::NotRun(error.trim().to_owned());
        }
        let bootsvc_failed = self.bootsvc_status.filter(|&status| status != 0);
        if let Some(status) = bootsvc_failed
            && matches!(self.launcher, Launcher::Bootsvc(_))
            && self.progress < Progress::Launched
        {
            let cause = kill_cause(status).map_or(String::new(), |cause| format!(" ({cause})"));
            return Verdict::NotRun(format!(
                "bootsvc ended with exit status {status}{cause} before it started the program"
            ));
        }
        match self.status.or(bootsvc_failed) {
            Some(0) => return self.verdict_of_status_0(),
            Some(status) => return self.verdict_of_nonzero_status(status),
            None => {}
        }
        if let Some(crash) = &self.crash {
            return Verdict::Crashed(crash.trim().to_owned());
        }
        match &self.test_result {
            Some(result) if self.test_failed() => Verdict::Failed {
                reason: result.clone(),
                status: None,
            },
            result => self.verdict_without_status(result.as_deref(), end, power_off_status),
        }
    }

    fn verdict_of_status_0(&self) -> Verdict {
        match &self.test_result {
            Some(result) if self.test_failed() => Verdict::Failed {
                reason: format!("exit status 0, but {result}"),
                status: None,
            },
            Some(result) => Verdict::Passed(format!("exit status 0, {result}")),
            None if self.program_printed() => Verdict::Passed("exit status 0".to_owned()),
            None => Verdict::Passed("exit status 0, no output".to_owned()),
        }
    }

    fn verdict_of_nonzero_status(&self, status: i64) -> Verdict {
        if let Some(cause) = kill_cause(status) {
            let report = match &self.crash {
                Some(crash) => crash.trim(),
                None => "no crash report",
            };
            let after_result = self
                .test_result
                .as_ref()
                .map_or(String::new(), |result| format!(" after {result:?}"));
            return Verdict::Crashed(format!(
                "killed by the kernel ({status}: {cause}){after_result}; {report}"
            ));
        }
        let reason = match (self.status, &self.test_result) {
            (None, _) => {
                format!("exit status {status} of bootsvc; the program's exit status is unknown")
            }
            (_, None) => format!("exit status {status}"),
            (_, Some(result)) => format!("exit status {status}, {result}"),
        };
        Verdict::Failed {
            reason,
            status: self.status,
        }
    }

    /// Whether the console shows that the program has ended: bootsvc prints it, or the machine powers off.
    fn end_is_reported(&self) -> bool {
        match self.launcher {
            Launcher::Bootsvc(bootsvc) => bootsvc.reports_end,
            Launcher::Userboot => true,
        }
    }

    /// The verdict if the system did not print the program's exit status.
    fn verdict_without_status(
        &self,
        test_result: Option<&str>,
        end: ProcessEnd,
        power_off_status: i32,
    ) -> Verdict {
        let is_clean = matches!(end, ProcessEnd::Exited(Some(status)) if status == power_off_status)
            || end == ProcessEnd::Stopped && !self.halted;
        let was_started = self.progress >= Progress::Launched || self.classifier.program_started();
        let machine_end = match end {
            _ if self.halted => "the kernel halted the machine".to_owned(),
            ProcessEnd::Exited(Some(status)) if status == power_off_status => {
                "the machine powered off".to_owned()
            }
            ProcessEnd::Exited(Some(status)) => {
                format!("QEMU exited with status {status}, for example after a machine reset")
            }
            ProcessEnd::Exited(None) => "QEMU was killed".to_owned(),
            ProcessEnd::Stopped | ProcessEnd::TimedOut | ProcessEnd::Interrupted(_) => {
                "the machine was stopped".to_owned()
            }
        };
        match (end, test_result) {
            (ProcessEnd::TimedOut, test_result) => {
                let progress = match test_result {
                    Some(result) => format!("the program printed {result:?} but did not end"),
                    None if self.program_printed() && self.end_is_reported() => {
                        "the program was still running".to_owned()
                    }
                    None if self.program_printed() => {
                        "bin/bootsvc of the boot image does not report the end of the program, and \
                         the program printed no test result"
                            .to_owned()
                    }
                    None if !self.console_is_silent() => "the program printed nothing".to_owned(),
                    None => "the console is silent; check that the kernel is for this machine"
                        .to_owned(),
                };
                Verdict::Timeout(format!(
                    "stopped at the time limit: {progress}; --timeout (FEMU_TIMEOUT) sets the limit"
                ))
            }
            (_, Some(result)) if is_clean => Verdict::Passed(result.to_owned()),
            (_, Some(result)) => Verdict::Unknown(format!(
                "{machine_end} after {result:?}; --raw (FEMU_RAW=1) prints the complete console"
            )),
            (_, None) if self.program_printed() => Verdict::Unknown(format!(
                "{machine_end}, and the console shows no exit status and no test result; \
                 userboot prints the exit status since June 2019"
            )),
            (_, None) if !was_started && (self.halted || !is_clean) => {
                Verdict::NotRun(format!("{machine_end} before the program was started"))
            }
            (_, None) => Verdict::NoOutput(format!(
                "{machine_end}, and the program printed nothing; userboot, until April 2021 at least, \
                 gives it no stdio: use a boot image with bin/bootsvc, or print with zx_debug_write"
            )),
        }
    }
}

/// The cause for which the kernel killed a process, from its exit status: `ZX_TASK_RETCODE_*` in
/// `zircon/syscalls/object.h`. Kernels until March 2019 use -1 for all causes (commit 15b17f2aedd;
/// measured: December 2018).
fn kill_cause(status: i64) -> Option<&'static str> {
    Some(match status {
        -1 => "exception or kill",
        -1024 => "zx_task_kill",
        -1025 => "out of memory",
        -1026 => "policy violation",
        -1027 => "syscall from outside the vDSO",
        -1028 => "exception",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
