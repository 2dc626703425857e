//! A stand-in for Zircon over real Linux processes, so that a debugger's tests need
//! no emulator. Only on 64-bit Linux with the feature `std`.
//!
//! Handles, rights, koids and statuses are Zircon's; the processes and their memory
//! are Linux's. A handle pins one address space, as Zircon's does: it goes through a
//! `/proc/PID/mem` that was opened with it, and neither a reused pid nor an `exec`
//! can turn it to other memory. `process_vm_writev` would be faster for large
//! writes, but takes a pid, and honours page permissions.
//!
//! # The order of checks
//!
//! Debugging calls on, arguments, handle, type, right, mapping, vDSO, write: as in
//! the kernel.
//!
//! # The statuses, beside the kernels'
//!
//! | what is wrong | kernels to 2019 | to about 2023 | from about 2024 | page | stand-in |
//! |---|---|---|---|---|---|
//! | debugging calls off | (no such gate) | `NOT_SUPPORTED` | `NOT_SUPPORTED` | `NOT_SUPPORTED` | as page |
//! | size 0 or over 64 MiB, null buffer | `INVALID_ARGS` | `INVALID_ARGS` | `INVALID_ARGS` | `INVALID_ARGS` | as page |
//! | not a handle | `BAD_HANDLE` | `BAD_HANDLE` | `BAD_HANDLE` | `BAD_HANDLE` | as page |
//! | not a process | `WRONG_TYPE` (2018: the right is checked first) | `WRONG_TYPE` | `WRONG_TYPE` | `WRONG_TYPE` | as page |
//! | no right to write | `ACCESS_DENIED` | `ACCESS_DENIED` | `ACCESS_DENIED` | `ACCESS_DENIED` | as page |
//! | not mapped | `NO_MEMORY` | `NO_MEMORY` | `NOT_FOUND` | `NO_MEMORY` | as page |
//! | vDSO | written (2018), `ACCESS_DENIED` (2019) | `ACCESS_DENIED` | `ACCESS_DENIED` | `ACCESS_DENIED` | as page |
//! | process gone | `NO_MEMORY` | `NO_MEMORY` | `NOT_FOUND` | `BAD_STATE` | as page |
//! | past the end of what is mapped | `OUT_OF_RANGE`, whole call | `OUT_OF_RANGE`, whole call | short; `OUT_OF_RANGE` for the first byte | (silent) | as the newest |
//! | past the end of the mapping | short | short | short | short | as page |
//!
//! Reading answers the same, but for the first row, which it has not, the right, of which it
//! needs two, and the vDSO, which can be read.
//!
//! # Where Linux cannot do like Zircon
//!
//! - **Neighbours that merge.** Linux joins adjacent mappings that are alike, and the
//!   stand-in then sees one where Zircon would see two: it writes on where Zircon
//!   would stop. It splits one where a part gets another permission.
//! - **Shared read-only mappings** are not written, but refused with `ACCESS_DENIED`.
//!   So is every read-only page where the kernel runs with
//!   `proc_mem.force_override=never` (or `=ptrace`).
//! - **A file shorter than its mapping** has no pages there: see the table. Files on
//!   Linux also lose their write when the mapping is private, as always there.
//! - **Memory of devices** is refused as past the end is (`OUT_OF_RANGE`), not as
//!   `BAD_STATE` or `NOT_SUPPORTED`.
//! - **The vDSO** is refused where it first stood. Its data, `[vvar]`, Linux does not show to
//!   a reader: `ACCESS_DENIED`.
//! - **The list of mappings** has one VMAR, a file's inode number for a VMO's koid (which two
//!   file systems may both have) and 0 where there is no file, and no count of pages. Each
//!   line of it is of one moment, not the whole.
//! - **Memory that two processes share** as a whole, as after `vfork` until the exec, is
//!   one to the stand-in: a handle that was opened then names the memory, and lives as
//!   long as it. (If the other one is the calling process, it is refused.)
//! - **A process that ends or execs while a call is under way** keeps its memory until that
//!   call is through. Other calls meanwhile find it and are `Ok`; then it is `BAD_STATE`.
//! - **A mapping that is replaced in the midst of a write**: Zircon goes on in the object that
//!   was mapped, Linux in whatever is mapped when it comes to the next page, beyond the
//!   new mapping's end too.
//! - **A main thread that ended before the others** takes its process along: Linux shows
//!   no memory by its pid any more. `BAD_STATE`.
//! - **A koid** lives as long as a handle to its process is open. Then it is another one.
//! - **A bad buffer** that is not null is undefined behaviour in a raw call, not
//!   `INVALID_ARGS`. A slice cannot be one.
//! - **A handle value** can come again after 2<sup>30</sup> others.
//! - **The default job** has no jobs in it, and of processes those that this program
//!   holds open.

