//! Runs `run`, the script with which this workspace starts the runner, with a fake cargo.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, stderr};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const MESSAGE: &str = "femu-runner: building the runner for the host";

fn run(fake: &Fake, target_dir: Option<&Path>) -> Output {
    let cargo = fake.script("cargo", "echo \"$CARGO_TARGET_DIR|$RUSTFLAGS|$*\"");
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/run"));
    command
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET_DIR")
        .env("CARGO", cargo)
        .env("RUSTFLAGS", "-Cpanic=abort");
    if let Some(target_dir) = target_dir {
        command.env("CARGO_TARGET_DIR", target_dir);
    }
    command.args(["program", "--raw"]).output().unwrap()
}

#[test]
fn runner_is_built_in_the_target_directory_of_the_caller() {
    let fake = Fake::new();
    for (given, expected) in [
        (Some(fake.path("target")), fake.path("target")),
        (
            Some("other".into()),
            format!("{}/../other", env!("CARGO_MANIFEST_DIR")).into(),
        ),
        (
            None,
            format!("{}/../target", env!("CARGO_MANIFEST_DIR")).into(),
        ),
    ] {
        let output = run(&fake, given.as_deref());
        let call = String::from_utf8(output.stdout).unwrap();
        let expected = format!(
            "--target-dir {}/femu-runner -- program --raw\n",
            expected.display()
        );
        assert!(
            call.starts_with("||run ") && call.ends_with(&expected),
            "{call}"
        );
    }
}

#[test]
fn first_build_is_announced() {
    let fake = Fake::new();
    let target_dir = fake.path("target");
    assert!(stderr(&run(&fake, Some(&target_dir))).starts_with(MESSAGE));
    fs::create_dir_all(target_dir.join("femu-runner/release")).unwrap();
    fake.script("target/femu-runner/release/femu-runner", "");
    assert_eq!(stderr(&run(&fake, Some(&target_dir))), "");
}
