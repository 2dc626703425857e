//! The output of the program and the verdict.

use crate::sdk::{Sdk, assert_result, stdout};
use crate::support::stderr;
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub fn outcomes_have_their_exit_statuses() {
    let sdk = Sdk::new();
    for profile in ["2024", "2026"] {
        for (outcome, code, message) in [
            ("passed", 0, "passed: test cases reported by ffx: 1"),
            ("silent", 0, "passed: test cases reported by ffx: 1"),
            (
                "failed",
                1,
                "failed: failed test cases reported by ffx: main",
            ),
            (
                "timed-out",
                6,
                "timeout: ffx stopped the test at the time limit",
            ),
            (
                "inconclusive",
                7,
                "unknown: exit status 1 of ffx, outcomes INCONCLUSIVE: Inconclusive test result.",
            ),
            (
                "no-target",
                2,
                "not run: ffx cannot set up the test: Timed out waiting for the target to respond (exit status 28",
            ),
            (
                "no-test-manager",
                2,
                "not run: ffx cannot set up the test: Failed to connect to the test manager",
            ),
            (
                "not-started",
                2,
                "not run: the test did not start: ffx printed no reason",
            ),
            (
                "error",
                2,
                "not run: the test did not start: An internal error occurred.",
            ),
        ] {
            let output = sdk.run(&[("FAKE_FFX", profile), ("FAKE_TEST", outcome)]);
            assert_result(&output, code, &format!("femu-runner: {message}"));
            sdk.assert_clean();
        }
    }
}

pub fn stdout_is_the_output_of_the_program() {
    let sdk = Sdk::new();
    let output = sdk.run(&[("FAKE_TEST", "failed")]);
    assert_eq!(
        stdout(&output),
        "running 1 test\nrunner elf_test_runner arguments [] environ []\n"
    );
    let stderr = stderr(&output);
    for message in [
        "the program's stderr\n",
        "Emulator is ready.\n",
        "Tests failed.\n",
    ] {
        assert!(stderr.contains(message), "{message}: {stderr}");
    }
    assert!(
        !stderr.contains("a backtrace of the suite") && !stderr.contains("[RUNNING]"),
        "{stderr}"
    );
    assert_eq!(stdout(&sdk.run(&[("FAKE_TEST", "silent")])), "");
}

pub fn report_of_ffx_is_printed_on_request() {
    let sdk = Sdk::new();
    let output = sdk.run(&[("FEMU_RAW", "1")]);
    assert_eq!(stdout(&output).matches("running 1 test").count(), 1);
    assert_result(&output, 0, "[PASSED]\tmain\n");
    let output = sdk.run(&[("FAKE_TEST", "inconclusive")]);
    assert_result(&output, 7, "last lines of ffx's report:\n");
}

pub fn output_appears_while_the_test_runs() {
    let sdk = Sdk::new();
    let go = sdk.path("continue");
    let mut runner = sdk.runner_with(&[
        ("FAKE_TEST", "in-pieces"),
        ("FAKE_CONTINUE", go.to_str().unwrap()),
    ]);
    let mut run = runner
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = run.stdout.take().unwrap();
    let mut first = vec![0; 8192];
    stdout.read_exact(&mut first).unwrap();
    fs::write(go, "").unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(0));
    let all = String::from_utf8(first).unwrap() + &rest;
    let expected = "first piece\n".repeat(683)
        + "running 1 test\nrunner elf_test_runner arguments [] environ []\n";
    assert_eq!(all, expected);
}

pub fn signal_stops_the_test_and_the_emulator() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let sdk = Sdk::new();
        let mut runner = sdk.runner_with(&[("FAKE_TEST", "hangs")]);
        let mut run = runner.stderr(Stdio::null()).spawn().unwrap();
        sdk.wait_for_test();
        let kill = Command::new("kill")
            .args(["-s", signal, &run.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert_eq!(run.wait().unwrap().code(), Some(code));
        sdk.assert_clean();
    }
}

/// ffx gets some time after the limit to report the timeout itself.
pub fn ffx_that_does_not_end_is_stopped() {
    let sdk = Sdk::new();
    let start = Instant::now();
    let output = sdk.run(&[("FAKE_TEST", "hangs"), ("FEMU_TIMEOUT", "1")]);
    assert_result(
        &output,
        6,
        "timeout: ffx did not end after the time limit and was stopped",
    );
    assert!(start.elapsed() >= Duration::from_secs(11));
    assert!(sdk.calls().contains(" --timeout 1 "));
    sdk.assert_clean();
}
