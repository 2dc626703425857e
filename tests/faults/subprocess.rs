//! Runs each test in a process of its own. Limits, mounts and crashes of a test affect no other
//! test, and a test that hangs can be killed.

use libtest_mimic::{Completion, Failed};
use rustix::process::{Pid, Signal, kill_process_group};
use std::env;
use std::io::ErrorKind;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio, exit};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// The environment variable with the name of the function to run.
const FUNCTION: &str = "ZX_PROCESS_MEMORY_FAULT";

/// Only a test that hangs takes that long.
const TIMEOUT: Duration = Duration::from_secs(1800);

/// The exit status for a skipped test, as in automake.
const SKIPPED: i32 = 77;

/// The name of the function that this process must run, if it is a subprocess.
pub(crate) fn requested_function() -> Option<String> {
    env::var(FUNCTION).ok()
}

/// Exits, and reports the test as skipped for this reason.
pub(crate) fn skip(reason: &str) -> ! {
    println!("{reason}");
    exit(SKIPPED);
}

/// A command that starts this program and runs the function. The path works even for a user who
/// has no access to the directories of the file.
pub(crate) fn command(function: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.env(FUNCTION, function);
    command
}

/// Runs a function of the current test in a subprocess. Its failure fails the test, and its skip
/// skips the test.
pub(crate) fn run(command: &mut Command) {
    let output = match command.output() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            skip("the other user has no permission to execute this program")
        }
        output => output.unwrap(),
    };
    match skip_reason(&output) {
        Ok(None) => {}
        Ok(Some(reason)) => skip(&reason),
        Err(message) => panic!("{message}"),
    }
}

/// Runs a test in a subprocess and returns its result to the test harness.
pub(crate) fn run_trial(test: &str) -> Result<Completion, Failed> {
    let output = run_with_timeout(command(test).process_group(0))?;
    Ok(match skip_reason(&output)? {
        None => Completion::Completed,
        Some(reason) => Completion::ignored_with(reason),
    })
}

/// The reason for a skip, `None` if the function passed, or an error if it failed.
fn skip_reason(output: &Output) -> Result<Option<String>, String> {
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(None),
        Some(SKIPPED) => Ok(Some(text(&output.stdout))),
        _ => {
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            Err(format!("{}\n{out}\n{err}", output.status))
        }
    }
}

/// The output of the subprocess, or an error if it was killed.
fn run_with_timeout(command: &mut Command) -> Result<Output, Failed> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = command.stderr(Stdio::piped()).spawn()?;
    let group = Pid::from_child(&child);
    let (child_has_ended, end_of_child) = channel::<()>();
    let watchdog = thread::spawn(move || {
        if end_of_child.recv_timeout(TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            // The group includes all processes that the test started.
            let _ = kill_process_group(group, Signal::KILL);
        }
    });
    let output = child.wait_with_output()?;
    drop(child_has_ended);
    watchdog.join().map_err(|_| "the watchdog panicked")?;
    if output.status.signal() == Some(Signal::KILL.as_raw()) {
        return Err("killed: the test timed out, or memory ran out".into());
    }
    Ok(output)
}
