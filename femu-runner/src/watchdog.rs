//! Cleans up if the runner is killed.

use rustix::process::Pid;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Reads process group IDs until the pipe is closed. Then kills the last group, and removes the file.
/// An empty line means that the last group has ended.
const SCRIPT: &str = r#"while read -r line; do group=$line; done
[ -z "$group" ] || kill -s KILL -- "-$group"
rm -f -- "$1""#;

/// A shell that survives the runner. It kills QEMU and removes the boot image when the runner has
/// ended, even if SIGKILL ended the runner.
#[derive(Debug)]
pub struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Starts a watchdog that removes `file`.
    ///
    /// # Errors
    ///
    /// The shell cannot be started.
    pub fn start(file: &Path) -> io::Result<Self> {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "femu-runner-watchdog"])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A signal to the runner's process group must not reach the watchdog.
            .process_group(0)
            .spawn()?;
        Ok(Self { shell })
    }

    /// Names the process group that must not survive the runner. `None` after the group has ended,
    /// and before its leader is reaped, because the system can use the ID again after that.
    ///
    /// # Errors
    ///
    /// The shell was killed.
    pub fn set_group(&mut self, leader: Option<Pid>) -> io::Result<()> {
        let line = leader.map_or(String::new(), |pid| pid.as_raw_nonzero().to_string());
        match &mut self.shell.stdin {
            Some(pipe) => pipe.write_all(format!("{line}\n").as_bytes()),
            None => Ok(()),
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
