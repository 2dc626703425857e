//! Run control by ptrace. Linux allows the requests only from the thread that traces.

mod ctrl_c;
mod launch;
mod registers;
mod single_step;

use super::{Hit, Registers, Result, RunControl, Stop, ThreadId};
use nix::errno::Errno;
use nix::sys::ptrace::{self, Event, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use zx_debug_memory::Breakpoints;
use zx_process_memory::Process;

/// A process whose threads are all traced.
pub(crate) struct Traced {
    pid: Pid,
    threads: BTreeMap<Pid, Thread>,
    /// The threads that have executed a break instruction, or one instruction after `step`.
    trapped: Vec<Pid>,
    is_interrupted: bool,
    /// The status, once the process has ended.
    ended: Option<i64>,
}

enum Thread {
    Running,
    /// Stopped, with the signals that it gets when it continues.
    Stopped(Vec<Signal>),
}

impl Traced {
    /// Traces a child process that has stopped itself by `SIGSTOP`.
    pub(crate) fn attach(pid: u32) -> Result<Self> {
        let pid = Pid::from_raw(pid.try_into()?);
        // If the debugger fails, the process ends too, instead of at one of the breakpoints.
        let options = Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_EXITKILL;
        ptrace::seize(pid, options).map_err(launch::seize_error)?;
        let mut traced = Self {
            pid,
            threads: BTreeMap::from([(pid, Thread::Running)]),
            trapped: Vec::new(),
            is_interrupted: false,
            ended: None,
        };
        traced.wait(Some(pid))?;
        // Ends the stop that the SIGSTOP began.
        kill(pid, Signal::SIGCONT)?;
        Ok(traced)
    }

    /// Waits for one event of a thread, or of any thread.
    fn wait(&mut self, thread: Option<Pid>) -> Result<()> {
        // Without __WNOTHREAD, the children of other threads would be waited for, too.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        match waitpid(thread, Some(flags)) {
            Ok(status) => self.record(status),
            Err(Errno::EINTR) => Ok(()),
            // The thread has ended because another one has called exec.
            Err(Errno::ECHILD) if thread.is_some_and(|thread| thread != self.pid) => {
                self.threads.retain(|known, _| Some(*known) != thread);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn record(&mut self, status: WaitStatus) -> Result<()> {
        match status {
            WaitStatus::Exited(thread, code) => self.remove(thread, code.into()),
            WaitStatus::Signaled(thread, signal, _) => self.remove(thread, 128 + signal as i64),
            WaitStatus::PtraceEvent(thread, _, event) => {
                if event == Event::PTRACE_EVENT_CLONE as i32 {
                    // The new thread stops before its first instruction. That can have been reported
                    // before.
                    let new = Pid::from_raw(ptrace::getevent(thread)?.try_into()?);
                    self.threads.entry(new).or_insert(Thread::Running);
                }
                self.set_stopped(thread);
            }
            WaitStatus::Stopped(thread, signal) => {
                let code = ptrace::getsiginfo(thread).map_or(0, |info| info.si_code);
                let signals = self.set_stopped(thread);
                // A code above 0: the kernel has sent the signal.
                if signal == Signal::SIGTRAP && code > 0 {
                    self.trapped.push(thread);
                } else if ctrl_c::is_from_user(signal, code) {
                    self.is_interrupted = true;
                } else {
                    signals.push(signal);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the signals that the thread gets when it continues.
    fn set_stopped(&mut self, thread: Pid) -> &mut Vec<Signal> {
        let state = self.threads.entry(thread).or_insert(Thread::Running);
        if matches!(state, Thread::Running) {
            *state = Thread::Stopped(Vec::new());
        }
        match state {
            Thread::Stopped(signals) => signals,
            Thread::Running => unreachable!("it was set above"),
        }
    }

    /// Returns the signals of a thread, or `None` if it is not stopped.
    fn signals(&mut self, thread: Pid) -> Option<&mut Vec<Signal>> {
        match self.threads.get_mut(&thread) {
            Some(Thread::Stopped(signals)) => Some(signals),
            Some(Thread::Running) | None => None,
        }
    }

    fn remove(&mut self, thread: Pid, status: i64) {
        self.threads.remove(&thread);
        self.trapped.retain(|trapped| *trapped != thread);
        // The first thread is reported last.
        if thread == self.pid {
            self.ended = Some(status);
        }
    }

    /// Lets the stopped threads run.
    fn resume(&mut self) -> Result<()> {
        for (thread, state) in &mut self.threads {
            let Thread::Stopped(signals) = std::mem::replace(state, Thread::Running) else {
                continue;
            };
            let mut signals = signals.into_iter();
            let first = signals.next();
            // A stop delivers only one signal.
            signals.try_for_each(|signal| kill(self.pid, signal))?;
            ignore_ended(ptrace::cont(*thread, first))?;
        }
        Ok(())
    }

    /// Stops the threads that run.
    fn stop(&mut self) -> Result<()> {
        let mut interrupted = Vec::new();
        while let Some(thread) = self.first_running() {
            if !interrupted.contains(&thread) {
                interrupted.push(thread);
                ignore_ended(ptrace::interrupt(thread))?;
            }
            self.wait(Some(thread))?;
        }
        Ok(())
    }

    fn first_running(&self) -> Option<Pid> {
        let mut threads = self.threads.iter();
        let running = threads.find(|(_, state)| matches!(state, Thread::Running));
        running.map(|(thread, _)| *thread)
    }

    /// Returns the threads that have stopped at a breakpoint. The others have executed a break
    /// instruction of the program: they get the signal, as without a debugger.
    fn take_hits(&mut self, breakpoints: &Breakpoints<Process>) -> Result<Vec<Hit>> {
        let mut hits = Vec::new();
        for thread in std::mem::take(&mut self.trapped) {
            let pc = registers::read(thread)?.pc;
            if let Some(vaddr) = breakpoints.stopped_at(usize::try_from(pc)?) {
                registers::write_pc(thread, vaddr as u64)?;
                let thread = ThreadId::try_from(thread.as_raw())?;
                hits.push(Hit { thread, vaddr });
            } else if let Some(signals) = self.signals(thread) {
                signals.push(Signal::SIGTRAP);
            }
        }
        Ok(hits)
    }
}

impl RunControl for Traced {
    fn run(&mut self, breakpoints: &Breakpoints<Process>) -> Result<Stop> {
        loop {
            if let Some(status) = self.ended {
                return Ok(Stop::Ended(status));
            }
            if std::mem::take(&mut self.is_interrupted) {
                return Ok(Stop::Interrupted);
            }
            self.resume()?;
            self.wait(None)?;
            if self.is_interrupted || !self.trapped.is_empty() {
                self.stop()?;
            }
            let hits = self.take_hits(breakpoints)?;
            if !hits.is_empty() {
                return Ok(Stop::Hits(hits));
            }
        }
    }

    fn step(&mut self, thread: ThreadId) -> Result<()> {
        single_step::step(self, pid(thread)?)
    }

    fn registers(&self, thread: ThreadId) -> Result<Registers> {
        registers::read(pid(thread)?)
    }

    fn set_argument(&mut self, thread: ThreadId, value: u64) -> Result<()> {
        registers::write_argument(pid(thread)?, value)
    }

    fn detach(mut self) -> Result<()> {
        for (thread, state) in std::mem::take(&mut self.threads) {
            let signal = match state {
                Thread::Stopped(signals) => signals.first().copied(),
                Thread::Running => None,
            };
            ignore_ended(ptrace::detach(thread, signal))?;
        }
        // Discards a SIGSTOP that was sent to interrupt the process.
        Ok(ignore_ended(kill(self.pid, Signal::SIGCONT))?)
    }
}

fn pid(thread: ThreadId) -> Result<Pid> {
    Ok(Pid::from_raw(thread.try_into()?))
}

/// A thread can end at any time, by SIGKILL. `wait` reports it.
fn ignore_ended(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::ESRCH) => Ok(()),
        other => other,
    }
}
