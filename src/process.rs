use crate::sys::{
    self, ZX_INFO_HANDLE_BASIC, zx_handle_t, zx_info_handle_basic_t, zx_koid_t, zx_status_t,
};
use crate::{Rights, Status};
use core::fmt;
use core::mem::ManuallyDrop;
use core::num::NonZero;
use core::ptr::null_mut;

/// A handle to a process, owned: dropping it closes it.
///
/// `Option<Process>` is as large as the raw handle, with `None` for 0. For a handle
/// that something else owns there is [`ProcessRef`](crate::ProcessRef).
///
/// The safe constructors refuse the calling process. So safe code cannot change
/// memory that Rust relies on.
///
/// ```
/// use zx_process_memory::{Process, Rights};
///
/// # fn main() -> Result<(), zx_process_memory::Status> {
/// // SAFETY: nothing is written.
/// let process = unsafe { Process::current() }?;
/// let writer = process.duplicate(Rights::WRITE_MEMORY)?;
/// assert_eq!(writer.koid()?, process.koid()?);
/// println!("{writer:?}");
/// # Ok(())
/// # }
/// ```
///
/// # References
///
/// - [Process](https://fuchsia.dev/reference/kernel_objects/process)
/// - [Handles](https://fuchsia.dev/fuchsia-src/concepts/kernel/handles)
#[repr(transparent)]
pub struct Process(NonZero<zx_handle_t>);

const _: () = assert!(size_of::<Option<Process>>() == size_of::<zx_handle_t>());

impl Process {
    /// Takes over a raw handle.
    ///
    /// The handle is not looked at: if it is closed or names something else, the
    /// calls made with it say so.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle) if `handle` is 0 (`ZX_HANDLE_INVALID`).
    ///
    /// # Safety
    ///
    /// - The caller owns the handle and gives it away: nobody else closes it.
    /// - If it names the calling process, the rules of [`Process::current`] hold for
    ///   every write through it and through its duplicates.
    ///
    /// ```
    /// use zx_process_memory::{Process, Status};
    ///
    /// // SAFETY: 0 is no handle.
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

    /// The raw handle, still owned by `self`; never 0.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Status};
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// assert_ne!(process.as_raw(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[inline]
    pub const fn as_raw(&self) -> zx_handle_t {
        self.0.get()
    }

    /// The raw handle, which the caller now owns and closes.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Status, sys};
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let handle = process.into_raw();
    /// // SAFETY: the handle is ours, and nothing uses it afterwards.
    /// Status::ok(unsafe { sys::zx_handle_close(handle) })
    /// # }
    /// ```
    #[must_use = "the handle stays open until it is closed"]
    #[inline]
    pub fn into_raw(self) -> zx_handle_t {
        ManuallyDrop::new(self).0.get()
    }

    /// The calling process.
    ///
    /// Wraps `zx_process_self` (of libc) and `zx_handle_duplicate`.
    ///
    /// # Errors
    ///
    /// - [`NotSupported`](Status::NotSupported) where there is no backend.
    /// - [`BadHandle`](Status::BadHandle) on the stand-in, if Linux does not let the
    ///   process open its own memory: it is not dumpable, say, or out of file
    ///   descriptors. The log says why at level debug.
    ///
    /// # Safety
    ///
    /// A write through this handle, or through a duplicate of it, changes memory
    /// behind the compiler's back. The caller makes sure that it changes only bytes
    /// that Rust expects to change under it (atomics, `UnsafeCell`s that nothing
    /// borrows, memory that Rust never sees), that what it writes there is valid for
    /// their type, and that it does not touch the slice being written. Reads change
    /// nothing; they show what is in memory, which is not always what Rust has in mind.
    ///
    /// Keep source and destination in different VMOs: a kernel of 2018 panicked when
    /// both were in one copy-on-write page.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use zx_process_memory::Process;
    ///
    /// static COUNTER: AtomicU32 = AtomicU32::new(1);
    ///
    /// # fn main() -> Result<(), zx_process_memory::Status> {
    /// // SAFETY: only `COUNTER` is written: an atomic, to which every value is valid.
    /// let process = unsafe { Process::current() }?;
    /// let written = process.write_memory(COUNTER.as_ptr().addr(), &7u32.to_ne_bytes())?;
    /// assert_eq!(written, 4);
    /// assert_eq!(COUNTER.load(Ordering::Relaxed), 7);
    /// # Ok(())
    /// # }
    /// ```
    pub unsafe fn current() -> Result<Self, Status> {
        duplicate(sys::zx_process_self(), Rights::SAME_RIGHTS)
    }

