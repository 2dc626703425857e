//! The example `break`, run as a user runs it.
#![cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "x86_64"
    )
))]

mod program;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use program::Program;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// Builds the example once.
fn example() -> Command {
    static EXAMPLE: OnceLock<escargot::CargoRun> = OnceLock::new();
    let build = || {
        let build = escargot::CargoBuild::new().package("zx-debug-memory");
        build.example("break").run().unwrap()
    };
    EXAMPLE.get_or_init(build).command()
}

/// Runs the example. Returns what it printed to stdout and stderr.
fn run(arguments: &[&str]) -> (Output, String, String) {
    let output = example().args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

fn count(stderr: &str, start: &str) -> usize {
    let lines = stderr.lines();
    lines.filter(|line| line.starts_with(start)).count()
}

#[test]
fn demo_stops_three_times_and_changes_an_argument() {
    let (output, _, stderr) = run(&[]);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(count(&stderr, "hit "), 3, "{stderr}");
    for number in 1..=3 {
        let start = format!("hit {number}: tick at 0x");
        let hit = stderr
            .lines()
            .find(|line| line.starts_with(&start))
            .unwrap();
        assert!(hit.contains(" in break (build ID "), "{hit}");
        assert!(hit.ends_with(&format!("argument {number}")), "{hit}");
    }
    assert!(count(&stderr, "    #1 0x") == 3, "{stderr}");
    let last = stderr.lines().last();
    assert_eq!(last, Some("removed; the child ended with status 0"));
}

#[test]
fn program_of_the_system_stops_in_its_libraries_and_its_output_is_unchanged() {
    let expected = Command::new("/bin/ls").arg("/").output().unwrap().stdout;
    let (output, stdout, stderr) = run(&["--symbol", "malloc", "--count", "5", "/bin/ls", "/"]);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stdout.into_bytes(), expected);
    assert_eq!(count(&stderr, "hit "), 5, "{stderr}");
    assert!(stderr.contains(" in libc.so.6 (build ID "), "{stderr}");
    let last = stderr.lines().last();
    assert_eq!(last, Some("removed; the program ended with status 0"));
}

#[test]
fn every_call_of_every_thread_is_a_hit() {
    let program = Program::with_threads();
    let (_, stdout, stderr) = run(&["--symbol", "work", "--count", "5000", program.path()]);
    assert_eq!(stdout, "total 1600\n");
    assert_eq!(count(&stderr, "hit "), 1600);
    let last = stderr.lines().last();
    let expected = "the program ended with status 7, after 1600 of 5000 hits";
    assert_eq!(last, Some(expected));
}

#[test]
fn threads_that_wait_at_the_breakpoint_continue_after_its_removal() {
    let program = Program::with_threads();
    for _ in 0..3 {
        let (_, stdout, stderr) = run(&["--symbol", "work", "--count", "77", program.path()]);
        assert_eq!(stdout, "total 1600\n");
        assert_eq!(count(&stderr, "hit "), 77);
        let last = stderr.lines().last();
        assert_eq!(last, Some("removed; the program ended with status 7"));
    }
}

#[test]
fn ctrl_c_removes_the_breakpoint_and_the_program_continues() {
    let program = Program::that_counts();
    let mut debugger = example()
        .args(["--symbol", "work", "--count", "100000", program.path()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(debugger.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "0");
    kill(Pid::from_raw(debugger.id().cast_signed()), Signal::SIGINT).unwrap();
    let mut stderr = String::new();
    let stream = debugger.stderr.take().unwrap();
    // The program has this stderr, too.
    let mut stream = BufReader::new(stream);
    while !stderr.ends_with("removed; the program continues\n") {
        assert_ne!(stream.read_line(&mut stderr).unwrap(), 0, "{stderr}");
    }
    assert!(debugger.wait().unwrap().success());
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(rest.last().map(String::as_str), Some("end"));
    let mut after = String::new();
    stream.read_to_string(&mut after).unwrap();
    assert_eq!(after, "");
}

#[test]
fn program_whose_first_thread_has_ended_stops_and_ends() {
    let program = Program::without_first_thread();
    let (_, stdout, stderr) = run(&["--symbol", "work", "--count", "2", program.path()]);
    assert_eq!(stdout, "end\n", "{stderr}");
    let last = stderr.lines().last();
    assert_eq!(last, Some("removed; the program ended with status 3"));
}

#[test]
fn program_that_is_killed_has_the_status_of_the_signal() {
    let program = Program::that_counts();
    for _ in 0..5 {
        let mut debugger = example()
            .args(["--symbol", "work", "--count", "100000", program.path()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(debugger.stderr.take().unwrap()).lines();
        let hit = lines.next().unwrap().unwrap();
        let (_, thread) = hit.split_once(", thread ").unwrap();
        let pid = thread.split(',').next().unwrap().parse().unwrap();
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        let last = lines.map(Result::unwrap).last().unwrap();
        assert!(last.contains("ended with status 137"), "{last}");
        debugger.wait().unwrap();
    }
}

#[test]
fn signals_and_break_instructions_of_the_program_reach_it() {
    let program = Program::with_signals();
    let (_, stdout, stderr) = run(&["--symbol", "work", "--count", "5", program.path()]);
    assert_eq!(stdout, "SIGUSR1 10\nSIGTRAP 10\n", "{stderr}");
    assert_eq!(count(&stderr, "hit "), 5, "{stderr}");
}

#[test]
fn unknown_symbol_program_and_indirect_function_are_errors() {
    let (output, stdout, stderr) = run(&["--symbol", "no_such_function", "/bin/ls"]);
    assert!(!output.status.success());
    assert_eq!(stdout, "", "the program did not run");
    assert!(
        stderr.contains("no loaded module has a function no_such_function"),
        "{stderr}"
    );
    assert!(stderr.contains("libc.so.6"), "{stderr}");

    let (output, _, stderr) = run(&["--symbol", "main", "/no/such/program"]);
    assert!(!output.status.success());
    assert!(stderr.contains("cannot start /no/such/program"), "{stderr}");

    #[cfg(target_arch = "x86_64")]
    {
        let (output, _, stderr) = run(&["--symbol", "memcpy", "/bin/ls"]);
        assert!(!output.status.success());
        assert!(
            stderr.contains("memcpy is an indirect function"),
            "{stderr}"
        );
    }
}
