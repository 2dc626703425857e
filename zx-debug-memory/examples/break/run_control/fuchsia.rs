//! Run control by raw system calls: an exception channel, suspend tokens and the single-step flag.
//!
//! A thread is stopped in one of two ways. It waits in an exception, until the debugger closes the
//! exception's handle. Or it is suspended, until the debugger closes its suspend token. So all threads run
//! again if the debugger ends.

mod copy;
mod exception;
mod handle;
mod launch;
mod stop;
mod thread;
mod wait;

pub(crate) use copy::{OutputWriter, exit};

use super::{Hit, Registers, Result, RunControl, Stop, ThreadId};
use exception::Exception;
use fuchsia_zircon_sys as zx;
use handle::OwnedHandle;
use std::collections::BTreeMap;
use stop::Suspended;
use thread::Thread;
use zx_debug_memory::Breakpoints;
use zx_process_memory::sys::zx_handle_t;
use zx_process_memory::{Process, Status};

pub(crate) struct Traced {
    /// The threads that wait in an exception. Such a thread needs no suspend token.
    held: BTreeMap<ThreadId, Exception>,
    suspended: BTreeMap<ThreadId, Suspended>,
    channel: OwnedHandle,
    process: Process,
}

impl Traced {
    /// Becomes the debugger of the process, and stops its threads.
    ///
    /// A process has one debugger at a time. Its exceptions are sent to the debugger first.
    pub(crate) fn attach(process: Process) -> Result<Self> {
        let channel = exception_channel(process.as_raw(), "process")?;
        let mut traced = Self {
            held: BTreeMap::new(),
            suspended: BTreeMap::new(),
            channel,
            process,
        };
        traced.stop_all()?;
        Ok(traced)
    }

    /// Finds the exceptions that are from breakpoints. Each is returned once.
    fn new_hits(&mut self, breakpoints: &Breakpoints<Process>) -> Result<Vec<Hit>> {
        let mut hits = Vec::new();
        for (thread, exception) in &mut self.held {
            if let Some(vaddr) = exception.recognize(breakpoints)? {
                let thread = *thread;
                hits.push(Hit { thread, vaddr });
            }
        }
        Ok(hits)
    }

    /// Waits until a thread has stopped at a breakpoint. `None` if the process has ended.
    fn next_hits(&mut self, breakpoints: &Breakpoints<Process>) -> Result<Option<Vec<Hit>>> {
        loop {
            // A thread can have stopped while another one was stepped.
            let mut hits = self.new_hits(breakpoints)?;
            if !hits.is_empty() {
                self.stop_all()?;
                hits.extend(self.new_hits(breakpoints)?);
                return Ok(Some(hits));
            }
            self.held.clear();
            self.suspended.clear();
            self.wait(None)?;
            if self.hold_next()?.is_none() && self.has_ended(0) {
                return Ok(None);
            }
        }
    }

    fn thread(&self, thread: ThreadId) -> Result<&Thread> {
        let held = self.held.get(&thread).map(|exception| &exception.thread);
        let suspended = || self.suspended.get(&thread);
        held.or_else(|| suspended().map(|suspended| &suspended.thread))
            .ok_or_else(|| format!("thread {thread} is not stopped").into())
    }

    /// Lets one thread run.
    fn resume(&mut self, thread: ThreadId) -> Result<Thread> {
        let held = self.held.remove(&thread).map(Exception::into_thread);
        let suspended = || self.suspended.remove(&thread).map(Suspended::into_thread);
        held.or_else(suspended)
            .ok_or_else(|| format!("thread {thread} is not stopped").into())
    }
}

/// Becomes the debugger of a process or a job.
fn exception_channel(task: zx_handle_t, kind: &str) -> Result<OwnedHandle> {
    let (mut channel, options) = (0, zx::ZX_EXCEPTION_CHANNEL_DEBUGGER);
    // SAFETY: `channel` is valid for a write of a handle.
    let raw = unsafe { zx::zx_task_create_exception_channel(task, options, &raw mut channel) };
    match Status::ok(raw) {
        Ok(()) => Ok(OwnedHandle(channel)),
        Err(Status::AlreadyBound) => {
            Err(format!("another debugger already traces the {kind}").into())
        }
        Err(status) => Err(format!("cannot trace the {kind}: {status}").into()),
    }
}

impl RunControl for Traced {
    fn run(&mut self, breakpoints: &Breakpoints<Process>) -> Result<Stop> {
        match self.next_hits(breakpoints) {
            Ok(Some(hits)) => return Ok(Stop::Hits(hits)),
            // Calls fail if the process is killed meanwhile.
            Err(error) if !self.has_ended(wait::AFTER_ERROR) => return Err(error),
            Ok(None) | Err(_) => {}
        }
        self.held.clear();
        self.suspended.clear();
        self.return_code().map(Stop::Ended)
    }

    fn step(&mut self, thread: ThreadId) -> Result<()> {
        self.thread(thread)?.set_single_step(true)?;
        let running = self.resume(thread)?;
        while !self.held.contains_key(&thread) {
            let has_ended = self.wait(Some(&running))?;
            while self.hold_next()?.is_some() {}
            if has_ended {
                break;
            }
        }
        match self.held.get(&thread) {
            Some(exception) => exception.end_step(),
            None => Ok(()),
        }
    }

    fn ended(&mut self) -> Option<i64> {
        if self.has_ended(wait::AFTER_ERROR) {
            self.return_code().ok()
        } else {
            None
        }
    }

    fn registers(&self, thread: ThreadId) -> Result<Registers> {
        Ok(thread::registers(&self.thread(thread)?.general()?))
    }

    fn set_argument(&mut self, thread: ThreadId, value: u64) -> Result<()> {
        let thread = self.thread(thread)?;
        let mut general = thread.general()?;
        *thread::argument(&mut general) = value;
        thread.set_general(&general)
    }

    fn detach(self) -> Result<()> {
        // Closing the handles is all, and a drop does it.
        Ok(())
    }
}
