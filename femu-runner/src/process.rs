//! Runs a child process, reads its output by lines, and always reaps it.

use crate::line_splitter::LineSplitter;
use crate::printer;
use crate::signals::Signals;
use crate::watchdog::Watchdog;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Interval between two checks whether the child has exited, or a signal has arrived.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Interval between two checks whether a child that has closed its output has exited.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(5);
/// Number of lines that were read and not handled.
const MAX_LINES: usize = 256;
/// Limit for the returned part of stderr.
const MAX_STDERR: usize = 64 * 1024;
/// Time to read the remaining output after the child has exited.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// Time for a child to end after SIGINT, before SIGKILL.
const TERMINATION_TIME: Duration = Duration::from_secs(3);

/// How the child process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEnd {
    /// It exited with this status. `None` if a signal killed it.
    Exited(Option<i32>),
    /// It was killed after the time of a `LineAction`.
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
    /// Continue, but kill the child if it prints nothing for this time.
    StopAfterSilence(Duration),
}

/// The stream of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The child's stdout.
    Stdout,
    /// The child's stderr.
    Stderr,
}

/// The processes that the child has started, which are in its process group.
#[derive(Debug)]
pub enum Descendants<'a> {
    /// They are killed when the child has exited. The watchdog kills them if the runner is killed.
    Kill(&'a mut Watchdog),
    /// They continue when the child has exited. At the time limit, and after a signal to the runner,
    /// the whole group gets SIGINT, as from a terminal, and SIGKILL some time later.
    Keep,
}

enum Event {
    Line(Stream, Vec<u8>),
    StreamClosed,
}

/// Runs `command` in a new process group, with an empty stdin. Without `signals`, a signal to the runner
/// does not end the child.
///
/// Calls `on_line` with each line. Returns how the child ended, and the first part of its stderr.
///
/// # Errors
///
/// The child cannot be started or waited for.
pub fn run(
    command: &mut Command,
    mut descendants: Descendants<'_>,
    limit: Duration,
    signals: Option<&Signals>,
    mut on_line: impl FnMut(Stream, &[u8]) -> LineAction,
) -> io::Result<(ProcessEnd, Vec<u8>)> {
    let (sender, receiver) = sync_channel(MAX_LINES);
    let mut group = ProcessGroup::start(command)?;
    if let Descendants::Kill(watchdog) = &mut descendants {
        watchdog.set_group(Some(group.id()))?;
    }
    read_lines(Stream::Stdout, group.leader.stdout.take(), sender.clone());
    read_lines(Stream::Stderr, group.leader.stderr.take(), sender);
    let mut stderr = Vec::new();
    let killed = wait(&group, &receiver, limit, signals, &mut |stream, line| {
        if stream == Stream::Stderr && stderr.len() < MAX_STDERR {
            stderr.extend([line, b"\n"].concat());
        }
        on_line(stream, line)
    })?;
    match (descendants, killed) {
        (Descendants::Kill(watchdog), _) => {
            group.kill(Signal::KILL);
            // Without the watchdog, the run has its result all the same.
            let _ = watchdog.set_group(None);
        }
        (Descendants::Keep, Some(_)) => group.terminate()?,
        (Descendants::Keep, None) => {}
    }
    let status = group.reap()?;
    Ok((killed.unwrap_or(ProcessEnd::Exited(status.code())), stderr))
}

/// Handles events until the child has exited, or must be killed. Returns `None` if it has exited.
fn wait(
    group: &ProcessGroup,
    receiver: &Receiver<Event>,
    limit: Duration,
    signals: Option<&Signals>,
    on_line: &mut impl FnMut(Stream, &[u8]) -> LineAction,
) -> io::Result<Option<ProcessEnd>> {
    let mut deadline = Instant::now() + limit;
    let mut end_at_deadline = ProcessEnd::TimedOut;
    let mut silence_deadline = None;
    let mut exited = false;
    let mut open_streams = 2;
    loop {
        if let Some(signal) = signals.and_then(Signals::take) {
            return Ok(Some(ProcessEnd::Interrupted(signal)));
        }
        let now = Instant::now();
        if exited && (open_streams == 0 || now >= deadline) {
            return Ok(None);
        }
        if now >= deadline {
            return Ok(Some(end_at_deadline));
        }
        if silence_deadline.is_some_and(|silence_deadline| now >= silence_deadline) {
            return Ok(Some(ProcessEnd::Stopped));
        }
        if printer::is_behind() {
            // The child waits as well, because nothing reads its output.
            thread::sleep(EXIT_POLL_INTERVAL);
            continue;
        }
        match receiver.recv_timeout(POLL_INTERVAL.min(deadline - now)) {
            Ok(Event::StreamClosed) => open_streams -= 1,
            Ok(Event::Line(stream, line)) => {
                silence_deadline = None;
                match on_line(stream, &line) {
                    LineAction::Continue => {}
                    LineAction::StopAfter(grace) => {
                        deadline = deadline.min(Instant::now() + grace);
                        end_at_deadline = ProcessEnd::Stopped;
                    }
                    LineAction::StopAfterSilence(grace) => {
                        silence_deadline = Some(Instant::now() + grace);
                    }
                }
            }
            // The interval has passed, or both streams are closed.
            Err(error) => {
                if !exited && group.leader_exited()? {
                    exited = true;
                    // A grandchild can keep the pipes open without limit.
                    deadline = deadline.min(Instant::now() + DRAIN_TIME);
                } else if error == RecvTimeoutError::Disconnected {
                    thread::sleep(EXIT_POLL_INTERVAL);
                }
            }
        }
    }
}

/// A child process that leads its own process group. `Drop` kills the group, unless the child was
/// reaped.
struct ProcessGroup {
    leader: Child,
    reaped: bool,
}

impl ProcessGroup {
    fn start(command: &mut Command) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // With its own group, the child does not receive the terminal's signals, and the
            // runner can kill the child's children as well.
            .process_group(0)
            .spawn()
            .map(|leader| Self {
                leader,
                reaped: false,
            })
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.leader)
    }

    /// Whether the child has exited. Does not reap it, so that its PID is not reused before `reap`.
    fn leader_exited(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.id()), options)?.is_some())
    }

    /// Sends a signal to the group. The child must not have been reaped.
    fn kill(&self, signal: Signal) {
        // This fails if no process of the group is left.
        let _ = kill_process_group(self.id(), signal);
    }

    /// Sends SIGINT, and SIGKILL if the child has not exited some time later.
    fn terminate(&self) -> io::Result<()> {
        self.kill(Signal::INT);
        let deadline = Instant::now() + TERMINATION_TIME;
        while !self.leader_exited()? && Instant::now() < deadline {
            thread::sleep(POLL_INTERVAL);
        }
        self.kill(Signal::KILL);
        Ok(())
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.leader.wait()?;
        self.reaped = true;
        Ok(status)
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill(Signal::KILL);
            let _ = self.reap();
        }
    }
}

/// Starts a thread that sends the lines of `pipe`.
fn read_lines(stream: Stream, pipe: Option<impl Read + Send + 'static>, sender: SyncSender<Event>) {
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
