//! Errors that prevent a run.

use std::fmt;

/// An error that was found before the program ran: the problem, and a hint how to solve it.
#[derive(Debug, PartialEq, Eq)]
pub struct SetupError {
    problem: String,
    hint: String,
}

impl SetupError {
    /// Makes an error from the problem and the hint.
    pub fn new(problem: impl fmt::Display, hint: impl fmt::Display) -> Self {
        Self {
            problem: problem.to_string(),
            hint: hint.to_string(),
        }
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.problem, self.hint)
    }
}

impl std::error::Error for SetupError {}
