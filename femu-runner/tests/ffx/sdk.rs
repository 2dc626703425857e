//! A fake SDK, and runs with it.

use crate::fake;
use crate::support::{Fake, stderr};
use serde_json::json;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

pub const X64: u16 = 62;
pub const SDK_ID: &str = "33.20260927.4.1";

pub struct Sdk {
    pub fake: Fake,
}

impl Sdk {
    pub fn new() -> Self {
        let fake = Fake::new();
        for directory in [
            "sdk/meta",
            "sdk/tools/x64",
            "sdk/tools/arm64",
            "sdk/arch/x64/sysroot/dist/lib",
            "sdk/arch/x64/dist",
            "bundle",
        ] {
            fs::create_dir_all(fake.path(directory)).unwrap();
        }
        fs::write(fake.path("sdk/arch/x64/sysroot/dist/lib/ld.so.1"), "").unwrap();
        fs::write(fake.path("sdk/arch/x64/dist/libfdio.so"), "").unwrap();
        let tests = env::current_exe().unwrap();
        for host in ["x64", "arm64"] {
            for tool in ["ffx", "cmc"] {
                fake.script(
                    &format!("sdk/tools/{host}/{tool}"),
                    &format!(
                        "export {}={tool} FAKE_TOOL_PATH=\"$0\"\nexec '{}' \"$@\"",
                        fake::TOOL,
                        tests.display()
                    ),
                );
            }
        }
        fake.program("a_Test-1", X64);
        let sdk = Self { fake };
        sdk.set_engines(&["aemu_internal", "qemu_internal"]);
        sdk.set_bundle_version(SDK_ID);
        sdk
    }

    /// Writes the SDK's manifest with these engines of the emulator.
    pub fn set_engines(&self, engines: &[&str]) {
        let part = |engine: &&str| {
            let meta = format!("tools/x64/{engine}-meta.json");
            json!({ "meta": meta, "type": "companion_host_tool" })
        };
        let parts: Vec<_> = engines.iter().map(part).collect();
        let manifest = json!({ "id": SDK_ID, "parts": parts });
        fs::write(self.path("sdk/meta/manifest.json"), manifest.to_string()).unwrap();
    }

    pub fn set_bundle_version(&self, version: &str) {
        let bundle = json!({ "version": "2", "product_name": "core.x64", "sdk_version": version });
        fs::write(self.path("bundle/product_bundle.json"), bundle.to_string()).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.fake.path(name)
    }

    /// The runner, without program arguments.
    pub fn runner(&self) -> Command {
        let mut runner = self.fake.runner();
        runner
            .env("FEMU_SDK", self.path("sdk"))
            .env("FEMU_BUNDLE", self.path("bundle"))
            .env("FAKE_CALLS", self.path("calls"))
            .arg(self.path("a_Test-1"));
        runner
    }

    /// The runner with these variables.
    pub fn runner_with(&self, variables: &[(&str, &str)]) -> Command {
        let mut runner = self.runner();
        runner.envs(variables.iter().copied());
        runner
    }

    /// Runs with these variables.
    pub fn run(&self, variables: &[(&str, &str)]) -> Output {
        self.runner_with(variables).output().unwrap()
    }

    /// The calls since the last time.
    pub fn calls(&self) -> String {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.path("calls"));
        calls
    }

    /// Waits until the runner has started the test.
    pub fn wait_for_test(&self) {
        wait_for("the test has started", || {
            fs::read_to_string(self.path("calls")).is_ok_and(|calls| calls.contains("test run"))
        });
    }

    /// The command lines of the emulators and package servers that run.
    pub fn processes(&self) -> Vec<String> {
        let directory = self.path("");
        let mut processes = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let works_there = fs::read_link(entry.path().join("cwd"))
                .is_ok_and(|cwd| cwd.starts_with(&directory));
            let command_line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command_line = String::from_utf8_lossy(&command_line).replace('\0', " ");
            if works_there
                || command_line.contains("server start --disconnected")
                    && command_line.contains(&*directory.to_string_lossy())
            {
                processes.push(command_line);
            }
        }
        processes
    }

    /// Checks that no process of the fake runs, and that the runner has left no file.
    pub fn assert_clean(&self) {
        assert_eq!(self.processes(), [""; 0]);
        assert_eq!(self.fake.temporary_files(), 0);
    }
}

/// Ends the processes that a test has left running.
impl Drop for Sdk {
    fn drop(&mut self) {
        let directory = self.path("");
        let marker = directory.to_string_lossy();
        let _ = Command::new("pkill")
            .args(["-KILL", "-f", marker.trim_end_matches('/')])
            .status();
    }
}

pub fn assert_result(output: &Output, code: i32, message: &str) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until the condition holds.
pub fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}
