//! The calls that the runner makes, and their options.

use crate::sdk::{Sdk, assert_result, stdout};
use crate::support::stderr;
use std::fs;

pub fn each_profile_since_2024_accepts_all_calls() {
    for profile in ["2024", "2026"] {
        let sdk = Sdk::new();
        let output = sdk.run(&[("FAKE_FFX", profile)]);
        assert_result(&output, 0, "passed: test cases reported by ffx: 1");
        let calls = sdk.calls();
        for call in [
            "--machine json version",
            "repository server start --help",
            "config set sdk.root ",
            "--machine json emu list",
            "emu start ",
            "repository create ",
            "compile ",
            "package build ",
            "repository publish ",
            "repository server start --background --address ",
            ":0 --no-device --repository femu-runner",
            "--target femu-runner target repository register --repository femu-runner",
            "test run fuchsia-pkg://femu-runner/a_test-1#meta/a_test-1.cm --output-directory ",
            "repository server stop femu-runner",
            "emu stop femu-runner",
            "daemon stop",
        ] {
            let all: Vec<_> = calls.lines().filter(|line| line.contains(call)).collect();
            assert_eq!(all.len(), 1, "{profile} {call}: {calls}");
        }
        let is_isolated =
            |line: &str| line.starts_with("cmc ") || line.starts_with("ffx --isolate-dir /");
        assert!(calls.lines().all(is_isolated), "{calls}");
        sdk.assert_clean();
    }
}

pub fn ffx_of_2023_is_too_old() {
    let sdk = Sdk::new();
    let output = sdk.run(&[("FAKE_FFX", "2023")]);
    assert_result(&output, 2, "");
    assert_eq!(
        stderr(&output),
        "femu-runner: ffx 14.20230806.2.1 is too old: it does not support `repository server start \
         --background --no-device`\n  use an SDK of release 23 (late 2024) or later, and a product bundle \
         of the same release\n"
    );
    assert!(!sdk.calls().contains("emu start"));
    sdk.assert_clean();
}

