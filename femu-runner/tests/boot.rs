//! Runs the boot engine with fake emulators that hang, exit early, fail or do not exist.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, stderr};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{fs, thread, time::Duration};

const X64: u16 = 62;

/// Whether the process exists and is not a zombie.
/// Runs a program with this emulator.
fn run(fake: &Fake, emulator: &Path) -> Output {
    let mut runner = fake.boot(emulator);
    runner.arg(fake.program("t", X64)).output().unwrap()
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits until the process has ended. A killed grandchild needs some time to end.
fn assert_ends(pid: &str) {
    for _ in 0..1000 {
        if !is_alive(pid) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("process {pid} is still alive");
}

#[test]
fn hanging_emulator_and_its_children_are_killed_at_time_limit() {
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
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).contains("the console is silent"));
    for pid in fs::read_to_string(pids).unwrap().lines() {
        assert_ends(pid);
    }
    assert_eq!(fake.temporary_files(), 0);
}

#[test]
fn endless_line_is_killed_at_time_limit() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "exec tr '\\0' 'x' </dev/zero");
    let mut runner = fake.boot(&emulator);
    let output = runner
        .args(["--timeout", "1"])
        .arg(fake.program("t", X64))
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
}

#[test]
fn silent_emulator_is_no_output() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "exit 31");
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
}

#[test]
fn emulator_that_rejects_its_arguments_is_setup_error() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'qemu: bad option' >&2; exit 1");
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("QEMU failed to start the machine: qemu: bad option"));
}

#[test]
fn killed_emulator_is_unknown() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'running 1 test'; kill -9 $$");
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    assert!(stderr(&output).contains("QEMU was killed"));
}

#[test]
fn grandchild_with_open_console_does_not_delay_end() {
    let fake = Fake::new();
    let pids = fake.path("pids");
    let emulator = fake.script(
        "qemu",
        &format!("sleep 1000 & echo $! > '{}'; exit 31", pids.display()),
    );
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert_ends(&fs::read_to_string(pids).unwrap());
}

#[test]
fn signal_to_runner_kills_emulator() {
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
        assert_eq!(
            line, "running 1 test\n",
            "output is printed before the emulator exits"
        );
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
fn emulator_stdin_is_empty() {
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
    // The write end of the pipe stays open, so that a read from it would block.
    let mut child = runner.spawn().unwrap();
    let stdin = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(stdin);
}

#[test]
fn broken_kvm_falls_back_to_tcg() {
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
            "--accel kvm does not fall back: {}",
            stderr(&output)
        );
        let mut runner = fake.boot(&emulator);
        let output = runner
            .env("FEMU_ACCEL", "auto")
            .arg(fake.program("t", X64))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(fs::read_to_string(&log).unwrap().contains("-accel tcg"));
    }
}

#[test]
fn unusable_inputs_are_reported() {
    let fake = Fake::new();
    let program = fake.program("t", X64);
    let emulator = fake.path("no-such-qemu");
    let script = fake.script("script", "exit 0");
    let i386 = fake.program("other", 3);
    fs::write(
        fake.path("short"),
        &fs::read(fake.path("zbi")).unwrap()[..100],
    )
    .unwrap();
    let truncated = fake.path("short");
    let zbi = truncated.to_str().unwrap();
    for (args, program, expected) in [
        (vec![], &program, "no-such-qemu: No such file"),
        (vec![], &script, "not a 64-bit little-endian ELF file"),
        (vec![], &i386, "ELF machine 3 is not a Fuchsia architecture"),
        (vec!["--zbi", zbi], &program, "short: truncated image"),
        (vec!["--zbi", "/nowhere"], &program, "cannot read /nowhere"),
        (
            vec!["--kernel", "/nowhere"],
            &program,
            "no such file: /nowhere",
        ),
        (vec!["--lib", "/nowhere"], &program, "cannot read /nowhere"),
        (
            vec!["--env", "K"],
            &program,
            "cannot pass the variable \"K\"",
        ),
    ] {
        let output = fake
            .boot(&emulator)
            .args(args)
            .arg(program)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert_eq!(fake.temporary_files(), 0);
    }
    let output = fake
        .boot(&emulator)
        .arg(&program)
        .arg("a b")
        .output()
        .unwrap();
    assert!(stderr(&output).contains("cannot pass the argument \"a b\""));
}

#[test]
fn dry_run_prints_command_line_and_starts_nothing() {
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
fn debugging_syscalls_are_on_unless_option_or_variable_turns_them_off() {
    let fake = Fake::new();
    let variable = "FEMU_NO_DEBUGGING_SYSCALLS";
    for (option, value, expected) in [
        (None, "", true),
        (None, "0", true),
        (None, "1", false),
        (Some("--no-debugging-syscalls"), "", false),
    ] {
        let mut runner = fake.boot(&fake.path("none"));
        let runner = runner.arg("--dry-run").args(option).env(variable, value);
        let output = runner.arg(fake.program("t", X64)).output().unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        assert!(
            line.contains(&format!(" kernel.enable-debugging-syscalls={expected} ")),
            "{option:?} {value:?}: {line}"
        );
    }
}

#[test]
fn arguments_after_program_belong_to_program() {
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
