//! A child process that is always ended and reaped, and what it prints, line by line.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::lines::Lines;

/// How often the child is asked whether it still runs.
const TICK: Duration = Duration::from_millis(50);
/// How much of stderr is kept.
const STDERR_LEN: usize = 64 * 1024;
/// How long output may still come from a child that has ended.
const DRAIN: Duration = Duration::from_secs(2);

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status; or `None` where a signal ended it.
    Exited(Option<i32>),
    /// It was stopped, since all was told.
    Stopped,
    /// It was stopped at the limit.
    TimedOut,
    /// The runner was told to stop, by this signal.
    Interrupted(i32),
}

/// What the reader of a child's output wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More lines.
    Go,
    /// More lines, but the child should end soon.
    Finish(Duration),
}

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The child's output.
    Stdout,
    /// The child's complaints.
    Stderr,
}

enum Event {
    Line(Stream, Vec<u8>),
    Closed,
    Signal(i32),
}

/// Signals that were sent to the runner, from now on.
#[derive(Debug)]
pub struct Interrupts {
    handle: signal_hook::iterator::Handle,
}

/// Runs `argv` to its end, in its own process group and without stdin.
///
/// `line` gets every line. The child's stderr also comes back, bounded.
///
/// # Errors
///
/// The program could not be started.
pub fn run(
    argv: &[OsString],
    limit: Duration,
    mut line: impl FnMut(Stream, &[u8]) -> Next,
) -> io::Result<(End, Vec<u8>)> {
    let (sender, receiver) = channel();
    let _interrupts = Interrupts::watch(sender.clone())?;
    let mut group = Group::start(argv)?;
    read_lines(Stream::Stdout, group.0.stdout.take(), sender.clone());
    read_lines(Stream::Stderr, group.0.stderr.take(), sender);
    let mut errors = Vec::new();
    let stopped = follow(&group, &receiver, limit, &mut |from, text| {
        if from == Stream::Stderr && errors.len() < STDERR_LEN {
            errors.extend([text, b"\n"].concat());
        }
        line(from, text)
    })?;
    let status = group.end()?;
    Ok((stopped.unwrap_or(End::Exited(status.code())), errors))
}

/// Hands on lines until the child has ended by itself (`None`) or is to be ended.
fn follow(
    group: &Group,
    receiver: &Receiver<Event>,
    limit: Duration,
    line: &mut impl FnMut(Stream, &[u8]) -> Next,
) -> io::Result<Option<End>> {
    let mut deadline = Instant::now() + limit;
    let mut at_deadline = End::TimedOut;
    let mut exited = false;
    let mut open = 2;
    loop {
        let now = Instant::now();
        if exited && (open == 0 || now >= deadline) {
            return Ok(None);
        }
        if now >= deadline {
            return Ok(Some(at_deadline));
        }
        // The sender of signals stays, so that this never says that all are gone.
        let event = receiver.recv_timeout(TICK.min(deadline - now));
        match event {
            Ok(Event::Signal(signal)) => return Ok(Some(End::Interrupted(signal))),
            Ok(Event::Closed) => open -= 1,
            Ok(Event::Line(from, text)) => {
                if let Next::Finish(grace) = line(from, &text) {
                    deadline = deadline.min(Instant::now() + grace);
                    at_deadline = End::Stopped;
                }
            }
            Err(_) => {
                if !exited && group.has_ended()? {
                    exited = true;
                    // A child of the child may hold the pipe open for ever.
                    deadline = deadline.min(Instant::now() + DRAIN);
                }
            }
        }
    }
}

/// A child and what it starts, and whether they were killed. Dropped, they are.
struct Group(Child, bool);

impl Group {
    fn start(argv: &[OsString]) -> io::Result<Self> {
        let (program, rest) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        Command::new(program)
            .args(rest)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own, so that it is not stopped by the terminal but by us, children and all.
            .process_group(0)
            .spawn()
            .map(|child| Self(child, false))
    }
}

impl Group {
    /// Whether the child has ended. It is not reaped, so that its id stays its own.
    fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.0)), options)?.is_some())
    }

    /// Kills what is left of the group, and reaps the child.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.1 {
            // It fails where nothing is left to kill.
            let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
            self.1 = true;
        }
        self.0.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

impl Interrupts {
    fn watch(sender: Sender<Event>) -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        thread::spawn(move || {
            for signal in signals.forever() {
                if sender.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { handle })
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        self.handle.close();
    }
}

fn read_lines(from: Stream, pipe: Option<impl Read + Send + 'static>, sender: Sender<Event>) {
    let Some(mut pipe) = pipe else { return };
    thread::spawn(move || {
        let mut lines = Lines::default();
        let mut buffer = [0; 8192];
        loop {
            let length = pipe.read(&mut buffer).unwrap_or(0);
            let found = if length == 0 {
                lines.finish()
            } else {
                lines.push(&buffer[..length])
            };
            for line in found {
                if sender.send(Event::Line(from, line)).is_err() {
                    return;
                }
            }
            if length == 0 {
                let _ = sender.send(Event::Closed);
                return;
            }
        }
    });
}
