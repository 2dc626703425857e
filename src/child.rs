use crate::{Process, Status, backend};
use std::process::Child;

/// Constructor from a child.
impl Process {
    /// Opens a child that `std` started.
    ///
    /// The new handle is independent of `child`, which can be waited for, killed or dropped.
    ///
    /// - **Fuchsia**: `Child::id()` is the raw process handle. std's source has it so
    ///   (`sys/process/unix/fuchsia.rs`), but its documentation does not promise it. So the handle is
    ///   duplicated, and the duplicate is checked: it must name a process in the default job, where
    ///   std starts children. Wraps `zx_handle_duplicate`, `zx_object_get_info` and
    ///   `zx_object_get_child`.
    /// - **Linux**: `Child::id()` is the PID. The PID of a child that was waited for can name another
    ///   process. So the process is opened, and then it is checked that it is a child of the caller
    ///   and has not ended. If the PID was reused by a later child of the caller, that child is
    ///   opened: do not pass a `Child` that was waited for. Wraps `pidfd_open`, `open` of
    ///   `/proc/PID/mem` and `waitid`.
    ///
    /// # Errors
    ///
    /// - [`BadState`](Status::BadState): the child has ended, or (on Fuchsia) is not in the default
    ///   job.
    /// - [`WrongType`](Status::WrongType): on Fuchsia, `Child::id()` is a handle to another type of
    ///   object.
    /// - [`BadHandle`](Status::BadHandle): on Fuchsia, `Child::id()` is not a handle, or there is no
    ///   default job.
    /// - [`AccessDenied`](Status::AccessDenied): Linux does not permit the caller to open the child's
    ///   memory; the log has the cause at level debug. On Fuchsia, the handle lacks
    ///   [`Rights::DUPLICATE`](crate::Rights::DUPLICATE).
    /// - [`InvalidArgs`](Status::InvalidArgs): it is the calling process, or a child that has the
    ///   calling process's address space and keeps it.
    /// - [`NoResources`](Status::NoResources): on Linux, no file descriptor is free.
    /// - [`NotSupported`](Status::NotSupported): the target has no backend, or `/proc` is missing, or
    ///   Linux is older than 5.4.
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
    /// assert!(process.write_memory(0, b"x").is_err());
    /// assert_eq!(Process::from_child(&child).unwrap_err(), Status::BadState);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(backend = "linux"))]
    /// # fn main() {}
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "std")))]
    pub fn from_child(child: &Child) -> Result<Self, Status> {
        backend::child::open(child)
    }
}
