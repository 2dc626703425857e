//! Output of the program that is debugged.
//!
//! On Zircon of July 2019 a program whose stdin, stdout and stderr are a debuglog cannot pass them on to a
//! child (measured): fdio cannot transfer a debuglog (read in the source). So the child gets no stdin, pipes
//! replace the others, and threads copy the output.

use crate::run_control::Result;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

/// Replaces stdin, stdout and stderr.
pub(crate) fn pipe_output(command: &mut Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
}

/// The threads.
pub(crate) struct Relay(Vec<JoinHandle<io::Result<()>>>);

impl Relay {
    pub(crate) fn start(child: Child) -> Self {
        let stdout = child.stdout.map(|from| copy(from, io::stdout()));
        let stderr = child.stderr.map(|from| copy(from, io::stderr()));
        Self(stdout.into_iter().chain(stderr).collect())
    }

    /// Waits until no process has the program's stdout or stderr any more.
    pub(crate) fn finish(self) -> Result<()> {
        for thread in self.0 {
            thread.join().expect("a thread that copies has panicked")?;
        }
        Ok(())
    }
}

/// Copies until the pipe is closed.
///
/// Stdout and stderr can be one debuglog, whose buffer in fdio has no lock (read in the source of July 2019).
/// The debugger prints to stderr, so each write is under the lock of stderr.
fn copy(
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
) -> JoinHandle<io::Result<()>> {
    thread::spawn(move || {
        let mut buffer = [0; 1024];
        loop {
            let count = from.read(&mut buffer)?;
            let _lock = io::stderr().lock();
            if count == 0 {
                return to.flush();
            }
            // A piece can end within a line. Stdout keeps such an end until the line is complete.
            to.write_all(&buffer[..count])?;
        }
    })
}
