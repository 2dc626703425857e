//! The boot engine's handling of its emulator: silent, endless, dying, and none at all.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, complaint};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::{fs, thread, time::Duration};

const X64: u16 = 62;

/// Whether a process with this id is there, and is not just waiting to be reaped.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

/// A kill takes a moment to be carried out in a grandchild; it never fails to be.
fn assert_ends(pid: &str) {
    for _ in 0..1000 {
        if !lives(pid) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("process {pid} was left");
}

#[test]
fn an_endless_emulator_is_killed_at_the_limit_with_its_children() {
    let fake = Fake::new();
    let pids = fake.path("pids");
    let body = format!(
        "sleep 1000 & echo $! > '{0}'; echo $$ >> '{0}'; wait",
        pids.display()
    );
    let emulator = fake.script("qemu", &body);
    let output = fake
        .boot(&emulator)
        .args(["--timeout", "1"])
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", complaint(&output));
    assert!(complaint(&output).contains("the console stayed silent"));
    for pid in fs::read_to_string(pids).unwrap().lines() {
        assert_ends(pid);
    }
    assert_eq!(fake.temporary_files(), 0);
}

#[test]
fn an_emulator_that_prints_for_ever_without_a_line_end_is_killed_at_the_limit() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "exec tr '\\0' 'x' </dev/zero");
    let mut runner = fake.boot(&emulator);
    let output = runner
        .args(["--timeout", "1"])
        .arg(fake.program("t", X64))
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", complaint(&output));
}

#[test]
fn an_emulator_that_ends_silently_is_no_output() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "exit 31");
    let output = fake
        .boot(&emulator)
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", complaint(&output));
}

#[test]
fn an_emulator_that_refuses_its_arguments_is_a_setup_error() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'qemu: bad option' >&2; exit 1");
    let output = fake
        .boot(&emulator)
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("QEMU did not boot the machine: qemu: bad option"));
}

#[test]
fn an_emulator_that_is_killed_leaves_the_outcome_unknown() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'running 1 test'; kill -9 $$");
    let output = fake
        .boot(&emulator)
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7), "{}", complaint(&output));
    assert!(complaint(&output).contains("QEMU was killed"));
}

#[test]
fn a_child_that_holds_the_console_open_does_not_hold_up_the_end() {
    let fake = Fake::new();
    let pids = fake.path("pids");
    let emulator = fake.script(
        "qemu",
        &format!("sleep 1000 & echo $! > '{}'; exit 31", pids.display()),
    );
    let output = fake
        .boot(&emulator)
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", complaint(&output));
    assert_ends(&fs::read_to_string(pids).unwrap());
}

#[test]
fn a_signal_to_the_runner_ends_the_emulator() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let fake = Fake::new();
        let pids = fake.path("pids");
        let body = format!(
            "echo $$ > '{}'; echo 'running 1 test'; exec sleep 1000",
            pids.display()
        );
        let emulator = fake.script("qemu", &body);
        let mut runner = fake.boot(&emulator);
        let mut runner = runner
            .arg(fake.program("t", X64))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(runner.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "running 1 test\n", "the output is live");
        let kill = Command::new("kill")
            .args(["-s", signal, &runner.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        assert_eq!(runner.wait().unwrap().code(), Some(code));
        assert_ends(&fs::read_to_string(pids).unwrap());
        assert_eq!(fake.temporary_files(), 0);
    }
}

#[test]
fn stdin_is_not_read() {
    let fake = Fake::new();
    let emulator = fake.script(
        "qemu",
        "echo 'running 0 tests'; cat; echo 'test result: ok. 0 passed'; exit 31",
    );
    let mut runner = fake.boot(&emulator);
    let runner = runner
        .arg(fake.program("t", X64))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // Our end of its stdin stays open: who reads it waits.
    let mut child = runner.spawn().unwrap();
    let stdin = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(stdin);
}

#[test]
fn kvm_that_does_not_work_is_done_without() {
    let fake = Fake::new();
    let log = fake.path("calls");
    for failure in [
        "echo 'Could not access KVM kernel module' >&2; exit 1",
        "echo 'KVM internal error. Suberror: 1' >&2; exec sleep 1000",
    ] {
        let body = format!(
            "case \"$*\" in *'-accel kvm'*) {failure};; esac\n\
             echo 'running 1 test'; echo 'test result: ok. 1 passed'; echo \"$*\" >> '{}'; exit 31",
            log.display()
        );
        let emulator = fake.script("qemu", &body);
        let mut runner = fake.boot(&emulator);
        let output = runner
            .env("FEMU_ACCEL", "kvm")
            .arg(fake.program("t", X64))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "asked for, it is an error: {}",
            complaint(&output)
        );
        let mut runner = fake.boot(&emulator);
        let output = runner
            .env("FEMU_ACCEL", "auto")
            .arg(fake.program("t", X64))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        assert!(fs::read_to_string(&log).unwrap().contains("-accel tcg"));
    }
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let fake = Fake::new();
    let program = fake.program("t", X64);
    let emulator = fake.path("no-such-qemu");
    let script = fake.script("script", "exit 0");
    let riscv = fake.program("other", 3);
    fs::write(
        fake.path("short"),
        &fs::read(fake.path("zbi")).unwrap()[..100],
    )
    .unwrap();
    let short = fake.path("short");
    let zbi = short.to_str().unwrap();
    for (args, program, expected) in [
        (vec![], &program, "cannot be started: No such file"),
        (vec![], &script, "it is no 64-bit little-endian ELF program"),
        (vec![], &riscv, "it is for ELF machine 3"),
        (
            vec!["--zbi", zbi],
            &program,
            "cannot be used: it is cut off",
        ),
        (
            vec!["--zbi", "/nowhere"],
            &program,
            "/nowhere cannot be read",
        ),
        (
            vec!["--kernel", "/nowhere"],
            &program,
            "/nowhere is not there",
        ),
        (
            vec!["--lib", "/nowhere"],
            &program,
            "/nowhere cannot be read",
        ),
        (
            vec!["--env", "K"],
            &program,
            "the variable \"K\" cannot be passed",
        ),
    ] {
        let output = fake
            .boot(&emulator)
            .args(args)
            .arg(program)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            complaint(&output).contains(expected),
            "{}",
            complaint(&output)
        );
        assert_eq!(fake.temporary_files(), 0);
    }
    let output = fake
        .boot(&emulator)
        .arg(&program)
        .arg("a b")
        .output()
        .unwrap();
    assert!(complaint(&output).contains("the argument \"a b\" cannot be passed"));
}

#[test]
fn a_dry_run_prints_the_command_line_and_starts_nothing() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo started; exit 31");
    let image = fake.path("image");
    let mut runner = fake.boot(&emulator);
    let runner = runner
        .args(["--dry-run", "--image"])
        .arg(&image)
        .arg(fake.program("t", X64))
        .arg("--list");
    let output = runner.output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(
        line.contains("bootsvc.next=bin/t,--list userboot.shutdown"),
        "{line}"
    );
    assert!(
        line.contains("-machine q35") && !line.contains("started"),
        "{line}"
    );
    assert!(fs::metadata(image).unwrap().len() > 8192);
}

#[test]
fn what_follows_the_program_is_the_programs() {
    let fake = Fake::new();
    let mut runner = fake.boot(&fake.path("none"));
    let runner = runner.arg("--dry-run").arg(fake.program("t", X64));
    let output = runner
        .args(["--help", "--raw", "--timeout", "--", "x"])
        .output()
        .unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(
        line.contains("bootsvc.next=bin/t,--help,--raw,--timeout,--,x "),
        "{line}"
    );
}
