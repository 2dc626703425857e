//! The signals that stop the runner: SIGINT, SIGTERM and SIGHUP.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Records these signals from its creation on. The runner creates it before the first temporary
/// file, so that a signal never prevents the removal of a file.
#[derive(Debug)]
pub struct Signals {
    last: Arc<AtomicUsize>,
}

impl Signals {
    /// Starts to record.
    ///
    /// # Errors
    ///
    /// The system refuses a signal handler.
    pub fn watch() -> io::Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            let number = usize::try_from(signal).map_err(io::Error::other)?;
            signal_hook::flag::register_usize(signal, Arc::clone(&last), number)?;
        }
        Ok(Self { last })
    }

    /// Returns the signal that was received since the last call, if there was one.
    pub fn take(&self) -> Option<i32> {
        let signal = self.last.swap(0, Ordering::Relaxed);
        i32::try_from(signal).ok().filter(|&signal| signal != 0)
    }
}
