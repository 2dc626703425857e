//! The package server and the registration of its repository.

use crate::sdk::{Sdk, assert_result};
use std::process::Stdio;

pub fn left_over_server_is_stopped_first() {
    let sdk = Sdk::new();
    let isolate_dir = sdk.path("i");
    let keep = [("FEMU_ISOLATE_DIR", isolate_dir.to_str().unwrap())];
    let mut killed = sdk.runner_with(&[keep[0], ("FAKE_TEST", "hangs")]);
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    sdk.wait_for_test();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let is_server = |line: &String| line.contains("server start --disconnected");
    assert!(sdk.processes().iter().any(is_server));
    sdk.calls();

    assert_result(&sdk.run(&keep), 0, "passed");
    let calls = sdk.calls();
    assert!(calls.find("server stop").unwrap() < calls.find("server start --background").unwrap());
    assert!(!sdk.processes().iter().any(is_server));
}

pub fn unknown_host_address_selects_the_tunnel() {
    let sdk = Sdk::new();
    let isolate_dir = sdk.path("i");
    // The second run finds the registration of the first.
    for _ in 0..2 {
        let output = sdk.run(&[
            ("FAKE_HOST_ADDRESS", "unknown"),
            ("FEMU_ISOLATE_DIR", isolate_dir.to_str().unwrap()),
        ]);
        assert_result(&output, 0, "passed");
        let calls = sdk.calls();
        let tunnel =
            "--target femu-runner repository server start --background --address 127.0.0.1:0";
        let lines: Vec<_> = calls.lines().filter(|line| line.contains(tunnel)).collect();
        assert!(
            lines.len() == 1 && !lines[0].contains("--no-device"),
            "{calls}"
        );
        assert_eq!(calls.matches("target repository register").count(), 1);
    }
}

/// Since 2025, ffx names the remedy.
pub fn unknown_host_address_of_2024_is_reported() {
    let sdk = Sdk::new();
    let output = sdk.run(&[("FAKE_HOST_ADDRESS", "unknown"), ("FAKE_FFX", "2024")]);
    assert_result(
        &output,
        2,
        "registering the repository with the emulator failed: BUG",
    );
    sdk.assert_clean();
}
