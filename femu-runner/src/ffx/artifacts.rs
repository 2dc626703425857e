//! Prints the program's output, which `ffx test run` writes to files.
//!
//! The files are `DIRECTORY/stdout.txt` and `DIRECTORY/stderr.txt` of the test case. ffx writes a file
//! in pieces of 8 KiB, and the rest when the stream ends
//! (`src/sys/run_test_suite/src/output/directory.rs`: 2023, 2024). There is no earlier source of
//! the unmodified output: ffx's own stdout has it with other lines in between.

use crate::printer::{is_behind, print_stderr, print_stdout};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const POLL_INTERVAL: Duration = Duration::from_millis(100);
const STDOUT: &str = "stdout.txt";

/// Prints the stdout of test cases while the test runs.
#[derive(Debug)]
pub struct Follower {
    output: PathBuf,
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Printed>,
}

impl Follower {
    /// Starts to follow the output directory of a test, which need not exist yet.
    pub fn start(output: &Path) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let thread = {
            let (output, ended) = (output.to_owned(), Arc::clone(&ended));
            thread::spawn(move || {
                let mut printed = Printed::default();
                while !ended.load(Ordering::Relaxed) {
                    if !is_behind() {
                        printed.print_stdout_of_all(&output);
                    }
                    thread::sleep(POLL_INTERVAL);
                }
                printed
            })
        };
        Self {
            output: output.to_owned(),
            ended,
            thread,
        }
    }

    /// Prints the rest of the output, after the test has ended. Each artifact is a path below the output
    /// directory. Without artifacts, because ffx was killed, prints all files.
    pub fn finish(self, artifacts: Option<&Artifacts>) {
        self.ended.store(true, Ordering::Relaxed);
        let mut printed = self.thread.join().unwrap_or_default();
        let Some(artifacts) = artifacts else {
            printed.print_stdout_of_all(&self.output);
            return;
        };
        for file in &artifacts.stdout {
            printed.print_rest(&self.output.join(file), print_stdout);
        }
        for file in &artifacts.stderr {
            printed.print_rest(&self.output.join(file), print_stderr);
        }
    }
}

/// The files with the output of all test cases.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    pub stdout: Vec<PathBuf>,
    pub stderr: Vec<PathBuf>,
}

/// The number of bytes of each file that were printed.
#[derive(Debug, Default)]
struct Printed(BTreeMap<PathBuf, u64>);

impl Printed {
    fn print_stdout_of_all(&mut self, output: &Path) {
        let Ok(directories) = fs::read_dir(output) else {
            return;
        };
        for directory in directories.flatten() {
            // Only test cases have this file.
            let file = directory.path().join(STDOUT);
            self.print_rest(&file, print_stdout);
        }
    }

    fn print_rest(&mut self, path: &Path, print: fn(Vec<u8>)) {
        let printed = self.0.entry(path.to_owned()).or_default();
        let mut rest = Vec::new();
        let result = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(*printed))?;
            file.read_to_end(&mut rest)
        });
        if result.is_ok() && !rest.is_empty() {
            *printed += rest.len() as u64;
            print(rest);
        }
    }
}
