//! Waits for threads, and signals to them. nix has no real-time signals, which glibc uses to cancel a thread.

use libc::c_int;
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::unistd::Pid;

#[derive(Clone, Copy)]
pub(super) enum Event {
    /// A thread, or the process, has ended: with its exit code, or with 128 plus the number of a signal.
    Ended(i64),
    /// The thread is about to get a signal. `code` is the `si_code`: above 0 if the kernel has sent it.
    Signal { signal: c_int, code: c_int },
    /// The thread has created another one.
    Created(Pid),
    /// The thread is about to end.
    Ending,
    /// The thread was interrupted, or is new.
    Stopped,
}

/// Waits for an event of the thread, or of any thread. Returns `None` if `options` do not allow to wait.
pub(super) fn wait(thread: Option<Pid>, options: c_int) -> nix::Result<Option<(Pid, Event)>> {
    let thread = thread.map_or(-1, Pid::as_raw);
    // Without __WNOTHREAD, the children of other threads would be waited for, too.
    let options = options | libc::__WALL | libc::__WNOTHREAD;
    let mut status = 0;
    let thread = loop {
        // SAFETY: `status` is valid for a write.
        match Errno::result(unsafe { libc::waitpid(thread, &raw mut status, options) }) {
            Err(Errno::EINTR) => {}
            Ok(0) => return Ok(None),
            result => break Pid::from_raw(result?),
        }
    };
    let event = if libc::WIFEXITED(status) {
        Event::Ended(libc::WEXITSTATUS(status).into())
    } else if libc::WIFSIGNALED(status) {
        Event::Ended(i64::from(128 + libc::WTERMSIG(status)))
    } else {
        match status >> 16 {
            0 => Event::Signal {
                signal: libc::WSTOPSIG(status),
                code: ptrace::getsiginfo(thread).map_or(0, |info| info.si_code),
            },
            libc::PTRACE_EVENT_CLONE => {
                let new = ptrace::getevent(thread)?;
                // A thread ID fits, although the message is a `long`.
                Event::Created(Pid::from_raw(c_int::try_from(new).unwrap_or(0)))
            }
            libc::PTRACE_EVENT_EXIT => Event::Ending,
            _ => Event::Stopped,
        }
    };
    Ok(Some((thread, event)))
}

/// Whether the thread has executed a break instruction, but its signal has not been delivered yet: it was
/// interrupted in between.
pub(super) fn has_pending_trap(thread: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let pending = status.lines().find_map(|line| line.strip_prefix("SigPnd:"));
    let pending = pending.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    pending.is_some_and(|mask| mask & (1 << (libc::SIGTRAP - 1)) != 0)
}

/// Lets a stopped thread run, with a signal or with none (0).
pub(super) fn resume(thread: Pid, signal: c_int) -> nix::Result<()> {
    let (none, signal) = (std::ptr::null_mut::<u8>(), libc::c_long::from(signal));
    // SAFETY: the request takes no pointer.
    let raw = unsafe { libc::ptrace(libc::PTRACE_CONT, thread.as_raw(), none, signal) };
    Errno::result(raw).map(drop)
}

/// Sends a signal to a thread.
pub(super) fn send(pid: Pid, thread: Pid, signal: c_int) -> nix::Result<()> {
    let (pid, thread) = (pid.as_raw(), thread.as_raw());
    // SAFETY: the call takes no pointer.
    let raw = unsafe { libc::syscall(libc::SYS_tgkill, pid, thread, signal) };
    ignore_ended(Errno::result(raw).map(drop))
}

/// A thread can end at any time, by SIGKILL. `wait` reports it.
pub(super) fn ignore_ended(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(Errno::ESRCH) => Ok(()),
        other => other,
    }
}
