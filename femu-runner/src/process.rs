//! Runs a child process, reads its output by lines, and always kills and reaps it.

use crate::line_splitter::LineSplitter;
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

/// Interval between two checks whether the child has exited.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Limit for the returned part of stderr.
const MAX_STDERR: usize = 64 * 1024;
/// Time to read the remaining output after the child has exited.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// How the child process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It exited with this status. `None` if a signal killed it.
    Exited(Option<i32>),
    /// It was killed after the time of `LineAction::StopAfter`.
    Stopped,
    /// It was killed at the time limit.
    TimedOut,
    /// It was killed because the runner received this signal.
    Interrupted(i32),
}

/// Whether to continue after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineAction {
    /// Continue.
    Continue,
    /// Continue, but kill the child if it has not exited after this time.
    StopAfter(Duration),
}

/// The stream of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The child's stdout.
    Stdout,
    /// The child's stderr.
    Stderr,
}

enum Event {
    Line(Stream, Vec<u8>),
    StreamClosed,
    Signal(i32),
}

/// Runs `argv` in a new process group, with an empty stdin.
///
/// Calls `on_line` with each line. Returns how the child ended, and the first part of its stderr.
///
/// # Errors
///
/// The child cannot be started or waited for.
pub fn run(
    argv: &[OsString],
    limit: Duration,
    mut on_line: impl FnMut(Stream, &[u8]) -> LineAction,
) -> io::Result<(ProcessEnd, Vec<u8>)> {
    let (sender, receiver) = channel();
    let _signal_watcher = SignalWatcher::start(sender.clone())?;
    let mut group = ProcessGroup::start(argv)?;
    read_lines(Stream::Stdout, group.leader.stdout.take(), sender.clone());
    read_lines(Stream::Stderr, group.leader.stderr.take(), sender);
    let mut stderr = Vec::new();
    let killed = wait(&group, &receiver, limit, &mut |stream, line| {
        if stream == Stream::Stderr && stderr.len() < MAX_STDERR {
            stderr.extend([line, b"\n"].concat());
        }
        on_line(stream, line)
    })?;
    let status = group.kill_and_reap()?;
    Ok((killed.unwrap_or(ProcessEnd::Exited(status.code())), stderr))
}

/// Handles events until the child has exited, or must be killed. Returns `None` if it has exited.
fn wait(
    group: &ProcessGroup,
    receiver: &Receiver<Event>,
    limit: Duration,
    on_line: &mut impl FnMut(Stream, &[u8]) -> LineAction,
) -> io::Result<Option<ProcessEnd>> {
    let mut deadline = Instant::now() + limit;
    let mut end_at_deadline = ProcessEnd::TimedOut;
    let mut exited = false;
    let mut open_streams = 2;
    loop {
        let now = Instant::now();
        if exited && (open_streams == 0 || now >= deadline) {
            return Ok(None);
        }
        if now >= deadline {
            return Ok(Some(end_at_deadline));
        }
        // The signal watcher keeps a sender, so an error is always a timeout.
        match receiver.recv_timeout(POLL_INTERVAL.min(deadline - now)) {
            Ok(Event::Signal(signal)) => return Ok(Some(ProcessEnd::Interrupted(signal))),
            Ok(Event::StreamClosed) => open_streams -= 1,
            Ok(Event::Line(stream, line)) => {
                if let LineAction::StopAfter(grace) = on_line(stream, &line) {
                    deadline = deadline.min(Instant::now() + grace);
                    end_at_deadline = ProcessEnd::Stopped;
                }
            }
            Err(_) => {
                if !exited && group.leader_exited()? {
                    exited = true;
                    // A grandchild can keep the pipes open without limit.
                    deadline = deadline.min(Instant::now() + DRAIN_TIME);
                }
            }
        }
    }
}

/// A child process that leads its own process group. `Drop` kills the group.
struct ProcessGroup {
    leader: Child,
    killed: bool,
}

impl ProcessGroup {
    fn start(argv: &[OsString]) -> io::Result<Self> {
        let (program, arguments) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // With its own group, the child does not receive the terminal's signals, and the
            // runner can kill the child's children as well.
            .process_group(0)
            .spawn()
            .map(|leader| Self {
                leader,
                killed: false,
            })
    }

    /// Whether the child has exited. Does not reap it, so that its PID is not reused before
    /// `kill_and_reap`.
    fn leader_exited(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.leader)), options)?.is_some())
    }

    fn kill_and_reap(&mut self) -> io::Result<ExitStatus> {
        if !self.killed {
            // This fails if no process of the group is left.
            let _ = kill_process_group(Pid::from_child(&self.leader), Signal::KILL);
            self.killed = true;
        }
        self.leader.wait()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        let _ = self.kill_and_reap();
    }
}

/// Sends an event for each SIGINT, SIGTERM and SIGHUP of the runner, until it is dropped.
#[derive(Debug)]
struct SignalWatcher {
    handle: signal_hook::iterator::Handle,
}

impl SignalWatcher {
    fn start(sender: Sender<Event>) -> io::Result<Self> {
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

impl Drop for SignalWatcher {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Starts a thread that sends the lines of `pipe`.
fn read_lines(stream: Stream, pipe: Option<impl Read + Send + 'static>, sender: Sender<Event>) {
    let Some(mut pipe) = pipe else { return };
    thread::spawn(move || {
        let mut splitter = LineSplitter::default();
        let mut buffer = [0; 8192];
        loop {
            let length = pipe.read(&mut buffer).unwrap_or(0);
            let lines = if length == 0 {
                splitter.finish().into_iter().collect()
            } else {
                splitter.push(&buffer[..length])
            };
            for line in lines {
                if sender.send(Event::Line(stream, line)).is_err() {
                    return;
                }
            }
            if length == 0 {
                let _ = sender.send(Event::StreamClosed);
                return;
            }
        }
    });
}
