//! What became of the program: a pure function of the console and of how QEMU ended.

use crate::console::Line;
use crate::process::End;
use crate::speaker::{Speaker, is_crash, is_panic};
use crate::words::Start;
use std::fmt;
use std::time::Duration;

/// How long the machine may take to turn itself off when all is told.
const GRACE: Duration = Duration::from_secs(5);
/// `ZX_MAX_NAME_LEN` less the NUL: a process has no longer name.
const MAX_NAME: usize = 31;

/// One of the things that can have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It ended well.
    Passed(String),
    /// It said that it failed, or ended with a status other than 0.
    Failed {
        /// Why this is the verdict.
        why: String,
        /// Its status, if the system told.
        status: Option<i64>,
    },
    /// It was killed by what it did.
    Crashed(String),
    /// The kernel, or userboot, did not survive.
    KernelPanic(String),
    /// Nothing came from the program, and nobody said how it ended.
    NoOutput(String),
    /// It did not end in time.
    Timeout(String),
    /// It ended, but nothing told how.
    Unknown(String),
}

impl Verdict {
    /// The runner's own exit status.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Passed(_) => 0,
            Self::Failed { status, .. } => {
                let own = status.and_then(|status| u8::try_from(status).ok());
                own.filter(|own| (1..=125).contains(own)).unwrap_or(1)
            }
            Self::Crashed(_) => 3,
            Self::KernelPanic(_) => 4,
            Self::NoOutput(_) => 5,
            Self::Timeout(_) => 6,
            Self::Unknown(_) => 7,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, why) = match self {
            Self::Passed(why) => ("passed", why),
            Self::Failed { why, .. } => ("failed", why),
            Self::Crashed(why) => ("crashed", why),
            Self::KernelPanic(why) => ("kernel panic", why),
            Self::NoOutput(why) => ("no output", why),
            Self::Timeout(why) => ("timeout", why),
            Self::Unknown(why) => ("unknown", why),
        };
        write!(f, "{name}: {why}")
    }
}

/// What of the console bears on the verdict. Grows by a line at a time.
#[derive(Debug)]
pub struct Evidence {
    start: Start,
    /// What the kernel calls the program's process.
    name: String,
    /// Something came from the program.
    spoke: bool,
    /// Anything at all came.
    anything: bool,
    /// The last word of a test harness, or its first FAILED.
    result: Option<String>,
    /// The program's exit status.
    status: Option<i64>,
    /// userboot's child is bootsvc: what became of that.
    bootsvc_status: Option<i64>,
    crash: Option<String>,
    panic: Option<String>,
    halted: bool,
}

impl Evidence {
    /// Nothing yet, of the program with this path in the image, started in this way.
    pub fn new(start: Start, program: &str) -> Self {
        Self {
            start,
            name: program.chars().take(MAX_NAME).collect(),
            spoke: false,
            anything: false,
            result: None,
            status: None,
            bootsvc_status: None,
            crash: None,
            panic: None,
            halted: false,
        }
    }

    /// Takes in one line.
    pub fn see(&mut self, line: &Line, speaker: Speaker) {
        let text = line.text();
        self.anything |= !text.is_empty();
        match speaker {
            Speaker::Program => {
                self.spoke |= !text.trim().is_empty();
                if let Some(result) = text.strip_prefix("test result: ")
                    && !self.has_failed()
                    && (result.starts_with("ok.") || result.starts_with("FAILED."))
                {
                    self.result = Some(text);
                    // The harness has survived it: it was a child's.
                    self.crash = None;
                }
            }
            Speaker::Report => {
                if is_panic(&text) && self.panic.is_none() {
                    self.panic = Some(text);
                } else if is_crash(&text) && text.contains(&self.name) && self.crash.is_none() {
                    self.crash = Some(text);
                } else if self.panic.is_some() {
                    if text.starts_with("panic (caller ") {
                        self.panic = Some(text.clone());
                    }
                    // The last words of a kernel that was told to halt.
                    self.halted |= text.contains("panic shell");
                }
            }
            Speaker::Boot => self.see_status(line),
        }
    }

    fn see_status(&mut self, line: &Line) {
        let after = |who: &str, before: &str| {
            let said = line.said_by(who)?;
            let number = said.strip_prefix(before)?.split_ascii_whitespace().next()?;
            number.parse::<i64>().ok()
        };
        // A bootsvc that waits for its program; the stock one of 2019 does not.
        if let Some(status) = after("bootsvc", "NEXT EXITED code=") {
            self.status = Some(status);
        }
        // userboot gives up like this, and the machine then waits for ever.
        let gave_up = line
            .said_by("userboot")
            .filter(|said| said.starts_with("ZX_ERR_") && said.ends_with(" failed"));
        if let (Some(said), None) = (gave_up, &self.panic) {
            self.panic = Some(format!(
                "userboot gave up: {said}; the lines before it are in --raw (FEMU_RAW=1)"
            ));
        }
        if let Some(status) = after("userboot", "*** Exit status ") {
            match self.start {
                Start::Userboot => self.status = Some(status),
                Start::Bootsvc => self.bootsvc_status = Some(status),
            }
        }
    }

