//! Runs the ffx engine with a fake ffx that records its commands.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, stderr};
use std::fs;
use std::process::{Command, Output};

const X64: u16 = 62;

/// The fake ffx. Variables: `CALLS` is the file for the record, `OUTCOME` the outcome of the test
/// suite, `BROKEN` a command that fails, `STATE` the state of the emulator.
const FFX: &str = r#"
echo "ffx $*" >> "$CALLS"
case "$*" in
    *"$BROKEN"*) echo "Unrecognized argument: $BROKEN" >&2; exit 1;;
    version) echo 20.20240412.3.1;;
    *"emu list"*) echo "[${STATE:+{\"name\": \"femu-runner\", \"state\": \"$STATE\"\}}]";;
    *"test run"*)
        echo 'running 1 test'
        while [ $# -gt 0 ] && [ "$1" != --output-directory ]; do shift; done
        mkdir -p "$2"
        [ -z "$OUTCOME" ] || printf '{"data": {"outcome": "%s", "suites": [{"outcome": "%s", "cases": [{"name": "main", "outcome": "%s"}]}]}}' \
            "$OUTCOME" "$OUTCOME" "$OUTCOME" > "$2/run_summary.json";;
esac
"#;

struct Sdk(Fake);

impl Sdk {
    fn new() -> Self {
        let fake = Fake::new();
        for directory in [
            "sdk/tools/x64",
            "sdk/tools/arm64",
            "sdk/arch/x64/sysroot/dist/lib",
            "sdk/arch/x64/dist",
        ] {
            fs::create_dir_all(fake.path(directory)).unwrap();
        }
        fs::write(fake.path("sdk/arch/x64/sysroot/dist/lib/ld.so.1"), "").unwrap();
        fs::write(fake.path("sdk/arch/x64/dist/libfdio.so"), "").unwrap();
        for host in ["x64", "arm64"] {
            fake.script(&format!("sdk/tools/{host}/ffx"), FFX);
            fake.script(
                &format!("sdk/tools/{host}/cmc"),
                "cp \"$2\" \"${CALLS%calls}component\"; echo \"cmc $*\" >> \"$CALLS\"",
            );
        }
        Self(fake)
    }

    fn runner(&self) -> Command {
        let mut runner = self.0.runner();
        runner
            .env("FEMU_SDK", self.0.path("sdk"))
            .env("FEMU_BUNDLE", "minimal.x64")
            .env("TMPDIR", "/tmp");
        runner
            .env("CALLS", self.0.path("calls"))
            .env("OUTCOME", "PASSED")
            .env("BROKEN", "matches no command");
        runner
            .env("STATE", "")
            .arg(self.0.program("a_Test-1", X64))
            .args(["--test-threads", "1"]);
        runner
    }

    fn commands(&self) -> String {
        fs::read_to_string(self.0.path("calls")).unwrap_or_default()
    }
}

fn assert_result(output: &Output, code: i32, message: &str) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
}

#[test]
fn run_summary_determines_exit_code() {
    let sdk = Sdk::new();
    assert_result(
        &sdk.runner().output().unwrap(),
        0,
        "passed: test cases reported by ffx: 1",
    );
    assert_result(
        &sdk.runner().env("OUTCOME", "FAILED").output().unwrap(),
        1,
        "failed: suite outcome FAILED (main FAILED)",
    );
    assert_result(
        &sdk.runner().env("OUTCOME", "TIMEDOUT").output().unwrap(),
        6,
        "timeout: ",
    );
    assert_result(
        &sdk.runner().env("OUTCOME", "").output().unwrap(),
        2,
        "ffx wrote no run_summary.json",
    );
}

#[test]
fn emulator_is_started_with_debugging_syscalls_and_stopped() {
    let sdk = Sdk::new();
    let output = sdk.runner().output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "running 1 test\n");
    let commands = sdk.commands();
    for command in [
        "emu start minimal.x64 --name femu-runner --headless",
        "--kernel-args kernel.enable-debugging-syscalls=true",
        "package build",
        "repository publish",
        "test run fuchsia-pkg://femu-runner/a_test-1#meta/a_test-1.cm",
        " -- --test-threads 1\n",
        "emu stop femu-runner\n",
    ] {
        assert!(commands.contains(command), "{command}: {commands}");
    }
    let component: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(sdk.0.path("component")).unwrap()).unwrap();
    assert_eq!(component["program"]["runner"], "elf_test_runner");
    assert_eq!(component["program"]["binary"], "bin/a_test-1");
    assert_eq!(component["facets"]["fuchsia.test"]["type"], "system");
    assert_eq!(component["use"][0]["protocol"], "fuchsia.process.Launcher");
}

#[test]
fn debugging_syscalls_of_the_emulator_can_be_off() {
    let sdk = Sdk::new();
    let mut runner = sdk.runner();
    let runner = runner.env("FEMU_NO_DEBUGGING_SYSCALLS", "1");
    assert_result(&runner.output().unwrap(), 0, "passed");
    let commands = sdk.commands();
    assert!(
        commands.contains("--kernel-args kernel.enable-debugging-syscalls=false"),
        "{commands}"
    );
}

#[test]
fn running_emulator_is_reused_and_dead_one_is_removed() {
    let sdk = Sdk::new();
    let mut runner = sdk.runner();
    assert_result(
        &runner
            .env("STATE", "running")
            .env("FEMU_ISOLATE_DIR", sdk.0.path("i"))
            .output()
            .unwrap(),
        0,
        "passed",
    );
    assert!(
        !sdk.commands().contains("emu start") && !sdk.commands().contains("emu stop"),
        "{}",
        sdk.commands()
    );
    assert_result(
        &sdk.runner().env("STATE", "staged").output().unwrap(),
        0,
        "passed",
    );
    let commands = sdk.commands();
    assert!(
        commands.find("emu stop").unwrap() < commands.find("emu start").unwrap(),
        "{commands}"
    );
}

#[test]
fn dry_run_prints_all_commands_and_runs_none() {
    let sdk = Sdk::new();
    let output = sdk.runner().env("FEMU_DRY_RUN", "1").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for command in [
        "version",
        "emu start",
        "cmc compile",
        "test run",
        "repository server stop",
    ] {
        assert!(printed.contains(command), "{command}: {printed}");
    }
    assert_eq!(sdk.commands(), "");
}

#[test]
fn unsupported_command_is_reported_with_hint() {
    let sdk = Sdk::new();
    let output = sdk.runner().env("BROKEN", "server start").output().unwrap();
    assert_result(
        &output,
        2,
        "starting the package server failed: this version of ffx does not support the command",
    );
    assert!(stderr(&output).contains("requires an SDK of late 2024 or later"));
    assert!(
        sdk.commands().contains("emu stop"),
        "the emulator is stopped"
    );
}

#[test]
fn missing_parts_are_reported_with_hint() {
    let sdk = Sdk::new();
    assert_result(
        &sdk.runner().env_remove("FEMU_BUNDLE").output().unwrap(),
        2,
        "requires a product bundle",
    );
    assert_result(
        &sdk.runner()
            .env_remove("FEMU_SDK")
            .env("PATH", "/nowhere")
            .output()
            .unwrap(),
        2,
        "no Fuchsia SDK found",
    );
    fs::remove_file(sdk.0.path("sdk/arch/x64/dist/libfdio.so")).unwrap();
    assert_result(
        &sdk.runner().output().unwrap(),
        2,
        "does not contain dist/libfdio.so",
    );
}
