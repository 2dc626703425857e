use crate::handle::duplicate;
use crate::sys::{self, zx_handle_t};
use crate::{Rights, Status};
use core::fmt;
use core::num::NonZero;

/// An owned handle to a process. Dropping it closes the handle.
///
/// `Option<Process>` has the layout of the raw handle, with `None` for 0. [`ProcessRef`] is a
/// borrowed handle.
///
/// # Which memory a write can change
///
/// Guaranteed: no safe constructor returns a handle to the calling process. Safe code gets a
/// `Process` from [`from_child`](Self::from_child), from [`JobRef::find_process`] and, on Linux,
/// from `from_pid`. They return [`InvalidArgs`](Status::InvalidArgs) for the calling process. On
/// Linux they also refuse a process that has the calling process's address space, as a child of
/// `vfork` has until its exec.
///
/// Not guaranteed: that a write to another process leaves the caller's memory unchanged. A write
/// to memory that both processes map changes it for both. Examples are a VMO that both have mapped,
/// the shared half of a Zircon process made by [`zx_process_create_shared`], and a `MAP_SHARED`
/// mapping on Linux. Another process can also do anything to the caller that the system lets it do.
/// These ways are outside Rust's memory model, as a write to
/// [`/proc/self/mem`] is. So a debugger that
/// shares memory with its target must treat that memory as memory that another process writes.
///
/// # References
///
/// - [Process](https://fuchsia.dev/reference/kernel_objects/process)
/// - [Handles](https://fuchsia.dev/fuchsia-src/concepts/kernel/handles)
///
/// ```
/// # #[cfg(backend = "linux")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::process::{Command, Stdio};
/// use zx_process_memory::{Process, Rights};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
/// let process = Process::from_child(&child)?;
/// let weaker = process.duplicate(Rights::INSPECT)?;
/// assert_eq!(weaker.koid()?, process.koid()?);
/// # child.kill()?;
/// # child.wait()?;
/// # Ok(())
/// # }
/// # #[cfg(not(backend = "linux"))]
/// # fn main() {}
/// ```
///
/// [`zx_process_create_shared`]: https://fuchsia.dev/reference/syscalls/process_create_shared
/// [`/proc/self/mem`]: https://doc.rust-lang.org/std/os/unix/io/index.html#procselfmem-and-similar-os-features
/// [`ProcessRef`]: crate::ProcessRef
/// [`JobRef::find_process`]: crate::JobRef::find_process
#[repr(transparent)]
pub struct Process(NonZero<zx_handle_t>);

const _: () = assert!(size_of::<Option<Process>>() == size_of::<zx_handle_t>());

/// Constructors.
impl Process {
    /// Takes ownership of a raw handle.
    ///
    /// Makes no system call. If the handle is closed or names another object, the calls made with
    /// it return an error.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle): `handle` is 0 (`ZX_HANDLE_INVALID`).
    ///
    /// # Safety
    ///
    /// - The caller owns the handle and gives it up: nothing else closes it.
    /// - If it names the calling process, every write through it and through its duplicates follows
    ///   the rules of [`Process::current`].
    ///
    /// ```
    /// use zx_process_memory::{Process, Status};
    ///
    /// // SAFETY: 0 is not a handle.
    /// let none = unsafe { Process::from_raw(0) };
    /// assert_eq!(none.unwrap_err(), Status::BadHandle);
    /// ```
    #[inline]
    pub unsafe fn from_raw(handle: zx_handle_t) -> Result<Self, Status> {
        match NonZero::new(handle) {
            Some(handle) => Ok(Self(handle)),
            None => Err(Status::BadHandle),
        }
    }

    /// Duplicates the calling process's handle to itself.
    ///
    /// Wraps `zx_process_self` (of libc) and `zx_handle_duplicate`.
    ///
    /// # Errors
    ///
    /// - [`NotSupported`](Status::NotSupported): the target has no backend.
    /// - [`BadHandle`](Status::BadHandle): on Linux, the process cannot open its own memory. It is
    ///   not dumpable, for example, or has no free file descriptor. The log has the cause at level
    ///   debug.
    ///
    /// # Safety
    ///
    /// The compiler does not see a write through this handle or through a duplicate of it. The
    /// caller ensures for each write that
    ///
    /// - it changes only bytes that Rust expects to change: atomics, an `UnsafeCell` without live
    ///   references into it, or memory that Rust does not use;
    /// - the new bytes are a valid value of the type there;
    /// - it does not change the slice that is the source of the write.
    ///
    /// Keep source and destination in different VMOs. The kernel of December 2018 panicked when both
    /// were in one copy-on-write page, that of April 2021 did not (measured).
    ///
    /// Reads are safe. They return the bytes in memory, which can differ from the values that the
    /// compiler keeps in registers.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use zx_process_memory::Process;
    ///
    /// static COUNTER: AtomicU32 = AtomicU32::new(1);
    ///
    /// # fn main() -> Result<(), zx_process_memory::Status> {
    /// // SAFETY: every write goes to `COUNTER`, an atomic, for which all values are valid.
    /// let process = unsafe { Process::current() }?;
    /// let written = process.write_memory(COUNTER.as_ptr().addr(), &7u32.to_ne_bytes())?;
    /// assert_eq!(written, 4);
    /// assert_eq!(COUNTER.load(Ordering::Relaxed), 7);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_self")]
    pub unsafe fn current() -> Result<Self, Status> {
        let handle = duplicate(sys::zx_process_self(), Rights::SAME_RIGHTS)?;
        // SAFETY: the kernel has just made this handle, and nothing else closes it. It names the
        // calling process, for which the caller upholds the rules of this function.
        unsafe { Self::from_raw(handle) }
    }
}

impl Process {
    /// The raw handle, for the methods in other modules.
    #[inline]
    pub(crate) const fn raw(&self) -> &NonZero<zx_handle_t> {
        &self.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: `self` owns the handle and does not use it again. An error means that the handle
        // was already closed elsewhere, which cannot be repaired here.
        unsafe { sys::zx_handle_close(self.0.get()) };
    }
}

/// Prints the handle value. Makes no system call.
impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process")
            .field(&format_args!("{:#x}", self.0))
            .finish()
    }
}
