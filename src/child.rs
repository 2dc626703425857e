use crate::backend;
use crate::{Process, Status};
use std::process::Child;

impl Process {
    /// The process of a child that `std` started.
    ///
    /// The handle is the caller's own: it does not depend on `child`, which may be
    /// waited for, killed or dropped.
    ///
    /// - **Fuchsia**: `Child::id()` is the raw process handle there. That is what
    ///   std's source does (`sys/process/unix/fuchsia.rs`), not what its
    ///   documentation promises, so it is checked: the handle must name a process,
    ///   and one below the default job, which is where std starts its children. Then
    ///   it is duplicated. Wraps `zx_object_get_info`, `zx_object_get_child` and
    ///   `zx_handle_duplicate`.
    /// - **Linux**: `Child::id()` is the pid, and the pid of a child that was already
    ///   waited for may name a stranger. So its memory is opened first, and then the
    ///   kernel is asked whether the process that was opened is a child of ours that
    ///   has not ended. (A later child of this program that got the same pid cannot be
    ///   told from the first: do not pass a child that was waited for.) Wraps `pidfd_open`, `open` of `/proc/PID/mem` and `waitid`.
    ///
    /// # Errors
    ///
    /// - [`BadState`](Status::BadState): the child has ended (or is not below the
    ///   default job).
    /// - [`WrongType`](Status::WrongType): this std's `Child::id()` is not a process
    ///   handle.
    /// - [`BadHandle`](Status::BadHandle): nor is it any handle; or there is no default
    ///   job.
    /// - [`AccessDenied`](Status::AccessDenied): Linux does not let this process open
    ///   the child's memory; the log says why at level debug.
    /// - [`InvalidArgs`](Status::InvalidArgs): it is the calling process, or a child that
    ///   goes on to share its memory.
    /// - [`NoResources`](Status::NoResources): out of file descriptors on Linux.
    /// - [`NotSupported`](Status::NotSupported): there is no backend for this target,
    ///   `/proc` is not there, or Linux is older than 5.4.
    ///
    /// ```
    /// # #[cfg(backend = "linux")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::process::{Command, Stdio};
    /// use zx_process_memory::{Process, Status};
    ///
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    /// let process = Process::from_child(&child)?;
    /// assert!(process.write_memory(0, b"x").unwrap_err().may_mean_unmapped());
    ///
    /// child.kill()?;
    /// child.wait()?;
    /// assert_eq!(process.write_memory(0, b"x"), Err(Status::BadState));
    /// assert_eq!(Process::from_child(&child).unwrap_err(), Status::BadState);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(backend = "linux"))]
    /// # fn main() {}
    /// ```
    pub fn from_child(child: &Child) -> Result<Self, Status> {
        backend::child::open(child)
    }
}
