//! Derives the verdict from the exit status of `ffx test run` and from its `run_summary.json`
//! (`src/sys/run_test_suite/directory/src/v1.rs`: 2024).
//!
//! ffx writes the file at the start, with the outcome NOT_STARTED and without suites, and again at the
//! end. An ELF test has one case, `main`. ffx does not report the program's exit status.

use super::artifacts::Artifacts;
use crate::verdict::Verdict;
use serde_json::Value;
use std::path::Path;

/// Exit statuses of `ffx test run` besides 0 and 1 (`plugins/test/src/lib.rs`: 2023, 2024, 2026).
const TIMED_OUT: i32 = 21;
/// There is no connection to the target or its test manager.
const SETUP_FAILED: i32 = 28;

/// The contents of a `run_summary.json`.
#[derive(Debug)]
pub struct RunSummary {
    outcome: String,
    suites: Vec<Suite>,
}

#[derive(Debug)]
struct Suite {
    outcome: String,
    cases: Vec<Case>,
}

#[derive(Debug)]
struct Case {
    name: String,
    outcome: String,
    artifacts: Artifacts,
}

impl RunSummary {
    /// Reads the file. Returns `None` if it is not a `run_summary.json`.
    pub fn parse(text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let data = &json["data"];
        Some(Self {
            outcome: data["outcome"].as_str()?.to_owned(),
            suites: data["suites"].as_array()?.iter().map(Suite::read).collect(),
        })
    }

    /// The files with the program's output.
    pub fn artifacts(&self) -> Artifacts {
        let mut all = Artifacts::default();
        for artifacts in self.cases().map(|case| &case.artifacts) {
            all.stdout.extend(artifacts.stdout.iter().cloned());
            all.stderr.extend(artifacts.stderr.iter().cloned());
        }
        all
    }

    fn cases(&self) -> impl Iterator<Item = &Case> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    fn outcomes(&self) -> impl Iterator<Item = &str> {
        let suites = self.suites.iter().map(|suite| &*suite.outcome);
        let cases = self.cases().map(|case| &*case.outcome);
        suites.chain(cases).chain([&*self.outcome])
    }
}

impl Suite {
    fn read(json: &Value) -> Self {
        let cases = json["cases"].as_array().map(Vec::as_slice);
        Self {
            outcome: outcome(json),
            cases: cases.unwrap_or_default().iter().map(Case::read).collect(),
        }
    }
}

impl Case {
    fn read(json: &Value) -> Self {
        let directory = Path::new(json["artifact_dir"].as_str().unwrap_or(""));
        let files_of = |kind: &str| {
            let files = json["artifacts"].as_object().into_iter().flatten();
            files
                .filter(|(_, artifact)| artifact["artifact_type"] == kind)
                .map(|(name, _)| directory.join(name))
                .collect()
        };
        Self {
            name: json["name"].as_str().unwrap_or("unnamed case").to_owned(),
            outcome: outcome(json),
            artifacts: Artifacts {
                stdout: files_of("STDOUT"),
                stderr: files_of("STDERR"),
            },
        }
    }
}

fn outcome(json: &Value) -> String {
    json["outcome"]
        .as_str()
        .unwrap_or("without outcome")
        .to_owned()
}

/// The verdict on a test. `status` is the exit status of `ffx test run`, `None` if a signal killed it.
/// `reason` is its last message on stderr.
pub fn verdict(status: Option<i32>, summary: Option<&RunSummary>, reason: &str) -> Verdict {
    let status_text = status.map_or("a signal".to_owned(), |status| {
        format!("exit status {status}")
    });
    let not_run = |problem: &str| {
        let reason = if reason.is_empty() {
            "ffx printed no reason"
        } else {
            reason
        };
        Verdict::NotRun(format!("{problem}: {reason} ({status_text} of ffx)"))
    };
    if status == Some(SETUP_FAILED) {
        return not_run("ffx cannot set up the test");
    }
    let has = |outcome: &str| {
        summary.is_some_and(|summary| summary.outcomes().any(|other| other == outcome))
    };
    if status == Some(TIMED_OUT) || has("TIMEDOUT") {
        let reason =
            "ffx stopped the test at the time limit; --timeout (FEMU_TIMEOUT) sets the limit";
        return Verdict::Timeout(reason.to_owned());
    }
    let Some(summary) = summary else {
        return not_run("ffx wrote no valid run_summary.json");
    };
    let failed: Vec<&str> = summary
        .cases()
        .filter(|case| case.outcome == "FAILED")
        .map(|case| &*case.name)
        .collect();
    let passed = summary
        .cases()
        .filter(|case| case.outcome == "PASSED")
        .count();
    if !failed.is_empty() {
        return Verdict::Failed {
            reason: format!("failed test cases reported by ffx: {}", failed.join(", ")),
            status: None,
        };
    }
    let nothing_ran = summary.cases().next().is_none() && !has("FAILED") && !has("INCONCLUSIVE");
    if nothing_ran || has("NOT_STARTED") {
        return not_run("the test did not start");
    }
    if has("FAILED") {
        return Verdict::Failed {
            reason: "ffx reports a failure, and no failed test case".to_owned(),
            status: None,
        };
    }
    let all_passed = summary
        .outcomes()
        .all(|outcome| matches!(outcome, "PASSED" | "SKIPPED"));
    if status == Some(0) && all_passed && passed > 0 {
        return Verdict::Passed(format!("test cases reported by ffx: {passed}"));
    }
    let mut outcomes: Vec<&str> = summary.outcomes().collect();
    outcomes.sort_unstable();
    outcomes.dedup();
    Verdict::Unknown(format!(
        "{status_text} of ffx, outcomes {}{}{reason}",
        outcomes.join(", "),
        if reason.is_empty() { "" } else { ": " }
    ))
}

#[cfg(test)]
mod tests;
