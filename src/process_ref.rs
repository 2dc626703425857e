use crate::sys::zx_handle_t;
use crate::{Process, Status};
use core::borrow::Borrow;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;

/// A handle to a process, borrowed: it is never closed.
///
/// This is how a debugger that already holds its handles, in Fuchsia's own `zx`
/// crate for instance, writes through them. It dereferences to [`Process`].
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
///     // SAFETY: `target` keeps the handle open as long as it is borrowed here, and
///     // is not the calling process.
///     let process = unsafe { ProcessRef::borrow_raw(target.raw_handle()) }?;
///     process.write_memory(vaddr, bytes)
/// }
/// # assert_eq!(patch(&zx::Process::any(), 0, &[]), Err(Status::InvalidArgs));
/// ```
#[repr(transparent)]
pub struct ProcessRef<'a> {
    process: ManuallyDrop<Process>,
    owner: PhantomData<&'a Process>,
}

impl ProcessRef<'_> {
    /// Borrows a raw handle.
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
    /// - The handle stays open as long as the `ProcessRef` lives. Its lifetime is the
    ///   caller's to choose: best that of the borrow of the handle's owner.
    /// - If it names the calling process, the rules of [`Process::current`] hold for
    ///   every write through it and through its duplicates.
    ///
    /// ```
    /// use zx_process_memory::{ProcessRef, Status};
    ///
    /// // SAFETY: 0 is no handle.
    /// let none = unsafe { ProcessRef::borrow_raw(0) };
    /// assert_eq!(none.unwrap_err(), Status::BadHandle);
    /// ```
    #[inline]
    pub unsafe fn borrow_raw(handle: zx_handle_t) -> Result<Self, Status> {
        // SAFETY: the caller answers for the handle, and `ManuallyDrop` leaves the
        // ownership with whoever has it.
        let process = unsafe { Process::from_raw(handle) }?;
        Ok(Self {
            process: ManuallyDrop::new(process),
            owner: PhantomData,
        })
    }
}

impl Deref for ProcessRef<'_> {
    type Target = Process;

    #[inline]
    fn deref(&self) -> &Process {
        &self.process
    }
}

impl Borrow<Process> for ProcessRef<'_> {
    #[inline]
    fn borrow(&self) -> &Process {
        self
    }
}

impl fmt::Debug for ProcessRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
