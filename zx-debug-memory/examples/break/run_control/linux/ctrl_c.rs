//! Ctrl-C ends the debugger, and not the program.

use super::Result;
use libc::c_int;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

static IS_PRESSED: AtomicBool = AtomicBool::new(false);

/// The process that Ctrl-C stops, while this debugger traces it.
static TRACED: Mutex<Option<Pid>> = Mutex::new(None);

fn traced() -> MutexGuard<'static, Option<Pid>> {
    TRACED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes Ctrl-C, and the signals SIGTERM and SIGHUP, stop the process, so that the debugger wakes up.
pub(super) fn stop_on_ctrl_c(pid: Pid) -> Result<()> {
    *traced() = Some(pid);
    ctrlc::set_handler(|| {
        IS_PRESSED.store(true, SeqCst);
        if let Some(pid) = *traced() {
            // If it fails, the process has ended, and the debugger is awake.
            let _ = kill(pid, Signal::SIGSTOP);
        }
    })?;
    Ok(())
}

/// Makes Ctrl-C have no effect on the process from now on.
pub(super) fn forget() {
    *traced() = None;
}

/// Whether a signal that the program would get is the user's request to the debugger. A terminal sends
/// SIGINT to the program, too.
pub(super) fn is_from_user(signal: c_int, code: c_int) -> bool {
    match signal {
        libc::SIGINT => code == libc::SI_KERNEL,
        libc::SIGSTOP => IS_PRESSED.load(SeqCst),
        _ => false,
    }
}
