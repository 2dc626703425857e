//! The ffx engine, against a fake ffx that writes down how it is called.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, complaint};
use std::fs;
use std::process::{Command, Output};

const X64: u16 = 62;

/// Answers as far as the runner looks at answers. `$OUTCOME` is the suite's, `$BROKEN` a call
/// that is not known, `$STATE` the emulator's.
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
        for folder in [
            "sdk/tools/x64",
            "sdk/tools/arm64",
            "sdk/arch/x64/sysroot/dist/lib",
            "sdk/arch/x64/dist",
        ] {
            fs::create_dir_all(fake.path(folder)).unwrap();
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
            .env("BROKEN", "no call is like this");
        runner
            .env("STATE", "")
            .arg(self.0.program("a_Test-1", X64))
            .args(["--test-threads", "1"]);
        runner
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.0.path("calls")).unwrap_or_default()
    }
}

fn says(output: &Output, code: i32, text: &str) {
    assert_eq!(output.status.code(), Some(code), "{}", complaint(output));
    assert!(complaint(output).contains(text), "{}", complaint(output));
}

#[test]
fn the_outcome_is_the_run_summarys() {
    let sdk = Sdk::new();
    says(
        &sdk.runner().output().unwrap(),
        0,
        "passed: ffx counts 1 cases",
    );
    says(
        &sdk.runner().env("OUTCOME", "FAILED").output().unwrap(),
        1,
        "failed: the suite's outcome is FAILED (main FAILED)",
    );
    says(
        &sdk.runner().env("OUTCOME", "TIMEDOUT").output().unwrap(),
        6,
        "timeout: ",
    );
    says(
        &sdk.runner().env("OUTCOME", "").output().unwrap(),
        2,
        "no run_summary.json",
    );
}

#[test]
fn an_emulator_is_started_with_debugging_calls_and_ended() {
    let sdk = Sdk::new();
    let output = sdk.runner().output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "running 1 test\n");
    let calls = sdk.calls();
    for call in [
        "emu start minimal.x64 --name femu-runner --headless",
        "--kernel-args kernel.enable-debugging-syscalls=true",
        "package build",
        "repository publish",
        "test run fuchsia-pkg://femu-runner/a_test-1#meta/a_test-1.cm",
        " -- --test-threads 1\n",
        "emu stop femu-runner\n",
    ] {
        assert!(calls.contains(call), "{call}: {calls}");
    }
    let component: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(sdk.0.path("component")).unwrap()).unwrap();
    assert_eq!(component["program"]["runner"], "elf_test_runner");
    assert_eq!(component["program"]["binary"], "bin/a_test-1");
    assert_eq!(component["facets"]["fuchsia.test"]["type"], "system");
    assert_eq!(component["use"][0]["protocol"], "fuchsia.process.Launcher");
}

#[test]
fn a_running_emulator_is_used_again_and_a_dead_one_is_cleared_away() {
    let sdk = Sdk::new();
    let mut runner = sdk.runner();
    says(
        &runner
            .env("STATE", "running")
            .env("FEMU_ISOLATE_DIR", sdk.0.path("i"))
            .output()
            .unwrap(),
        0,
        "passed",
    );
    assert!(
        !sdk.calls().contains("emu start") && !sdk.calls().contains("emu stop"),
        "{}",
        sdk.calls()
    );
    says(
        &sdk.runner().env("STATE", "staged").output().unwrap(),
        0,
        "passed",
    );
    let calls = sdk.calls();
    assert!(
        calls.find("emu stop").unwrap() < calls.find("emu start").unwrap(),
        "{calls}"
    );
}

#[test]
fn a_dry_run_prints_every_call_and_makes_none() {
    let sdk = Sdk::new();
    let output = sdk.runner().env("FEMU_DRY_RUN", "1").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    for call in [
        "version",
        "emu start",
        "cmc compile",
        "test run",
        "repository server stop",
    ] {
        assert!(printed.contains(call), "{call}: {printed}");
    }
    assert_eq!(sdk.calls(), "");
}

#[test]
fn a_call_that_is_not_known_is_named_with_what_to_do() {
    let sdk = Sdk::new();
    let output = sdk.runner().env("BROKEN", "server start").output().unwrap();
    says(
        &output,
        2,
        "serving the repository failed: this ffx does not know the call",
    );
    assert!(complaint(&output).contains("an SDK of late 2024 or later"));
    assert!(
        sdk.calls().contains("emu stop"),
        "what was started is ended"
    );
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let sdk = Sdk::new();
    says(
        &sdk.runner().env_remove("FEMU_BUNDLE").output().unwrap(),
        2,
        "needs a product bundle",
    );
    says(
        &sdk.runner()
            .env_remove("FEMU_SDK")
            .env("PATH", "/nowhere")
            .output()
            .unwrap(),
        2,
        "found no Fuchsia SDK",
    );
    fs::remove_file(sdk.0.path("sdk/arch/x64/dist/libfdio.so")).unwrap();
    says(
        &sdk.runner().output().unwrap(),
        2,
        "holds no dist/libfdio.so",
    );
}
