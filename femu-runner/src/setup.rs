//! An error in what the runner was given, found before the program has run.

use std::fmt;

/// What happened, and what to do next.
#[derive(Debug, PartialEq, Eq)]
pub struct SetupError {
    what: String,
    advice: String,
}

/// Makes an error of what happened and what to do next.
pub fn setup(what: impl fmt::Display, advice: impl fmt::Display) -> SetupError {
    SetupError {
        what: what.to_string(),
        advice: advice.to_string(),
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.what, self.advice)
    }
}

impl std::error::Error for SetupError {}
