//! `ffx test run`. The variable `FAKE_TEST` selects the outcome:
//!
//! | Value | ffx | Summary |
//! |---|---|---|
//! | `passed` | status 0 | a passed case |
//! | `failed` | status 1 | a failed case |
//! | `timed-out` | status 21 | a case that timed out |
//! | `inconclusive` | status 1 | a case without result |
//! | `no-target` | status 28 | none |
//! | `no-test-manager` | status 28 | not started |
//! | `not-started` | status 0 | not started |
//! | `error` | status 1 | a suite with an error and no case |
//! | `silent` | status 0 | a passed case without output |
//! | `in-pieces` | status 0 | a passed case; the second piece of output follows after `FAKE_CONTINUE` exists |
//! | `hangs` | never ends | not started |

use super::definitions::{Profile, TestRun};
use super::emulator;
use super::repository;
use super::state::{read_json, write_json};
use super::tool::{End, Tool};
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// The directory of the test case: the time since the start in nanoseconds.
const CASE_DIR: &str = "2944854696";
/// The size of the pieces in which ffx writes an artifact.
const PIECE: usize = 8192;

pub fn run(tool: &Tool, call: &TestRun) -> Result<(), End> {
    let outcome = env::var("FAKE_TEST").unwrap_or_else(|_| "passed".to_owned());
    let setup_failed = |message: &str| End {
        status: 28,
        ..End::user(message)
    };
    let target = tool
        .call
        .target
        .as_deref()
        .expect("the runner names its target");
    if outcome == "no-target" || emulator::target(tool).is_err() {
        return Err(setup_failed("Timed out waiting for the target to respond"));
    }
    check_realm(tool.profile, call.realm.as_deref())?;
    let output = call
        .output_directory
        .as_deref()
        .expect("the runner needs the results");
    // Written in place at the start, and again at the end.
    write_summary(output, "NOT_STARTED", &json!([]));
    match &*outcome {
        "no-test-manager" => {
            return Err(setup_failed(
                "Failed to connect to the test manager: PEER_CLOSED",
            ));
        }
        "not-started" => return Ok(()),
        "hangs" => thread::sleep(Duration::from_secs(600)),
        _ => {}
    }
    let not_launched = |message: &str| {
        write_summary(
            output,
            "ERROR",
            &json!([{ "name": call.url, "outcome": "ERROR", "cases": [], "artifacts": {}, "artifact_dir": "444" }]),
        );
        Err(End::user(message))
    };
    if outcome == "error" {
        return not_launched("An internal error occurred. Please check logs and report bug.");
    }
    let rest = call
        .url
        .strip_prefix("fuchsia-pkg://")
        .expect("a package URL");
    let (repository, rest) = rest.split_once('/').unwrap();
    let (package, component) = rest.split_once('#').unwrap();
    let Some(manifest) = repository::resolve(tool, target, repository, package) else {
        return not_launched("Cannot resolve test URL.");
    };
    let Some(program) = program(tool.profile, &manifest, component) else {
        return not_launched("Test manifest is invalid.");
    };
    let environ = program["environ"].as_array().cloned().unwrap_or_default();
    let text = format!(
        "running 1 test\nrunner {} arguments {:?} environ {environ:?}\n",
        program["runner"].as_str().unwrap(),
        call.args
    );
    println!(
        "Running test '{}'\n[RUNNING]\tmain\n[stdout - main]\n{text}",
        call.url
    );
    let artifacts = write_output(output, &outcome, &text);
    let (word, status, message) = match &*outcome {
        "failed" => ("FAILED", 1, "Tests failed."),
        "timed-out" => ("TIMEDOUT", 21, "Tests timed out."),
        "inconclusive" => ("INCONCLUSIVE", 1, "Inconclusive test result."),
        _ => ("PASSED", 0, ""),
    };
    println!("[{word}]\tmain");
    let case = json!({ "name": "main", "outcome": word, "artifact_dir": CASE_DIR, "artifacts": artifacts });
    let suite = json!({
        "name": call.url, "outcome": word, "cases": [case], "artifact_dir": "444", "duration_milliseconds": 15,
        "artifacts": { "report.txt": { "artifact_type": "REPORT" }, "stderr.txt": { "artifact_type": "STDERR" } },
    });
    fs::create_dir_all(output.join("444")).unwrap();
    fs::write(output.join("444/stderr.txt"), "a backtrace of the suite\n").unwrap();
    write_summary(output, word, &json!([suite]));
    match status {
        0 => Ok(()),
        status => Err(End {
            status,
            ..End::user(message)
        }),
    }
}

fn check_realm(profile: Profile, realm: Option<&str>) -> Result<(), End> {
    match realm {
        None | Some("/core/testing:system-tests") => Ok(()),
        Some("/core/testing/system-tests") if profile != Profile::Y2023 => Ok(()),
        Some(realm) => Err(End::user(format!(
            "Error parsing realm '{realm}': cannot resolve provided realm: "
        ))),
    }
}

/// The section `program` of the component, if the test manager accepts its manifest.
fn program(profile: Profile, package: &Value, component: &str) -> Option<Value> {
    let blobs = package["blobs"].as_array()?;
    let blob = blobs.iter().find(|blob| blob["path"] == *component)?;
    let manifest = read_json(Path::new(blob["source_path"].as_str()?))?;
    let program = &manifest["program"];
    let binary = blobs.iter().find(|blob| blob["path"] == program["binary"]);
    let mut runners = vec!["elf_test_runner", "elf_test_ambient_exec_runner"];
    if profile != Profile::Y2023 {
        runners.push("elf_test_create_raw_processes_ambient_exec_runner");
    }
    let is_valid = binary.is_some()
        && runners.contains(&program["runner"].as_str()?)
        && manifest["expose"][0]["protocol"] == "fuchsia.test.Suite"
        && manifest["facets"].is_null();
    is_valid.then(|| program.clone())
}

/// Writes the program's output, and returns the artifacts.
fn write_output(output: &Path, outcome: &str, text: &str) -> Value {
    if outcome == "silent" {
        return json!({});
    }
    let directory = output.join(CASE_DIR);
    fs::create_dir_all(&directory).unwrap();
    let stdout = directory.join("stdout.txt");
    if outcome == "in-pieces" {
        let first = "first piece\n".repeat(PIECE / 12 + 1);
        fs::write(&stdout, &first[..PIECE]).unwrap();
        let go = env::var_os("FAKE_CONTINUE").unwrap();
        while !Path::new(&go).exists() {
            thread::sleep(Duration::from_millis(20));
        }
        fs::write(&stdout, format!("{first}{text}")).unwrap();
    } else {
        fs::write(&stdout, text).unwrap();
    }
    fs::write(directory.join("stderr.txt"), "the program's stderr\n").unwrap();
    json!({ "stdout.txt": { "artifact_type": "STDOUT" }, "stderr.txt": { "artifact_type": "STDERR" } })
}

fn write_summary(output: &Path, outcome: &str, suites: &Value) {
    let summary = json!({
        "data": { "artifacts": {}, "artifact_dir": "11780", "outcome": outcome, "suites": suites },
        "schema_id": "https://fuchsia.dev/schema/ffx_test/run_summary-8d1dd964.json",
    });
    write_json(&output.join("run_summary.json"), &summary);
}
