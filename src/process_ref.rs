use crate::sys::zx_handle_t;
use crate::{Process, Status};
use core::borrow::Borrow;
use core::fmt;
use core::marker::PhantomData;
use core::num::NonZero;
use core::ops::Deref;

/// A borrowed handle to a process. It is never closed.
///
/// A debugger that already holds its handles, for example in Fuchsia's `zx` crate, lends them in
/// this way. `ProcessRef` dereferences to [`Process`].
///
/// ```
/// # mod zx {
/// #     pub struct Process(zx_process_memory::Process);
/// #     impl Process {
/// #         // SAFETY: nothing is written in this example.
/// #         pub fn any() -> Self { Self(unsafe { zx_process_memory::Process::current() }.unwrap()) }
/// #         pub fn raw_handle(&self) -> u32 { self.0.as_raw() }
/// #     }
/// # }
/// use zx_process_memory::{ProcessRef, Status};
///
/// /// Writes through a handle that the `zx` crate owns.
/// fn patch(target: &zx::Process, vaddr: usize, bytes: &[u8]) -> Result<usize, Status> {
///     // SAFETY: `target` keeps the handle open during this function. It is not the calling
///     // process.
///     let process = unsafe { ProcessRef::borrow_raw(target.raw_handle()) }?;
///     process.write_memory(vaddr, bytes)
/// }
/// # assert_eq!(patch(&zx::Process::any(), 0, &[]), Err(Status::InvalidArgs));
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct ProcessRef<'a> {
    handle: NonZero<zx_handle_t>,
    owner: PhantomData<&'a Process>,
}

impl ProcessRef<'_> {
    /// Borrows a raw handle.
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
    /// - The handle stays open as long as the `ProcessRef` and its copies live. The caller chooses
    ///   the lifetime; use that of a borrow of the handle's owner.
    /// - If it names the calling process, every write through it and through its duplicates follows
    ///   the rules of [`Process::current`].
    ///
    /// ```
    /// use zx_process_memory::{ProcessRef, Status};
    ///
    /// // SAFETY: 0 is not a handle.
    /// let none = unsafe { ProcessRef::borrow_raw(0) };
    /// assert_eq!(none.unwrap_err(), Status::BadHandle);
    /// ```
    #[inline]
    pub unsafe fn borrow_raw(handle: zx_handle_t) -> Result<Self, Status> {
        Ok(Self {
            handle: NonZero::new(handle).ok_or(Status::BadHandle)?,
            owner: PhantomData,
        })
    }
}

impl Deref for ProcessRef<'_> {
    type Target = Process;

    #[inline]
    fn deref(&self) -> &Process {
        let handle: *const NonZero<zx_handle_t> = &raw const self.handle;
        // SAFETY: `Process` is a transparent wrapper of `NonZero<zx_handle_t>`. The reference
        // borrows `self`, so the `Process` is never dropped and never closes the handle. The caller
        // of `borrow_raw` ensures both requirements of `Process::from_raw` but the ownership.
        unsafe { &*handle.cast() }
    }
}

impl Borrow<Process> for ProcessRef<'_> {
    #[inline]
    fn borrow(&self) -> &Process {
        self
    }
}

/// Prints the handle value. Makes no system call.
impl fmt::Debug for ProcessRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProcessRef")
            .field(&format_args!("{:#x}", self.handle))
            .finish()
    }
}
