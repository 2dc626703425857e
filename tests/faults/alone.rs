//! A process for each test, so that what it limits, mounts or crashes is its own, and what
//! hangs can be killed.

use libtest_mimic::{Completion, Failed};
use rustix::process::{Pid, Signal, kill_process_group};
use std::env;
use std::io::ErrorKind;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio, exit};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

const WANTED: &str = "ZX_PROCESS_MEMORY_FAULT";

/// Far beyond what the slowest test takes on the slowest machine. It ends a hang and
/// decides nothing else.
const WATCHDOG: Duration = Duration::from_secs(1800);

/// automake's exit status for a test that was skipped.
const SKIPPED: i32 = 77;

/// What this process was started for, if for one test or a part of it.
pub(crate) fn wanted() -> Option<String> {
    env::var(WANTED).ok()
}

/// Ends the test as one that this machine does not allow.
pub(crate) fn skip(reason: &str) -> ! {
    println!("{reason}");
    exit(SKIPPED);
}

/// This program again, to run one test or part. Its file is named so that a user to whom
/// the folders are closed can start it as well.
pub(crate) fn program(name: &str) -> Command {
    let mut program = Command::new("/proc/self/exe");
    program.env(WANTED, name);
    program
}

/// Runs a part of the test that is running, and takes over its end.
pub(crate) fn part(program: &mut Command) {
    let output = match program.output() {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            skip("this program is not for other users to run")
        }
        output => output.unwrap(),
    };
    match verdict(&output) {
        Ok(None) => {}
        Ok(Some(reason)) => skip(&reason),
        Err(why) => panic!("{why}"),
    }
}

/// Runs a test and tells its end to the harness.
pub(crate) fn trial(name: &str) -> Result<Completion, Failed> {
    let output = watched(program(name).process_group(0))?;
    Ok(match verdict(&output)? {
        None => Completion::Completed,
        Some(reason) => Completion::ignored_with(reason),
    })
}

/// The reason why it was skipped, if it was.
fn verdict(output: &Output) -> Result<Option<String>, String> {
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

/// The program's output, or an error if it does not come to an end.
fn watched(program: &mut Command) -> Result<Output, Failed> {
    let program = program.stdin(Stdio::null()).stdout(Stdio::piped());
    let child = program.stderr(Stdio::piped()).spawn()?;
    let group = Pid::from_child(&child);
    let (ended, told) = channel::<()>();
    let dog = thread::spawn(move || {
        if told.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
            // With all that it started.
            let _ = kill_process_group(group, Signal::KILL);
        }
    });
    let output = child.wait_with_output()?;
    drop(ended);
    dog.join().map_err(|_| "the watchdog fails")?;
    if output.status.signal() == Some(Signal::KILL.as_raw()) {
        return Err("killed, by the watchdog or for want of memory".into());
    }
    Ok(output)
}
