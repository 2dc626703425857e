//! The emulator: its start, its end, and its use by several runs.

use crate::sdk::{Sdk, assert_result, wait_for};
use crate::support::stderr;
use std::fs;
use std::process::{Command, Stdio};

/// The fake test cannot run if the emulator or the server has ended.
pub fn emulator_and_server_survive_their_calls_and_no_run() {
    for profile in ["2024", "2026"] {
        let sdk = Sdk::new();
        let mut runner = sdk.runner_with(&[("FAKE_FFX", profile), ("FAKE_TEST", "hangs")]);
        let mut run = runner.stderr(Stdio::null()).spawn().unwrap();
        sdk.wait_for_test();
        let processes = sdk.processes();
        for process in ["sleep 600", "server start --disconnected"] {
            let is_running = |line: &String| line.contains(process);
            assert!(
                processes.iter().any(is_running),
                "{profile} {process}: {processes:?}"
            );
        }
        let kill = Command::new("kill")
            .arg(run.id().to_string())
            .status()
            .unwrap();
        assert!(kill.success());
        assert_eq!(run.wait().unwrap().code(), Some(143));
        sdk.assert_clean();
    }
}

pub fn emulator_that_ffx_cannot_stop_is_killed() {
    let sdk = Sdk::new();
    assert_result(
        &sdk.run(&[("FAKE_EMULATOR", "cannot-be-stopped")]),
        0,
        "passed",
    );
    sdk.assert_clean();
}

pub fn kept_emulator_is_used_again() {
    let sdk = Sdk::new();
    let isolate_dir = sdk.path("i");
    let keep = [("FEMU_ISOLATE_DIR", isolate_dir.to_str().unwrap())];
    assert_result(&sdk.run(&keep), 0, "passed");
    let calls = sdk.calls();
    assert!(
        calls.contains("emu start") && calls.contains("repository server stop"),
        "{calls}"
    );
    assert!(
        !calls.contains("emu stop") && !calls.contains("daemon stop"),
        "{calls}"
    );
    let processes = sdk.processes();
    assert!(
        processes.len() == 1 && processes[0].starts_with("sleep"),
        "{processes:?}"
    );
    let log = isolate_dir.join("emulator.log");
    assert_eq!(
        fs::read_to_string(&log).unwrap(),
        "the emulator's own words\n"
    );

    assert_result(&sdk.run(&keep), 0, "passed");
    let calls = sdk.calls();
    assert!(
        !calls.contains("emu start") && !calls.contains("repository create"),
        "{calls}"
    );
    assert_eq!(sdk.processes(), processes);
    assert!(log.exists());
}

pub fn dead_emulator_is_replaced() {
    let sdk = Sdk::new();
    let isolate_dir = sdk.path("i");
    let keep = [("FEMU_ISOLATE_DIR", isolate_dir.to_str().unwrap())];
    assert_result(&sdk.run(&keep), 0, "passed");
    let engine = fs::read_to_string(isolate_dir.join("data/emu/instances/femu-runner/engine.json"));
    let engine: serde_json::Value = serde_json::from_str(&engine.unwrap()).unwrap();
    let kill = Command::new("kill")
        .args(["-KILL", &engine["pid"].to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    wait_for("the emulator has ended", || sdk.processes().is_empty());
    sdk.calls();
    assert_result(&sdk.run(&keep), 0, "passed");
    let calls = sdk.calls();
    assert!(
        calls.find("emu stop").unwrap() < calls.find("emu start").unwrap(),
        "{calls}"
    );
}

pub fn emulator_that_does_not_answer_is_replaced() {
    let sdk = Sdk::new();
    let isolate_dir = sdk.path("i");
    let keep = [("FEMU_ISOLATE_DIR", isolate_dir.to_str().unwrap())];
    assert_result(&sdk.run(&keep), 0, "passed");
    let marker = "data/emu/instances/femu-runner/does-not-answer";
    fs::write(isolate_dir.join(marker), "").unwrap();
    sdk.calls();
    let output = sdk.run(&keep);
    assert_result(
        &output,
        0,
        "the emulator is replaced, because it does not answer: registering",
    );
    let calls = sdk.calls();
    assert!(
        calls.find("emu stop").unwrap() < calls.find("emu start").unwrap(),
        "{calls}"
    );
}

pub fn debugging_syscalls_can_be_off() {
    let sdk = Sdk::new();
    for (value, expected) in [("", "true"), ("1", "false")] {
        assert_result(
            &sdk.run(&[("FEMU_NO_DEBUGGING_SYSCALLS", value)]),
            0,
            "passed",
        );
        let calls = sdk.calls();
        let option = format!("--kernel-args kernel.enable-debugging-syscalls={expected}");
        assert!(calls.contains(&option), "{calls}");
    }
}

pub fn engine_is_qemu_without_aemu() {
    let sdk = Sdk::new();
    assert_result(&sdk.run(&[]), 0, "passed");
    assert!(!sdk.calls().contains("--engine"));
    sdk.set_engines(&["qemu_internal"]);
    assert_result(&sdk.run(&[]), 0, "passed");
    assert!(sdk.calls().contains("--engine qemu\n"));
    sdk.set_engines(&[]);
    assert_result(&sdk.run(&[]), 2, "Cannot find qemu_internal in the SDK");
}

pub fn engine_can_be_given() {
    let sdk = Sdk::new();
    assert_result(&sdk.run(&[("FEMU_EMU_ENGINE", "qemu")]), 0, "passed");
    assert!(sdk.calls().contains("--engine qemu\n"));
    let output = sdk.run(&[("FEMU_EMU_ENGINE", "bochs")]);
    assert_result(
        &output,
        2,
        "starting the emulator failed: BUG: An internal command error occurred.",
    );
    assert!(stderr(&output).contains("could not parse 'bochs'"));
    sdk.assert_clean();
}

pub fn emulator_that_fails_is_reported_and_stopped() {
    for (behavior, words) in [
        ("dies", "Emulator process failed to launch."),
        (
            "does-not-answer",
            "the emulator has not responded to network queries.",
        ),
    ] {
        for kept in [false, true] {
            let sdk = Sdk::new();
            let mut runner = sdk.runner_with(&[("FAKE_EMULATOR", behavior)]);
            if kept {
                runner.env("FEMU_ISOLATE_DIR", sdk.path("i"));
            }
            let output = runner.output().unwrap();
            assert_result(&output, 2, "starting the emulator failed: ");
            assert!(stderr(&output).contains(words), "{}", stderr(&output));
            assert!(
                stderr(&output)
                    .contains("last lines of the emulator's log:\n    the emulator's own words")
            );
            sdk.assert_clean();
        }
    }
}

pub fn runs_with_one_isolate_dir_wait_for_each_other() {
    let sdk = Sdk::new();
    let isolate_dir = sdk.path("i");
    let start = || {
        let mut runner = sdk.runner_with(&[("FEMU_ISOLATE_DIR", isolate_dir.to_str().unwrap())]);
        runner
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    for run in [start(), start(), start()] {
        assert_result(&run.wait_with_output().unwrap(), 0, "passed");
    }
    assert_eq!(sdk.calls().matches("emu start").count(), 1);
}