    /// A second handle to the same process, with `rights` or, for
    /// [`Rights::SAME_RIGHTS`], with all that this one has.
    ///
    /// Wraps `zx_handle_duplicate`.
    ///
    /// # Errors
    ///
    /// - [`AccessDenied`](Status::AccessDenied): this handle lacks
    ///   [`Rights::DUPLICATE`].
    /// - [`InvalidArgs`](Status::InvalidArgs): `rights` has one that this handle lacks.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - [`NoMemory`](Status::NoMemory): the kernel ran out of memory.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Rights, Status};
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let weaker = process.duplicate(Rights::INSPECT)?;
    /// assert_eq!(weaker.rights()?, Rights::INSPECT);
    /// assert_eq!(weaker.write_memory(0x1000, b"x"), Err(Status::AccessDenied));
    /// # Ok(())
    /// # }
    /// ```
    pub fn duplicate(&self, rights: Rights) -> Result<Self, Status> {
        duplicate(self.as_raw(), rights)
    }

    /// What this handle allows.
    ///
    /// Wraps `zx_object_get_info` with `ZX_INFO_HANDLE_BASIC`, which needs no right.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Rights, Status};
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// assert!(process.rights()?.contains(Rights::WRITE_MEMORY));
    /// # Ok(())
    /// # }
    /// ```
    pub fn rights(&self) -> Result<Rights, Status> {
        Ok(Rights::from_bits_retain(self.info()?.rights))
    }

    /// The process's koid, the number by which Fuchsia's tools know it.
    ///
    /// Wraps `zx_object_get_info` with `ZX_INFO_HANDLE_BASIC`, which needs no right.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Rights, Status};
    /// # fn main() -> Result<(), Status> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let again = process.duplicate(Rights::SAME_RIGHTS)?;
    /// assert_eq!(process.koid()?, again.koid()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn koid(&self) -> Result<zx_koid_t, Status> {
        Ok(self.info()?.koid)
    }

    fn info(&self) -> Result<zx_info_handle_basic_t, Status> {
        handle_info(self.as_raw())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and `self` is the last to know it. A failure
        // means that it was closed already, of which nothing can be made here.
        unsafe { sys::zx_handle_close(self.as_raw()) };
    }
}

/// Shows the handle, and what the kernel says of it: koid and rights, or why not.
impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Process");
        out.field("handle", &format_args!("{:#x}", self.as_raw()));
        match self.info() {
            Ok(info) => out
                .field("koid", &info.koid)
                .field("rights", &Rights::from_bits_retain(info.rights)),
            Err(status) => out.field("error", &status),
        }
        .finish()
    }
}

/// What the kernel says of any handle, a process's or not.
pub(crate) fn handle_info(handle: zx_handle_t) -> Result<zx_info_handle_basic_t, Status> {
    let mut info = zx_info_handle_basic_t::default();
    // SAFETY: `info` is writable and of the size that is passed; both counts may be
    // null.
    let raw: zx_status_t = unsafe {
        sys::zx_object_get_info(
            handle,
            ZX_INFO_HANDLE_BASIC,
            (&raw mut info).cast(),
            size_of_val(&info),
            null_mut(),
            null_mut(),
        )
    };
    Status::ok(raw)?;
    Ok(info)
}

pub(crate) fn duplicate(handle: zx_handle_t, rights: Rights) -> Result<Process, Status> {
    let mut out = 0;
    // SAFETY: `out` is valid for a write.
    Status::ok(unsafe { sys::zx_handle_duplicate(handle, rights.bits(), &raw mut out) })?;
    // SAFETY: the kernel just made this handle for us.
    unsafe { Process::from_raw(out) }
}
