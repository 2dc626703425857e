//! The Linux backend: Zircon's rules for real Linux processes, so that a debugger can be developed
//! and tested without an emulator. 64-bit Linux with the feature `std` only.
//!
//! [`Process::from_pid`](Process::from_pid) opens a process by PID.
//!
//! Handles, rights, koids and statuses follow Zircon. Processes and their memory are those of Linux.
//! A handle names one process with one address space, for as long as it is open: it uses the
//! `/proc/PID/mem` that was opened with it, so neither a reused PID nor an exec redirects it. The
//! backend is for development and tests; to debug Linux programs, use `ptrace`.
//!
//! # Kernels
//!
//! By default the statuses are those of the man page. Kernels differ from it: those since about 2024
//! return `NotFound` where the man page has `NoMemory` (read in the sources). The man page does not
//! mention the end of a file and zeros in a buffer. There the default is the column "not set" below.
//!
//! [`set_kernel`] or the environment variable `ZX_PROCESS_MEMORY_KERNEL` selects the kernel whose
//! behavior read and write calls have. With the variable, an unchanged test suite can run once for
//! each kernel. It must accept the status of each of them, as [`Status::may_mean_unmapped`] does.
//!
//! ```sh
//! for kernel in 2018 2019 2021 2024 2025; do
//!     ZX_PROCESS_MEMORY_KERNEL=$kernel cargo test
//! done
//! ```
//!
//! | value | not set | 2018 | 2019 | 2021 | 2024 | 2025 |
//! |---|---|---|---|---|---|---|
//! | [`Kernel`] | [`ManPage`](Kernel::ManPage) | [`Zircon2018`](Kernel::Zircon2018) | [`Zircon2019`](Kernel::Zircon2019) | [`Zircon2021`](Kernel::Zircon2021) | [`Zircon2024`](Kernel::Zircon2024) | [`Zircon2025`](Kernel::Zircon2025) |
//! | debugging syscalls can be off | yes | no | no | yes | yes | yes |
//! | first check of a handle | type | rights | type | type | type | type |
//! | nothing is mapped at the address | `NoMemory` | `NoMemory` | `NoMemory` | `NoMemory` | `NotFound` | `NotFound` |
//! | the process has ended | `BadState` | `NoMemory` | `NoMemory` | `NoMemory` | `NotFound` | `NotFound` |
//! | a write to the vDSO | `AccessDenied` | written | `AccessDenied` | `AccessDenied` | `AccessDenied` | `AccessDenied` |
//! | a call over the end of a file | short | `OutOfRange` | `OutOfRange` | `OutOfRange` | short | short |
//! | a read first zeroes bytes of its buffer | yes | yes | yes | no | no | no |
//!
//! The page of [`Status`](Status#after-a-memory-call) has the dates and the sources: the columns up to
//! 2021 are measured, the later ones were read. On Linux a write to the vDSO changes only that process.
//! On Zircon of 2018 it changed all processes, which share the VMO.
//!
//! For 2024 and 2025 the backend behaves the same. On Zircon a write of 2025 to a mapping that can never
//! be made writable first makes a private copy. Linux refuses such a write. Kernels between the columns
//! differ from them in merged mappings, which Linux cannot imitate, or combine two columns: kernels of
//! about 2023 are those of 2021 with a short call over the end of a file.
//!
//! # Where Linux differs from Zircon
//!
//! What Zircon does is measured on kernels of July 2019 and April 2021, unless a year is given.
//!
//! - **Adjacent mappings.** For every selected kernel, Linux merges adjacent mappings of one file with
//!   consecutive offsets and equal permissions, as Zircon does since November 2020 (since about 2022
//!   also with different permissions: read in the sources). It also merges adjacent private mappings.
//!   It splits a mapping when a part gets other permissions, as Zircon did until about 2022, and merges
//!   the parts when they have the same permissions again, which Zircon did not.
//! - **Shared read-only mappings** are not written: [`AccessDenied`](Status::AccessDenied). The same
//!   holds for every read-only page if Linux runs with `proc_mem.force_override=never` or `=ptrace`. Pages
//!   without read permission then cannot be read either (measured: Linux 6.12).
//! - **A page that Linux cannot allocate**, in a file of a full tmpfs or of huge pages, is
//!   [`OutOfRange`](Status::OutOfRange).
//! - **The end of a file** is treated as the end of a VMO. A write to a private file mapping does not change the
//!   file.
//! - **Device memory** is [`OutOfRange`](Status::OutOfRange) or
//!   [`AccessDenied`](Status::AccessDenied). On Zircon it is [`BadState`](Status::BadState) or
//!   [`NotSupported`](Status::NotSupported).
//! - **Other refused pages** are [`AccessDenied`](Status::AccessDenied): guard regions
//!   (`MADV_GUARD_INSTALL`), secret memory, and anonymous pages that a userfaultfd has not supplied. In a
//!   file mapping, a page that a userfaultfd has not supplied is [`OutOfRange`](Status::OutOfRange):
//!   Linux does not distinguish it from the end of the file. The log has the cause, or the possible causes, at level debug.
//! - **The vDSO** is refused wherever it is mapped, unless the process has made it writable. Its data,
//!   `[vvar]`, cannot be read: [`AccessDenied`](Status::AccessDenied).
//! - **Stacks.** Linux grows a stack, and other `MAP_GROWSDOWN` memory, when an address below it is
//!   accessed. The backend accesses no address that it has not seen mapped. A race remains: if the process
//!   has unmapped a page below a stack since it was seen, or calls exec at that moment, the access can
//!   grow a stack.
//! - **Tagged addresses** of arm64 are not mapped. Remove the tag.
//! - **The list of mappings** has one VMAR. A VMO's koid is the inode of the mapped file, or the ID of the
//!   mapped System V segment (2<sup>63</sup> replaces 0). It is unique within one file system or IPC
//!   namespace only, so that different VMOs can have one koid. Private anonymous memory has the koid 0.
//!   Its name is the file's without the
//!   directory, or another name of `/proc/PID/maps` as it is, such as `[heap]` or `memfd:NAME`. Linux adds
//!   ` (deleted)` to the name of a deleted file, and writes a line feed as `\012`. Page
//!   counts are 0. Each line is consistent; the whole list is not read at one moment. If the process
//!   maps and unmaps meanwhile, lines of different moments can overlap, and the later one takes
//!   precedence. So an address can be missing that was mapped all the time, and an address can be listed
//!   that is no longer mapped. Stop the process if the list must be exact.
//! - **A shared address space**, as between `vfork` and exec, is one memory. A handle that is opened
//!   then names that memory and lives as long as it. If it is the calling process's memory, it is
//!   refused.
//! - **The end of a process during a call.** The memory lives until that call is complete, and other
//!   calls meanwhile succeed. After that they return the status for a process that has ended.
//! - **A mapping that is replaced during a write.** Zircon completes the write in the old VMO (since
//!   about 2025 the write can return `BadState`: read in the sources). Linux looks up each page, so it
//!   continues in the new mapping, also past its end.
//! - **A main thread that ends before other threads.** Linux then shows no memory for the PID:
//!   [`BadState`](Status::BadState).
//! - **A koid** is valid while a handle to the process is open. A later open assigns a new one.
//! - **A handle value** is reused after 2<sup>30</sup> others.
//! - **An invalid, non-null buffer** in a raw call is undefined behavior. Zircon returns a status. A
//!   slice is always valid.
//! - **The default job** has no child jobs and contains the processes that the caller has open.

