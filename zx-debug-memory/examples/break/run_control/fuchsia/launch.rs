//! Starts a program, up to the time when its libraries are loaded.

use super::exception::{self, Exception};
use super::handle::{OwnedHandle, check};
use super::{Result, Traced, exception_channel};
use fuchsia_zircon_sys as zx;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use zx_process_memory::sys::{self, zx_handle_t};
use zx_process_memory::{Process, Rights, Status};

impl Traced {
    /// The file of the program.
    #[allow(clippy::unused_self)] // Linux uses it.
    pub(crate) fn file_of(&self, program: &Path) -> PathBuf {
        program.to_owned()
    }

    /// Starts a program, and returns when all libraries that it is linked with are loaded. The program's own
    /// code has not run yet.
    pub(crate) fn spawn(command: &mut Command) -> Result<(Self, Process, Child)> {
        let program = Path::new(command.get_program()).display().to_string();
        Self::start_in(sys::zx_job_default(), || {
            // std has no names for the values of a status.
            let child =
                command
                    .spawn()
                    .map_err(|error| match error.raw_os_error().map(Status::ok) {
                        Some(Err(status)) => format!("cannot start {program}: {status}"),
                        _ => format!("cannot start {program}: {error}"),
                    })?;
            Ok((Process::from_child(&child)?, child))
        })
    }

    /// `start` starts a process in the job or below it.
    ///
    /// The debugger of a job is the first to get control of a new process. The program loader executes a break
    /// instruction when it has loaded the libraries, if a property of the process requests it.
    pub(crate) fn start_in<T>(
        job: zx_handle_t,
        start: impl FnOnce() -> Result<(Process, T)>,
    ) -> Result<(Self, Process, T)> {
        let job_channel = exception_channel(job, "job")?;
        let (process, started) = start()?;
        let starting = wait_for_start(&job_channel, process.koid()?)?;
        let mut traced = Self::attach(process.duplicate(Rights::SAME_RIGHTS)?)?;
        // Other processes in the job start without this debugger from now on.
        drop(job_channel);
        request_break(process.as_raw())?;
        drop(starting);
        traced.run_to_break()?;
        Ok((traced, process, started))
    }

    /// Runs until a thread executes a break instruction, and continues after it.
    fn run_to_break(&mut self) -> Result<()> {
        self.held.clear();
        self.suspended.clear();
        loop {
            self.wait(None)?;
            let Some(thread) = self.hold_next()? else {
                if !self.has_ended(0) {
                    continue;
                }
                let status = self.return_code()?;
                return Err(format!(
                    "the process has ended before its libraries were loaded, with status {status}"
                )
                .into());
            };
            match self.held.get_mut(&thread) {
                Some(exception) if exception.is_break() => {
                    exception.skip_break(&self.process)?;
                    return self.stop_all();
                }
                _ => self.held.remove(&thread),
            };
        }
    }
}

/// Returns the exception in which the first thread of the process waits. Other processes continue.
fn wait_for_start(job_channel: &OwnedHandle, process: u64) -> Result<Exception> {
    loop {
        let (channel, signals) = (job_channel.0, zx::ZX_CHANNEL_READABLE);
        let (forever, none) = (zx::ZX_TIME_INFINITE, std::ptr::null_mut());
        // SAFETY: the call allows a null out-pointer for the observed signals.
        let raw = unsafe { zx::zx_object_wait_one(channel, signals, forever, none) };
        check("zx_object_wait_one", raw)?;
        match exception::read(job_channel)? {
            Some((info, exception)) if info.process == process => return Ok(exception),
            _ => {}
        }
    }
}

/// Requests the break instruction (`ZX_PROCESS_DEBUG_ADDR_BREAK_ON_SET`).
fn request_break(process: zx_handle_t) -> Result<()> {
    let (property, value) = (zx::ZX_PROP_PROCESS_DEBUG_ADDR, 1usize);
    // SAFETY: `value` is valid for reads of its size.
    let raw = unsafe {
        let (from, size) = ((&raw const value).cast(), size_of_val(&value));
        zx::zx_object_set_property(process, property, from, size)
    };
    check("ZX_PROP_PROCESS_DEBUG_ADDR", raw)
}
