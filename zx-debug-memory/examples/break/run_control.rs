//! Run control: what a debugger needs from the system besides memory.
//!
//! Linux does it with ptrace, and Fuchsia with an exception channel, suspend tokens and the single-step
//! flag of a thread. The rest of the debugger uses only this trait.

use std::error::Error;
use zx_debug_memory::Breakpoints;
use zx_process_memory::Process;

#[cfg(target_os = "fuchsia")]
mod fuchsia;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(any(target_os = "fuchsia", target_os = "linux")))]
mod other;

#[cfg(target_os = "fuchsia")]
pub(crate) use fuchsia::{OutputWriter, Traced, exit};
#[cfg(target_os = "linux")]
pub(crate) use linux::Traced;
#[cfg(not(any(target_os = "fuchsia", target_os = "linux")))]
pub(crate) use other::Traced;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A thread's ID: the koid on Fuchsia, the TID on Linux.
pub(crate) type ThreadId = u64;

/// A process that the debugger controls. Its threads run only during [`run`](Self::run), and one of them
/// during [`step`](Self::step). Until [`detach`](Self::detach), all threads are stopped at all other times,
/// so that memory and breakpoints can be changed.
pub(crate) trait RunControl {
    /// Lets all threads run until some stop at a breakpoint, or the process ends.
    ///
    /// At most one stop of each thread is returned. The program counter of a thread that is returned in
    /// [`Stop::Hits`] is set to the breakpoint's address. Exceptions that are not from a breakpoint are the
    /// program's own: they are passed on to it.
    fn run(&mut self, breakpoints: &Breakpoints<Process>) -> Result<Stop>;

    /// Lets one thread execute one instruction.
    ///
    /// It may be one that ends the process: then the next [`run`](Self::run) returns [`Stop::Ended`].
    fn step(&mut self, thread: ThreadId) -> Result<()>;

    /// Returns the status of the process if it has ended, for example by SIGKILL. Call it after an error:
    /// the other calls fail then.
    fn ended(&mut self) -> Option<i64>;

    fn registers(&self, thread: ThreadId) -> Result<Registers>;

    /// Changes the register with the first argument of a function.
    fn set_argument(&mut self, thread: ThreadId, value: u64) -> Result<()>;

    /// Gives up the control, so that all threads run. Remove the breakpoints first.
    fn detach(self) -> Result<()>;
}

pub(crate) enum Stop {
    /// Threads have stopped at breakpoints. There is at least one.
    Hits(Vec<Hit>),
    /// The user has pressed Ctrl-C. The threads are stopped. Fuchsia has no signals.
    #[cfg_attr(target_os = "fuchsia", allow(dead_code))]
    Interrupted,
    /// The process has ended, with this status: its exit code, or on Linux 128 plus the number of the
    /// signal that ended it.
    Ended(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) thread: ThreadId,
    /// The address of the breakpoint.
    pub(crate) vaddr: usize,
}

/// The registers that a backtrace and a display of the first argument need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Registers {
    pub(crate) pc: u64,
    pub(crate) sp: u64,
    /// The frame pointer.
    pub(crate) fp: u64,
    /// The return address of the current function. x86-64 has it on the stack instead.
    pub(crate) lr: Option<u64>,
    /// The first argument, if the thread is at the first instruction of a function.
    pub(crate) argument: u64,
}
