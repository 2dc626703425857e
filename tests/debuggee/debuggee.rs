//! A child process that takes commands: one line on its stdin, one line back on its stdout.
//! The directory has no `main.rs`, so cargo makes no test target of it. Tests include this file
//! by `#[path]` and add their own commands.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use zx_process_memory::Process;

/// Kills the child and waits for it on drop.
pub(crate) struct Debuggee {
    pub(crate) child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Debuggee {
    /// Starts the program with piped stdin and stdout. The child may still be in `exec` when
    /// this returns.
    pub(crate) fn spawn(program: &mut Command) -> Self {
        let program = program.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdin,
            stdout,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A new handle to the child.
    pub(crate) fn process(&self) -> Process {
        Process::from_child(&self.child).unwrap()
    }

    /// Writes a command and reads one line.
    pub(crate) fn ask(&mut self, command: impl Display) -> String {
        self.send(command);
        self.read_line().expect("the debuggee has ended")
    }

    pub(crate) fn send(&mut self, command: impl Display) {
        writeln!(self.stdin, "{command}").unwrap();
    }

    /// The next line without its line end, or `None` if the child has closed its stdout.
    pub(crate) fn read_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let len = self.stdout.read_line(&mut line).unwrap();
        (len != 0).then(|| line.trim_end().to_owned())
    }

    /// The next `len` bytes, for output that is not text.
    pub(crate) fn read_bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.stdout.read_exact(&mut bytes).unwrap();
        bytes
    }

    pub(crate) fn kill_and_wait(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Debuggee {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
