//! Run control by ptrace. Linux allows the requests only from the thread that traces.
//!
//! A stop signal, such as that of Ctrl-Z, does not stop a process while it is traced.

mod ctrl_c;
mod launch;
mod registers;
mod single_step;
mod wait;

use super::{Hit, Registers, Result, RunControl, Stop, ThreadId};
use libc::c_int;
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wait::{Event, ignore_ended, resume, send, wait};
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
    Stopped(Vec<c_int>),
}

impl Traced {
    /// Waits for an event of the thread, or of any thread.
    fn wait(&mut self, thread: Option<Pid>) -> Result<()> {
        match wait(thread, 0) {
            Ok(Some((thread, event))) => self.record(thread, event),
            Ok(None) => {}
            // The thread has ended because another one has called exec.
            Err(Errno::ECHILD) if thread.is_some_and(|thread| thread != self.pid) => {
                self.threads.retain(|known, _| Some(*known) != thread);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn record(&mut self, thread: Pid, event: Event) {
        match event {
            Event::Ended(status) => {
                self.remove(thread);
                // The first thread is reported last, when all others have ended.
                if thread == self.pid {
                    ctrl_c::forget();
                    self.ended = Some(status);
                }
            }
            Event::Ending => {
                self.remove(thread);
                // If it fails, the thread has ended by SIGKILL.
                let _ = resume(thread, 0);
            }
            Event::Created(new) => {
                // The new thread's own stop can have been reported before this event.
                self.threads.entry(new).or_insert(Thread::Running);
                self.set_stopped(thread);
            }
            Event::Stopped => {
                self.set_stopped(thread);
            }
            Event::Signal { signal, code } => {
                let signals = self.set_stopped(thread);
                if signal == libc::SIGTRAP && code > 0 {
                    self.trapped.push(thread);
                } else if ctrl_c::is_from_user(signal, code) {
                    self.is_interrupted = true;
                } else {
                    signals.push(signal);
                }
            }
        }
    }

    /// Returns the signals that the thread gets when it continues.
    fn set_stopped(&mut self, thread: Pid) -> &mut Vec<c_int> {
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
    fn signals(&mut self, thread: Pid) -> Option<&mut Vec<c_int>> {
        match self.threads.get_mut(&thread) {
            Some(Thread::Stopped(signals)) => Some(signals),
            Some(Thread::Running) | None => None,
        }
    }

    fn remove(&mut self, thread: Pid) {
        self.threads.remove(&thread);
        self.trapped.retain(|trapped| *trapped != thread);
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
            signals.try_for_each(|signal| send(self.pid, *thread, signal))?;
            ignore_ended(resume(*thread, first.unwrap_or(0)))?;
        }
        Ok(())
    }

    /// Stops the threads that run.
    fn stop(&mut self, breakpoints: &Breakpoints<Process>) -> Result<()> {
        let mut interrupted = Vec::new();
        while let Some(thread) = self.first_running() {
            if !interrupted.contains(&thread) {
                interrupted.push(thread);
                ignore_ended(ptrace::interrupt(thread))?;
            }
            self.wait(Some(thread))?;
        }
        // A thread can have executed a break instruction, and was interrupted before it got the signal.
        // Without the breakpoint, the signal would be the program's. It comes before an instruction.
        for thread in self.threads.keys().copied().collect::<Vec<_>>() {
            let vaddr = breakpoints.stopped_at(usize::try_from(registers::read(thread)?.pc)?);
            let is_reported = self.trapped.contains(&thread);
            if vaddr.is_some() && !is_reported && wait::has_pending_trap(thread) {
                resume(thread, 0)?;
                self.wait(Some(thread))?;
            }
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
                signals.push(libc::SIGTRAP);
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
                self.stop(breakpoints)?;
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

    fn ended(&mut self) -> Option<i64> {
        let deadline = Instant::now() + Duration::from_millis(100);
        while self.ended.is_none() && Instant::now() < deadline {
            match wait(None, libc::WNOHANG) {
                Ok(Some((thread, event))) => self.record(thread, event),
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        self.ended
    }

    fn detach(mut self) -> Result<()> {
        for (thread, state) in std::mem::take(&mut self.threads) {
            if let Thread::Stopped(signals) = state {
                for signal in signals {
                    send(self.pid, thread, signal)?;
                }
            }
            ignore_ended(ptrace::detach(thread, None))?;
        }
        // Discards a SIGSTOP that was sent to interrupt the process. No other one follows.
        ctrl_c::forget();
        Ok(ignore_ended(kill(self.pid, Signal::SIGCONT))?)
    }
}

fn pid(thread: ThreadId) -> Result<Pid> {
    Ok(Pid::from_raw(thread.try_into()?))
}