mod kernel;

pub use self::kernel::{Kernel, kernel, set_kernel};

use crate::backend::linux::{OpenedProcess, objects};
use crate::{Process, Status};
use std::sync::atomic::{AtomicBool, Ordering};

/// Constructor from a PID.
impl Process {
    /// Opens the process with this PID. Linux only.
    ///
    /// While a handle is open, another one to the same process has the same koid. An open process
    /// uses four file descriptors.
    ///
    /// Wraps `pidfd_open` and `open` of `/proc/PID/mem`. Reads of 16 KiB and more use `process_vm_readv`,
    /// which is faster, and return its bytes only if the process still exists and has not called exec.
    /// Writes never do: a write to another process cannot be undone. The caller must be allowed to trace the
    /// process: same user, dumpable, and allowed by Yama and the container.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgs`](Status::InvalidArgs): the PID is 0 or 2<sup>31</sup> or more, or that of a
    ///   thread, or of a kernel thread, which has no memory, or of a process that shares the address space
    ///   of the calling process, such as the calling process itself.
    /// - [`NotFound`](Status::NotFound): there is no process with this PID.
    /// - [`BadState`](Status::BadState): the process has ended and was not waited for, or its main thread
    ///   has ended.
    /// - [`AccessDenied`](Status::AccessDenied): Linux refuses. The log has the possible causes at
    ///   level debug.
    /// - [`NoResources`](Status::NoResources): no file descriptor is free.
    /// - [`NotSupported`](Status::NotSupported): `/proc` is missing, or Linux is older than 5.3.
    ///
    /// ```
    /// use std::process::{Command, Stdio};
    /// use zx_process_memory::{Process, Status};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
    /// let process = Process::from_pid(child.id())?;
    /// assert!(process.write_memory(0, b"x").unwrap_err().may_mean_unmapped());
    ///
    /// let own = Process::from_pid(std::process::id());
    /// assert_eq!(own.unwrap_err(), Status::InvalidArgs);
    /// # child.kill()?;
    /// # child.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg_attr(
        docsrs,
        doc(cfg(all(feature = "std", target_os = "linux", target_pointer_width = "64")))
    )]
    pub fn from_pid(pid: u32) -> Result<Self, Status> {
        objects().new_process(OpenedProcess::by_pid(pid)?)
    }
}

static DEBUGGING_SYSCALLS: AtomicBool = AtomicBool::new(true);

/// Sets `kernel.enable-debugging-syscalls`. It is on by default, unlike on Zircon since October 2019.
/// While it is off, every write call returns [`NotSupported`](Status::NotSupported), whatever its
/// arguments. The methods of [`Process`] check the length before the call, as on Fuchsia.
///
/// It has no effect if [`Kernel::Zircon2018`] or [`Kernel::Zircon2019`] is selected: they do not have
/// this option.
///
/// It applies to the whole program. A test that turns it off belongs in a test binary of its own.
///
/// ```standalone_crate
/// use zx_process_memory::{Process, Status, linux};
///
/// # fn main() -> Result<(), Status> {
/// # linux::set_kernel(linux::Kernel::ManPage);
/// // SAFETY: nothing is mapped at 0, so nothing is written.
/// let process = unsafe { Process::current() }?;
/// linux::set_debugging_syscalls(false);
/// assert_eq!(process.write_memory(0, b"x"), Err(Status::NotSupported));
/// linux::set_debugging_syscalls(true);
/// assert_ne!(process.write_memory(0, b"x"), Err(Status::NotSupported));
/// # Ok(())
/// # }
/// ```
pub fn set_debugging_syscalls(on: bool) {
    DEBUGGING_SYSCALLS.store(on, Ordering::Relaxed);
}

pub(crate) fn debugging_syscalls() -> bool {
    DEBUGGING_SYSCALLS.load(Ordering::Relaxed)
}
