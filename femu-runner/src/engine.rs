//! The result of an engine.

use crate::verdict::Verdict;

/// Result of an engine that did not fail.
#[derive(Debug)]
pub enum Outcome {
    /// The program ran.
    Verdict(Verdict),
    /// `--dry-run` was given.
    DryRun,
    /// The runner received this signal.
    Interrupted(i32),
}