pub fn dry_run_prints_all_calls_and_makes_none() {
    let sdk = Sdk::new();
    let output = sdk.run(&[("FEMU_DRY_RUN", "1")]);
    assert_result(&output, 0, "");
    let printed = stdout(&output);
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

pub fn variables_that_name_a_target_are_removed() {
    let sdk = Sdk::new();
    let output = sdk.run(&[
        ("FUCHSIA_NODENAME", "other"),
        ("FUCHSIA_DEVICE_ADDR", "192.0.2.1"),
    ]);
    assert_result(&output, 0, "passed");
    let calls = sdk.calls();
    assert!(!calls.contains("is set"), "{calls}");
}

pub fn missing_parts_are_reported_with_hint() {
    let sdk = Sdk::new();
    let output = sdk.runner().env_remove("FEMU_BUNDLE").output().unwrap();
    assert_result(&output, 2, "requires a product bundle");
    let mut runner = sdk.runner();
    let output = runner
        .env_remove("FEMU_SDK")
        .env("PATH", "/nowhere")
        .output()
        .unwrap();
    assert_result(&output, 2, "no Fuchsia SDK found");
    let output = sdk.run(&[("FEMU_ENV", "NAME")]);
    assert_result(&output, 2, "\"NAME\" is not an environment variable");
    let long = format!("{}/{}", sdk.path("").display(), "x".repeat(60));
    let output = sdk.run(&[("FEMU_ISOLATE_DIR", &long)]);
    assert_result(&output, 2, "is too long for the emulator's sockets");
    fs::remove_file(sdk.path("sdk/arch/x64/dist/libfdio.so")).unwrap();
    assert_result(&sdk.run(&[]), 2, "does not contain dist/libfdio.so");
    assert_eq!(sdk.calls(), "");
}

pub fn bundle_must_be_a_directory_with_product_bundle_json() {
    let sdk = Sdk::new();
    let output = sdk.run(&[("FEMU_BUNDLE", "core.x64")]);
    assert_result(
        &output,
        2,
        "core.x64 is not a product bundle: cannot read product_bundle.json",
    );
    fs::write(sdk.path("bundle/product_bundle.json"), "{").unwrap();
    assert_result(
        &sdk.run(&[]),
        2,
        "is not a product bundle: product_bundle.json: EOF",
    );
    assert_eq!(sdk.calls(), "");
}

pub fn bundle_of_another_version_is_reported() {
    let sdk = Sdk::new();
    let warning = "the product bundle is of SDK 32.1.2.3, and the SDK is 33.20260927.4.1";
    let output = sdk.run(&[]);
    assert!(!stderr(&output).contains("the product bundle is of SDK"));
    sdk.set_bundle_version("32.1.2.3");
    assert_result(&sdk.run(&[]), 0, warning);
}

pub fn api_level_is_the_number_of_the_sdk_or_the_one_given() {
    let sdk = Sdk::new();
    for (profile, given, level) in [
        ("2024", "", "25"),
        ("2026", "", "31"),
        ("2026", "HEAD", "HEAD"),
    ] {
        let mut variables = vec![("FAKE_FFX", profile)];
        variables.extend((!given.is_empty()).then_some(("FEMU_API_LEVEL", given)));
        assert_result(&sdk.run(&variables), 0, "passed");
        let calls = sdk.calls();
        assert!(calls.contains(&format!("--api-level {level} ")), "{calls}");
    }
    let output = sdk.run(&[("FEMU_API_LEVEL", "99")]);
    assert_result(
        &output,
        2,
        "building the package failed: failed to build package: Unknown target API level: 99.",
    );
    sdk.assert_clean();
}

pub fn manifest_has_test_runner_and_environment() {
    let sdk = Sdk::new();
    let output = sdk.run(&[]);
    assert!(stdout(&output).contains("runner elf_test_runner arguments [] environ []\n"));
    let runner = "elf_test_create_raw_processes_ambient_exec_runner";
    let output = sdk.run(&[
        ("FEMU_TEST_RUNNER", runner),
        ("FEMU_ENV", "K=V RUST_LOG=x=y"),
    ]);
    let expected = format!(
        "runner {runner} arguments [] environ [String(\"K=V\"), String(\"RUST_LOG=x=y\")]\n"
    );
    assert!(stdout(&output).contains(&expected), "{}", stdout(&output));
    let output = sdk.run(&[("FEMU_TEST_RUNNER", "no_such_runner")]);
    assert_result(
        &output,
        2,
        "not run: the test did not start: Test manifest is invalid.",
    );
}

pub fn configuration_is_set() {
    let sdk = Sdk::new();
    sdk.set_engines(&[]);
    let qemu = sdk.path("qemu");
    let config = format!(
        "sdk.overrides.qemu_internal={} log.enabled=false",
        qemu.display()
    );
    let output = sdk.run(&[("FEMU_FFX_CONFIG", &config)]);
    assert_result(&output, 2, "but does not exist");
    fs::write(&qemu, "").unwrap();
    assert_result(&sdk.run(&[("FEMU_FFX_CONFIG", &config)]), 0, "passed");
    assert!(sdk.calls().contains("config set log.enabled false\n"));
    let output = sdk.run(&[("FEMU_FFX_CONFIG", "log.enabled")]);
    assert_result(
        &output,
        2,
        "\"log.enabled\" is not a value of ffx's configuration",
    );
}

pub fn call_that_ffx_rejects_is_reported_with_its_words() {
    let sdk = Sdk::new();
    for (profile, words) in [
        ("2024", "Required positional arguments not provided:"),
        ("2026", "Unrecognized argument: --level"),
    ] {
        // `config set --level x`
        let output = sdk.run(&[("FAKE_FFX", profile), ("FEMU_FFX_CONFIG", "--level=x")]);
        let message = format!("this ffx does not support a call of the runner: {words}");
        assert_result(&output, 2, &message);
        assert_result(&output, 2, " config set --level x\n");
        sdk.assert_clean();
    }
}

pub fn realm_is_passed_on() {
    let sdk = Sdk::new();
    assert_result(
        &sdk.run(&[("FEMU_REALM", "/core/testing:system-tests")]),
        0,
        "passed",
    );
    assert!(
        sdk.calls()
            .contains(" --realm /core/testing:system-tests --")
    );
    assert_result(
        &sdk.run(&[("FEMU_REALM", "/nowhere")]),
        2,
        "Error parsing realm '/nowhere'",
    );
}

pub fn arguments_are_passed_unchanged() {
    let sdk = Sdk::new();
    let output = sdk
        .runner()
        .args(["--test-threads", "1", "--", "a b", "--realm"])
        .output()
        .unwrap();
    assert_result(&output, 0, "passed");
    let expected = r#"arguments ["--test-threads", "1", "--", "a b", "--realm"]"#;
    assert!(stdout(&output).contains(expected), "{}", stdout(&output));
}
