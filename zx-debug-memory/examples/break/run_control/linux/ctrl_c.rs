//! Ctrl-C ends the debugger, and not the program.

use super::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

static IS_PRESSED: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C, and the signals SIGTERM and SIGHUP, stop the process, so that the debugger wakes up.
pub(super) fn stop_on_ctrl_c(pid: Pid) -> Result<()> {
    ctrlc::set_handler(move || {
        IS_PRESSED.store(true, SeqCst);
        // If it fails, the process has ended, and the debugger is awake.
        let _ = kill(pid, Signal::SIGSTOP);
    })?;
    Ok(())
}

/// Whether a signal that the program would get is the user's request to the debugger. A terminal sends
/// SIGINT to the program, too.
pub(super) fn is_from_user(signal: Signal, code: i32) -> bool {
    match signal {
        Signal::SIGINT => code == libc::SI_KERNEL,
        Signal::SIGSTOP => IS_PRESSED.load(SeqCst),
        _ => false,
    }
}
