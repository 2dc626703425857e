//! The processes that ffx leaves running: the emulator and the package server.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Time for a process to end after ffx was asked to stop it.
pub const STOP_TIME: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A process whose working directory is in the isolate directory, or whose command line names it.
/// Without `/proc` it counts as ended, so the runner signals no process that it cannot identify.
#[derive(Debug)]
pub struct Background {
    pid: Pid,
    isolate_dir: PathBuf,
}

impl Background {
    /// The process with this ID, if it belongs to the isolate directory.
    pub fn find(pid: i32, isolate_dir: &Path) -> Option<Self> {
        let process = Self {
            pid: Pid::from_raw(pid)?,
            isolate_dir: isolate_dir.to_owned(),
        };
        process.is_alive().then_some(process)
    }

    fn is_alive(&self) -> bool {
        // A zombie has neither. Another process that has got the ID has other ones.
        let proc = format!("/proc/{}", self.pid.as_raw_nonzero());
        let works_there = fs::read_link(format!("{proc}/cwd"))
            .is_ok_and(|directory| directory.starts_with(&self.isolate_dir));
        let command_line = fs::read(format!("{proc}/cmdline")).unwrap_or_default();
        let isolate_dir = self.isolate_dir.as_os_str().as_encoded_bytes();
        works_there || memchr::memmem::find(&command_line, isolate_dir).is_some()
    }

    /// Waits until the process has ended. Kills it at the end of `patience`.
    pub fn end(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.is_alive() {
            if Instant::now() >= deadline {
                let _ = kill_process(self.pid, Signal::KILL);
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}