use crate::backend::linux::{OpenedProcess, kernel};
use crate::{Process, Status};
use std::sync::atomic::{AtomicBool, Ordering};

impl Process {
    /// The process with this pid. As long as a handle to it is open, another one gets the
    /// same koid. An open process holds four file descriptors.
    ///
    /// Wraps `pidfd_open` and `open` of `/proc/PID/mem`. The caller must be allowed to
    /// trace the process: same user, dumpable, and whatever Yama and the container say.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgs`](Status::InvalidArgs): the pid is 0, over 2<sup>31</sup>, a
    ///   thread's, or of a process that shares the memory of the calling one, which is
    ///   foremost the calling process itself.
    /// - [`NotFound`](Status::NotFound): there is no such process.
    /// - [`BadState`](Status::BadState): the process has ended and was not yet waited for;
    ///   or it has no memory, as a kernel thread.
    /// - [`AccessDenied`](Status::AccessDenied): Linux refuses; the log says at level
    ///   debug what may be behind it.
    /// - [`NoResources`](Status::NoResources): out of file descriptors.
    /// - [`NotSupported`](Status::NotSupported): no `/proc`, or Linux is older than 5.3.
    ///
    /// ```
    /// use std::process::{Command, Stdio};
    /// use zx_process_memory::{Process, Status};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    /// let process = Process::from_pid(child.id())?;
    /// assert_eq!(process.write_memory(0, b"x"), Err(Status::NoMemory));
    ///
    /// let own = Process::from_pid(std::process::id());
    /// assert_eq!(own.unwrap_err(), Status::InvalidArgs);
    /// # child.kill()?;
    /// # child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pid(pid: u32) -> Result<Self, Status> {
        kernel().new_process(OpenedProcess::by_pid(pid)?)
    }
}

static DEBUGGING_SYSCALLS: AtomicBool = AtomicBool::new(true);

/// Plays `kernel.enable-debugging-syscalls` on the kernel's command line. On at the
/// start; while it is off every write is [`NotSupported`](Status::NotSupported),
/// whatever else is wrong with it.
///
/// It is the whole program's: tests that turn it off belong in a test binary of
/// their own.
///
/// ```standalone_crate
/// use zx_process_memory::{Process, Status, linux};
///
/// # fn main() -> Result<(), Status> {
/// // SAFETY: nothing is mapped at 0, so nothing is written.
/// let process = unsafe { Process::current() }?;
/// linux::set_debugging_syscalls(false);
/// assert_eq!(process.write_memory(0, b"x"), Err(Status::NotSupported));
/// linux::set_debugging_syscalls(true);
/// assert_eq!(process.write_memory(0, b"x"), Err(Status::NoMemory));
/// # Ok(())
/// # }
/// ```
pub fn set_debugging_syscalls(on: bool) {
    DEBUGGING_SYSCALLS.store(on, Ordering::Relaxed);
}

pub(crate) fn debugging_syscalls() -> bool {
    DEBUGGING_SYSCALLS.load(Ordering::Relaxed)
}
