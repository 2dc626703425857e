//! Prints on stdout and stderr.
//!
//! One thread writes, so that a terminal or a pipe that accepts nothing stops neither the time limit nor
//! the signals. Errors are ignored: the exit status still reports the verdict if the other end of a pipe
//! is closed.

use crate::signals::Signals;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Number of pieces that can wait to be written before the runner stops to read from its child.
const MAX_QUEUE: usize = 256;
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Number of lines that `print_tail` prints.
const TAIL: usize = 30;

enum Piece {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

/// Number of pieces that were not written yet.
static QUEUED: AtomicUsize = AtomicUsize::new(0);

static WRITER: LazyLock<Sender<Piece>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for piece in receiver {
            let _ = match piece {
                Piece::Stdout(bytes) => write(&mut io::stdout(), &bytes),
                Piece::Stderr(bytes) => write(&mut io::stderr(), &bytes),
            };
            QUEUED.fetch_sub(1, Ordering::Release);
        }
    });
    sender
});

fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

fn print(piece: Piece) {
    QUEUED.fetch_add(1, Ordering::Relaxed);
    // The writer never ends.
    let _ = WRITER.send(piece);
}

/// Prints bytes on stdout.
pub fn print_stdout(bytes: Vec<u8>) {
    print(Piece::Stdout(bytes));
}

/// Prints bytes on stderr.
pub fn print_stderr(bytes: Vec<u8>) {
    print(Piece::Stderr(bytes));
}

/// Prints a line on stdout.
pub fn print_line(line: &[u8]) {
    print_stdout([line, b"\n"].concat());
}

/// Prints a message of the runner itself on stderr.
pub fn print_message(text: impl Display) {
    print_stderr(format!("femu-runner: {text}\n").into_bytes());
}

/// Prints the last lines of a text on stderr.
pub fn print_tail<L: AsRef<[u8]>>(title: &str, lines: &[L]) {
    if lines.is_empty() {
        return;
    }
    print_message(format_args!("{title}:"));
    for line in &lines[lines.len().saturating_sub(TAIL)..] {
        print_stderr([b"    ", line.as_ref(), b"\n"].concat());
    }
}

/// Whether so much waits to be written that nothing should be added.
pub fn is_behind() -> bool {
    QUEUED.load(Ordering::Relaxed) > MAX_QUEUE
}

/// Waits until all was written, until a signal arrives, or for `limit`.
pub fn finish(signals: &Signals, limit: Option<Duration>) {
    let deadline = limit.map(|limit| Instant::now() + limit);
    while QUEUED.load(Ordering::Acquire) > 0 {
        let is_late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_late || signals.take().is_some() {
            return;
        }
        thread::sleep(POLL_INTERVAL);
    }
}
