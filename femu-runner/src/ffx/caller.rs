//! Makes the calls of the SDK's tools.

use super::call::Call;
use super::output::Output;
use crate::cli::Options;
use crate::engine::Outcome;
use crate::printer::{print_line, print_stderr};
use crate::process::{self, Descendants, LineAction, ProcessEnd, Stream};
use crate::setup_error::SetupError;
use crate::shell_quote::shell_quote;
use crate::signals::Signals;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The time limit for a call of the clean-up.
const CLEAN_UP_LIMIT: Duration = Duration::from_secs(30);
/// ffx takes a target from the first two. It re-runs itself with the third.
const REMOVED_VARIABLES: [&str; 3] = ["FUCHSIA_NODENAME", "FUCHSIA_DEVICE_ADDR", "FFX_BIN"];

/// Why a session ended before the result was known.
#[derive(Debug)]
pub enum SessionError {
    Setup(SetupError),
    Interrupted(i32),
}

impl SessionError {
    /// The outcome of a run with this error.
    ///
    /// # Errors
    ///
    /// It is not a signal.
    pub fn into_outcome(self) -> Result<Outcome, SetupError> {
        match self {
            Self::Interrupted(signal) => Ok(Outcome::Interrupted(signal)),
            Self::Setup(error) => Err(error),
        }
    }
}

/// The streams of a call that are shown on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    Nothing,
    Stderr,
    Both,
}

/// Makes calls.
#[derive(Debug)]
pub struct Caller<'a> {
    pub options: &'a Options,
    pub signals: &'a Signals,
    /// The working directory of the tools.
    pub work: &'a Path,
}

impl Caller<'_> {
    /// Makes a call that must succeed.
    ///
    /// # Errors
    ///
    /// The call fails, or the runner receives a signal.
    pub fn call(&self, call: &Call) -> Result<Output, SessionError> {
        self.call_and_show(call, Show::Nothing)
    }

    /// Makes a call that must succeed, and shows its output on stderr.
    ///
    /// # Errors
    ///
    /// The call fails, or the runner receives a signal.
    pub fn call_and_show(&self, call: &Call, show: Show) -> Result<Output, SessionError> {
        let (end, output) = self.execute(call, show)?;
        check(call, end, &output)?;
        Ok(output)
    }

    /// Makes a call of the clean-up, which no signal ends. Returns the output if it succeeded.
    pub fn try_call(&self, call: &Call) -> Option<Output> {
        match self.execute_within(call, CLEAN_UP_LIMIT, None, Show::Nothing) {
            Ok((ProcessEnd::Exited(Some(0)), output)) => Some(output),
            _ => None,
        }
    }

    /// Makes a call. With `--dry-run`, prints it instead.
    ///
    /// # Errors
    ///
    /// The tool cannot be started, or the runner receives a signal.
    pub fn execute(&self, call: &Call, show: Show) -> Result<(ProcessEnd, Output), SessionError> {
        self.execute_within(call, call.limit, Some(self.signals), show)
    }

    fn execute_within(
        &self,
        call: &Call,
        limit: Duration,
        signals: Option<&Signals>,
        show: Show,
    ) -> Result<(ProcessEnd, Output), SessionError> {
        if self.options.dry_run {
            print_line(shell_quote(&call.argv).as_bytes());
            return Ok((ProcessEnd::Exited(Some(0)), Output::default()));
        }
        let mut command = Command::new(&call.argv[0]);
        command
            .args(&call.argv[1..])
            // ffx looks for a configuration in the working directory and its parents.
            .current_dir(self.work)
            .env("FUCHSIA_ANALYTICS_DISABLED", "1");
        for name in REMOVED_VARIABLES {
            command.env_remove(name);
        }
        let mut output = Output::default();
        let on_line = |stream, line: &[u8]| {
            let is_shown = match show {
                Show::Both => true,
                Show::Stderr => stream == Stream::Stderr,
                Show::Nothing => false,
            };
            if is_shown {
                print_stderr([line, b"\n"].concat());
            }
            output.push(stream, line);
            LineAction::Continue
        };
        let result = process::run(&mut command, Descendants::Keep, limit, signals, on_line);
        let (end, _) = result.map_err(|error| {
            let tool = call.argv[0].display();
            let problem = format!("{} failed: cannot start {tool}: {error}", call.purpose);
            SessionError::Setup(SetupError::new(problem, call.hint))
        })?;
        match end {
            ProcessEnd::Interrupted(signal) => Err(SessionError::Interrupted(signal)),
            end => Ok((end, output)),
        }
    }
}

/// Checks that a call succeeded.
///
/// # Errors
///
/// It failed.
pub fn check(call: &Call, end: ProcessEnd, output: &Output) -> Result<(), SessionError> {
    let problem = match end {
        ProcessEnd::Exited(Some(0)) => return Ok(()),
        ProcessEnd::TimedOut => format!("stopped after {} s", call.limit.as_secs()),
        ProcessEnd::Exited(Some(status)) => {
            format!("{} (exit status {status})", output.message())
        }
        _ => "a signal ended it".to_owned(),
    };
    let error = if output.rejects_call() {
        let words = shell_quote(&call.argv);
        SetupError::new(
            format!("this ffx does not support a call of the runner: {problem}\n  {words}"),
            "use another version of the SDK, and report the call to the authors of the runner",
        )
    } else {
        SetupError::new(format!("{} failed: {problem}", call.purpose), call.hint)
    };
    Err(SessionError::Setup(error))
}
