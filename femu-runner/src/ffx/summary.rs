//! The outcome, from `run_summary.json`.

use crate::verdict::Verdict;
use serde_json::Value;

/// Reads `data.suites[].outcome` and `data.suites[].cases[].outcome`. An older file has the
/// suites at the top.
pub fn verdict(summary: &str) -> Verdict {
    let unknown = |what: &str| Verdict::Unknown(format!("the run's summary {what}"));
    let Ok(summary) = serde_json::from_str::<Value>(summary) else {
        return unknown("is not JSON");
    };
    let data = summary.get("data").unwrap_or(&summary);
    let Some(suites) = data
        .get("suites")
        .and_then(Value::as_array)
        .filter(|suites| !suites.is_empty())
    else {
        return unknown("names no suite");
    };
    let outcome = |value: &Value| {
        value
            .get("outcome")
            .and_then(Value::as_str)
            .unwrap_or("none")
            .to_ascii_uppercase()
    };
    let cases = |suite: &Value| {
        suite
            .get("cases")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let cases: Vec<Value> = suites.iter().flat_map(cases).collect();
    let good = |outcome: &str| matches!(outcome, "PASSED" | "SKIPPED");
    let bad: Vec<String> = cases
        .iter()
        .filter(|case| !good(&outcome(case)))
        .map(|case| {
            format!(
                "{} {}",
                case.get("name").and_then(Value::as_str).unwrap_or("a case"),
                outcome(case)
            )
        })
        .collect();
    let suites: Vec<String> = suites.iter().map(outcome).collect();
    if suites.iter().any(|suite| suite == "TIMEDOUT") {
        return Verdict::Timeout(format!("ffx stopped the test{}", in_brackets(&bad)));
    }
    if bad.is_empty() && suites.iter().all(|suite| good(suite)) {
        return Verdict::Passed(format!("ffx counts {} cases", cases.len()));
    }
    let why = format!(
        "the suite's outcome is {}{}",
        suites.join(", "),
        in_brackets(&bad)
    );
    Verdict::Failed { why, status: None }
}

fn in_brackets(bad: &[String]) -> String {
    if bad.is_empty() {
        String::new()
    } else {
        format!(" ({})", bad.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read_from_suites_and_cases() {
        let of = |suite: &str, case: &str| {
            verdict(&format!(
                r#"{{"schema_id": "x", "data": {{"outcome": "{suite}", "suites": [
                    {{"outcome": "{suite}", "cases": [{{"name": "main", "outcome": "{case}"}}]}}]}}}}"#
            ))
            .exit_code()
        };
        assert_eq!(of("PASSED", "PASSED"), 0);
        assert_eq!(of("PASSED", "SKIPPED"), 0);
        assert_eq!(of("FAILED", "FAILED"), 1);
        assert_eq!(of("PASSED", "FAILED"), 1);
        assert_eq!(of("TIMEDOUT", "TIMEDOUT"), 6);
        assert_eq!(of("INCONCLUSIVE", "PASSED"), 1);
    }

    #[test]
    fn a_summary_that_says_nothing_is_no_pass() {
        for summary in [
            "",
            "{}",
            "[]",
            r#"{"data": {"suites": []}}"#,
            r#"{"data": {"suites": 3}}"#,
        ] {
            assert_eq!(verdict(summary).exit_code(), 7, "{summary}");
        }
        assert_eq!(verdict(r#"{"data": {"suites": [{}]}}"#).exit_code(), 1);
    }
}
