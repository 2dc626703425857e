//! Derives the verdict from the `run_summary.json` of `ffx test run`.

use crate::verdict::Verdict;
use serde_json::Value;

/// Reads `data.suites[].outcome` and `data.suites[].cases[].outcome`. Older versions of the file
/// have no `data`: `suites` is at the top level.
pub fn verdict(summary: &str) -> Verdict {
    let unknown = |problem: &str| Verdict::Unknown(format!("run_summary.json {problem}"));
    let Ok(summary) = serde_json::from_str::<Value>(summary) else {
        return unknown("is not JSON");
    };
    let data = summary.get("data").unwrap_or(&summary);
    let Some(suites) = data
        .get("suites")
        .and_then(Value::as_array)
        .filter(|suites| !suites.is_empty())
    else {
        return unknown("contains no suite");
    };
    let outcome_of = |value: &Value| {
        value
            .get("outcome")
            .and_then(Value::as_str)
            .unwrap_or("none")
            .to_ascii_uppercase()
    };
    let cases_of = |suite: &Value| {
        suite
            .get("cases")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let cases: Vec<Value> = suites.iter().flat_map(cases_of).collect();
    let is_pass = |outcome: &str| matches!(outcome, "PASSED" | "SKIPPED");
    let failed_cases: Vec<String> = cases
        .iter()
        .filter(|case| !is_pass(&outcome_of(case)))
        .map(|case| {
            let name = case
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or("unnamed case");
            format!("{name} {}", outcome_of(case))
        })
        .collect();
    let suites: Vec<String> = suites.iter().map(outcome_of).collect();
    if suites.iter().any(|suite| suite == "TIMEDOUT") {
        return Verdict::Timeout(format!(
            "ffx stopped the test{}",
            in_parentheses(&failed_cases)
        ));
    }
    if failed_cases.is_empty() && suites.iter().all(|suite| is_pass(suite)) {
        return Verdict::Passed(format!("test cases reported by ffx: {}", cases.len()));
    }
    let reason = format!(
        "suite outcome {}{}",
        suites.join(", "),
        in_parentheses(&failed_cases)
    );
    Verdict::Failed {
        reason,
        status: None,
    }
}

fn in_parentheses(failed_cases: &[String]) -> String {
    if failed_cases.is_empty() {
        String::new()
    } else {
        format!(" ({})", failed_cases.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suite_and_case_outcomes_determine_exit_code() {
        let exit_code = |suite: &str, case: &str| {
            verdict(&format!(
                r#"{{"schema_id": "x", "data": {{"outcome": "{suite}", "suites": [
                    {{"outcome": "{suite}", "cases": [{{"name": "main", "outcome": "{case}"}}]}}]}}}}"#
            ))
            .exit_code()
        };
        assert_eq!(exit_code("PASSED", "PASSED"), 0);
        assert_eq!(exit_code("PASSED", "SKIPPED"), 0);
        assert_eq!(exit_code("FAILED", "FAILED"), 1);
        assert_eq!(exit_code("PASSED", "FAILED"), 1);
        assert_eq!(exit_code("TIMEDOUT", "TIMEDOUT"), 6);
        assert_eq!(exit_code("INCONCLUSIVE", "PASSED"), 1);
    }

    #[test]
    fn incomplete_summary_is_not_passed() {
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
