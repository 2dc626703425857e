use super::*;

/// A summary with one suite, which has a case `main` if `case` is not empty.
fn summary(run: &str, suite: &str, case: &str) -> RunSummary {
    let cases = match case {
        "" => String::new(),
        case => format!(
            r#"{{"name": "main", "outcome": "{case}", "artifact_dir": "2944", "artifacts":
                {{"stdout.txt": {{"artifact_type": "STDOUT"}}, "stderr.txt": {{"artifact_type": "STDERR"}}}}}}"#
        ),
    };
    let text = format!(
        r#"{{"data": {{"outcome": "{run}", "suites": [{{"name": "fuchsia-pkg://x", "outcome": "{suite}",
            "artifact_dir": "444", "artifacts": {{"stderr.txt": {{"artifact_type": "STDERR"}}}},
            "cases": [{cases}], "tags": []}}]}},
            "schema_id": "https://fuchsia.dev/schema/ffx_test/run_summary-8d1dd964.json"}}"#
    );
    RunSummary::parse(&text).unwrap()
}

fn exit_code(status: i32, run: &str, suite: &str, case: &str) -> u8 {
    verdict(Some(status), Some(&summary(run, suite, case)), "reason").exit_code()
}

#[test]
fn status_0_and_a_passed_case_is_passed() {
    assert_eq!(exit_code(0, "PASSED", "PASSED", "PASSED"), 0);
    assert_eq!(exit_code(0, "PASSED", "PASSED", "SKIPPED"), 7);
    assert_eq!(exit_code(0, "PASSED", "PASSED", ""), 2);
    assert_eq!(exit_code(1, "PASSED", "PASSED", "PASSED"), 7);
    assert_eq!(exit_code(0, "PASSED", "ERROR", "PASSED"), 7);
}

#[test]
fn failed_case_is_failed() {
    assert_eq!(exit_code(1, "FAILED", "FAILED", "FAILED"), 1);
    assert_eq!(exit_code(0, "PASSED", "PASSED", "FAILED"), 1);
    assert_eq!(exit_code(1, "FAILED", "FAILED", "PASSED"), 1);
}

#[test]
fn timed_out_test_is_timeout() {
    assert_eq!(exit_code(21, "TIMEDOUT", "TIMEDOUT", "TIMEDOUT"), 6);
    assert_eq!(exit_code(1, "TIMEDOUT", "TIMEDOUT", ""), 6);
    assert_eq!(exit_code(21, "INCONCLUSIVE", "INCONCLUSIVE", ""), 6);
}

#[test]
fn test_that_did_not_start_is_not_run() {
    assert_eq!(exit_code(1, "ERROR", "ERROR", ""), 2);
    assert_eq!(exit_code(28, "PASSED", "PASSED", "PASSED"), 2);
    assert_eq!(exit_code(0, "NOT_STARTED", "NOT_STARTED", ""), 2);
    assert_eq!(exit_code(1, "INCONCLUSIVE", "NOT_STARTED", ""), 2);
    let empty = r#"{"data": {"outcome": "NOT_STARTED", "suites": []}}"#;
    for status in [0, 1] {
        let verdict = verdict(
            Some(status),
            RunSummary::parse(empty).as_ref(),
            "Cannot resolve test URL.",
        );
        assert_eq!(verdict.exit_code(), 2);
        assert!(
            verdict.to_string().contains("Cannot resolve test URL."),
            "{verdict}"
        );
    }
}

#[test]
fn error_after_a_case_and_inconclusive_test_are_unknown() {
    assert_eq!(exit_code(1, "ERROR", "ERROR", "PASSED"), 7);
    assert_eq!(exit_code(1, "INCONCLUSIVE", "INCONCLUSIVE", "PASSED"), 7);
    assert_eq!(
        exit_code(1, "INCONCLUSIVE", "INCONCLUSIVE", "INCONCLUSIVE"),
        7
    );
    assert_eq!(exit_code(0, "PASSED", "PASSED", "FUTURE_OUTCOME"), 7);
}

#[test]
fn missing_or_invalid_summary_is_not_run() {
    for text in [
        "",
        "{}",
        "[]",
        "{\"data\": {\"outcome\"",
        r#"{"data": {"outcome": "PASSED", "suites": 3}}"#,
    ] {
        assert!(RunSummary::parse(text).is_none(), "{text}");
    }
    assert_eq!(verdict(Some(0), None, "").exit_code(), 2);
    assert_eq!(verdict(None, None, "").exit_code(), 2);
}

#[test]
fn output_of_the_case_is_found_and_that_of_the_suite_is_not() {
    let artifacts = summary("PASSED", "PASSED", "PASSED").artifacts();
    assert_eq!(artifacts.stdout, [Path::new("2944/stdout.txt")]);
    assert_eq!(artifacts.stderr, [Path::new("2944/stderr.txt")]);
}
