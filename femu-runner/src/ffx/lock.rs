//! The lock on an isolate directory that several runs use.

use super::caller::SessionError;
use crate::printer::print_message;
use crate::setup_error::SetupError;
use crate::signals::Signals;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::Duration;

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Waits until no other run uses the isolate directory. Two runs would stop each other's package server.
/// The lock ends with the returned file.
///
/// # Errors
///
/// The directory is not writable, or the runner receives a signal.
pub fn lock(isolate_dir: &Path, signals: &Signals) -> Result<File, SessionError> {
    let failed = |error: std::io::Error| {
        SessionError::Setup(SetupError::new(
            format!("cannot lock {}: {error}", isolate_dir.display()),
            "give a writable directory with --isolate-dir (FEMU_ISOLATE_DIR)",
        ))
    };
    let file = File::create(isolate_dir.join("femu-runner.lock")).map_err(failed)?;
    let mut waits = false;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) if !waits => {
                waits = true;
                let directory = isolate_dir.display();
                print_message(format_args!(
                    "waiting for another run that uses {directory}"
                ));
            }
            Err(Errno::WOULDBLOCK | Errno::INTR) => {}
            Err(error) => return Err(failed(error.into())),
        }
        if let Some(signal) = signals.take() {
            return Err(SessionError::Interrupted(signal));
        }
        thread::sleep(POLL_INTERVAL);
    }
}
