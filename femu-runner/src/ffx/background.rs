//! The processes that ffx leaves running: the emulator and the package server.
//!
//! They are found in `/proc`. Without it, the runner stops them through ffx alone. ffx counts a zombie as
//! a process that runs (`is_running` in `lib/pkg/src/instance.rs`, `is_pid_running` in
//! `lib/emulator_instance/src/lib.rs`: 2024, 2026). In a container whose first process reaps nothing, that
//! is forever. This module does not count it.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Time for a process to end after ffx was asked to stop it.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Time for a process that was just started to get its command line.
const EXEC_TIME: Duration = Duration::from_millis(500);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A process that works in a directory of ffx, or names it on its command line.
#[derive(Debug)]
pub struct Background {
    pid: Pid,
    directory: PathBuf,
}

impl Background {
    /// The process with this ID, if it belongs to the directory and runs.
    pub fn find(pid: i32, directory: &Path) -> Option<Self> {
        // The command line is empty until an exec is complete, and that of a zombie is always empty.
        let deadline = Instant::now() + EXEC_TIME;
        while command_line(pid).is_ok_and(|line| line.is_empty()) && Instant::now() < deadline {
            thread::sleep(POLL_INTERVAL);
        }
        let process = Self {
            pid: Pid::from_raw(pid)?,
            directory: directory.to_owned(),
        };
        process.is_alive().then_some(process)
    }

    /// The processes that work in the directory. ffx starts an emulator in the directory of its
    /// instance (`stage` in `plugins/emulator/engines/src/qemu_based/mod.rs`: 2024, 2026).
    pub fn in_directory(directory: &Path) -> Vec<Self> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
        ids.filter(|id| works_in(*id, directory))
            .filter_map(|id| Self::find(id, directory))
            .collect()
    }

    /// A zombie has neither. Another process that has got the ID has other ones.
    fn is_alive(&self) -> bool {
        let pid = self.pid.as_raw_nonzero().get();
        let command_line = command_line(pid).unwrap_or_default();
        let directory = self.directory.as_os_str().as_encoded_bytes();
        works_in(pid, &self.directory) || memchr::memmem::find(&command_line, directory).is_some()
    }

    /// Waits until the process has ended, and kills it if that takes too long.
    pub fn end(&self) {
        let deadline = Instant::now() + STOP_TIME;
        while self.is_alive() {
            if Instant::now() >= deadline {
                let _ = kill_process(self.pid, Signal::KILL);
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// The arguments of a process, each with a NUL.
fn command_line(pid: i32) -> io::Result<Vec<u8>> {
    fs::read(format!("/proc/{pid}/cmdline"))
}

/// Whether a process works in the directory, which can have been removed.
fn works_in(pid: i32, directory: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(directory))
}

/// Whether `/proc` shows which processes run.
pub fn is_observable() -> bool {
    Path::new("/proc/self/cwd").exists()
}