    /// How long the machine may still run: all is told.
    pub fn complete(&self) -> Option<Duration> {
        if self.halted {
            return Some(Duration::ZERO);
        }
        let told = self.panic.is_some() || self.status.is_some() || self.bootsvc_status.is_some();
        told.then_some(GRACE)
    }

    /// Whether the console has stayed silent.
    pub fn silent(&self) -> bool {
        !self.anything
    }

    /// Whether anything came from the program.
    pub fn spoke(&self) -> bool {
        self.spoke
    }

    fn has_failed(&self) -> bool {
        self.result
            .as_ref()
            .is_some_and(|result| result.starts_with("test result: FAILED"))
    }

    /// The verdict, given how QEMU ended and how it ends when the kernel turns the machine off.
    pub fn verdict(&self, end: End, clean_exit: i32) -> Verdict {
        if let Some(panic) = &self.panic {
            return Verdict::KernelPanic(panic.trim().to_owned());
        }
        match self
            .status
            .or(self.bootsvc_status.filter(|&status| status != 0))
        {
            Some(0) => return self.passed_by_status(),
            Some(status) => return self.failed_by_status(status),
            None => {}
        }
        if let Some(crash) = &self.crash {
            return Verdict::Crashed(crash.trim().to_owned());
        }
        match &self.result {
            Some(result) if self.has_failed() => Verdict::Failed {
                why: result.clone(),
                status: None,
            },
            result => self.by_end(result.as_deref(), end, clean_exit),
        }
    }

    fn passed_by_status(&self) -> Verdict {
        match &self.result {
            Some(result) if self.has_failed() => Verdict::Failed {
                why: format!("exit status 0, but {result}"),
                status: None,
            },
            Some(result) => Verdict::Passed(format!("exit status 0, {result}")),
            None if self.spoke => Verdict::Passed("exit status 0".to_owned()),
            None => Verdict::Passed("exit status 0; it printed nothing".to_owned()),
        }
    }

    fn failed_by_status(&self, status: i64) -> Verdict {
        if let Some(killer) = killer(status) {
            let report = match &self.crash {
                Some(crash) => crash.trim(),
                None => "nobody reported it",
            };
            let so_far = self
                .result
                .as_ref()
                .map_or(String::new(), |result| format!(", after {result:?}"));
            return Verdict::Crashed(format!(
                "killed by the kernel ({status}: {killer}){so_far}; {report}"
            ));
        }
        let why = match (self.status, &self.result) {
            (None, _) => format!(
                "bootsvc ended with status {status}, and did not say how its program had ended"
            ),
            (_, None) => format!("exit status {status}"),
            (_, Some(result)) => format!("exit status {status}, {result}"),
        };
        Verdict::Failed {
            why,
            status: self.status,
        }
    }

    /// Nobody told how the program ended.
    fn by_end(&self, result: Option<&str>, end: End, clean_exit: i32) -> Verdict {
        let clean = end == End::Exited(Some(clean_exit)) || end == End::Stopped;
        let how = match end {
            End::Exited(Some(status)) if status == clean_exit => {
                "the machine was turned off".to_owned()
            }
            End::Exited(Some(status)) => {
                format!("QEMU ended with status {status}, as on a reset of the machine")
            }
            End::Exited(None) => "QEMU was killed".to_owned(),
            End::Stopped | End::TimedOut | End::Interrupted(_) => {
                "the machine was stopped".to_owned()
            }
        };
        match (end, result) {
            (End::TimedOut, result) => {
                let seen = match result {
                    Some(result) => format!("it printed {result:?} and did not end"),
                    None if self.spoke => "it was still running".to_owned(),
                    None if self.anything => "nothing came from it".to_owned(),
                    None => {
                        "the console stayed silent; is this the kernel for this machine?".to_owned()
                    }
                };
                Verdict::Timeout(format!(
                    "stopped at the limit, {seen}; --timeout (FEMU_TIMEOUT) gives it longer"
                ))
            }
            (_, Some(result)) if clean => Verdict::Passed(result.to_owned()),
            (_, Some(result)) => Verdict::Unknown(format!(
                "{how} after {result:?}; look at the whole console with --raw (FEMU_RAW=1)"
            )),
            (_, None) if self.spoke => Verdict::Unknown(format!(
                "{how}, and nothing told how the program had ended; a test harness prints it, \
                 and userboot does from 2019 on"
            )),
            (_, None) => Verdict::NoOutput(format!(
                "{how}, and the program said nothing; under userboot old kernels give it no stdio: \
                 use an image with bin/bootsvc, or print with zx_debug_write"
            )),
        }
    }
}

/// `zircon/types.h`, ZX_TASK_RETCODE_*: why the kernel killed a process. Kernels before about
/// 2020 say -1 in every case.
fn killer(status: i64) -> Option<&'static str> {
    Some(match status {
        -1 => "an exception, or killed",
        -1024 => "killed by a call",
        -1025 => "out of memory",
        -1026 => "a policy",
        -1027 => "a call that did not come from the vDSO",
        -1028 => "an exception",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
