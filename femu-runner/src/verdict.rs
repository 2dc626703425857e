//! The result of a run.

use std::fmt;

/// The result of a run, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The program passed.
    Passed(String),
    /// The program printed a failure, or its exit status was not 0.
    Failed {
        /// The reason.
        reason: String,
        /// The program's exit status, if the system printed it.
        status: Option<i64>,
    },
    /// The kernel killed the program.
    Crashed(String),
    /// The program was not started.
    NotRun(String),
    /// The kernel panicked.
    KernelPanic(String),
    /// The program printed nothing, and its exit status is unknown.
    NoOutput(String),
    /// The program did not end within the time limit.
    Timeout(String),
    /// The program ended, but its result is unknown.
    Unknown(String),
}

impl Verdict {
    /// The exit status of the runner.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Passed(_) => 0,
            Self::Failed { status, .. } => {
                let status = status.and_then(|status| u8::try_from(status).ok());
                status
                    .filter(|status| (1..=125).contains(status))
                    .unwrap_or(1)
            }
            Self::NotRun(_) => 2,
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
        let (name, reason) = match self {
            Self::Passed(reason) => ("passed", reason),
            Self::Failed { reason, .. } => ("failed", reason),
            Self::Crashed(reason) => ("crashed", reason),
            Self::NotRun(reason) => ("not run", reason),
            Self::KernelPanic(reason) => ("kernel panic", reason),
            Self::NoOutput(reason) => ("no output", reason),
            Self::Timeout(reason) => ("timeout", reason),
            Self::Unknown(reason) => ("unknown", reason),
        };
        write!(f, "{name}: {reason}")
    }
}
