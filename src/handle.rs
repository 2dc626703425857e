//! Operations on a handle: raw value, duplicate, rights and koid.

use crate::sys::{self, ZX_INFO_HANDLE_BASIC, zx_handle_t, zx_info_handle_basic_t, zx_koid_t};
use crate::{Process, Rights, Status};
use core::mem::ManuallyDrop;
use core::ptr::null_mut;

/// The handle itself.
impl Process {
    /// Returns the raw handle, which `self` still owns. It is never 0.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Status};
    /// # fn main() -> Result<(), Status> {
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }?;
    /// assert_ne!(process.as_raw(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[inline]
    pub const fn as_raw(&self) -> zx_handle_t {
        self.raw().get()
    }

    /// Gives the raw handle to the caller, who must close it.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Status, sys};
    /// # fn main() -> Result<(), Status> {
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }?;
    /// let handle = process.into_raw();
    /// // SAFETY: this function owns the handle and does not use it again.
    /// Status::ok(unsafe { sys::zx_handle_close(handle) })
    /// # }
    /// ```
    #[must_use = "the handle stays open until it is closed"]
    #[inline]
    pub fn into_raw(self) -> zx_handle_t {
        ManuallyDrop::new(self).as_raw()
    }

    /// Makes a second handle to the same process. It has `rights`, or with
    /// [`Rights::SAME_RIGHTS`] those of this handle.
    ///
    /// Wraps `zx_handle_duplicate`.
    ///
    /// # Errors
    ///
    /// - [`AccessDenied`](Status::AccessDenied): this handle lacks [`Rights::DUPLICATE`].
    /// - [`InvalidArgs`](Status::InvalidArgs): `rights` contains a right that this handle lacks.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    /// - [`NoMemory`](Status::NoMemory): the kernel is out of memory.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Rights, Status};
    /// # fn main() -> Result<(), Status> {
    /// # // SAFETY: the one write is refused.
    /// # let process = unsafe { Process::current() }?;
    /// let weaker = process.duplicate(Rights::INSPECT)?;
    /// assert_eq!(weaker.rights()?, Rights::INSPECT);
    /// assert_eq!(weaker.write_memory(0x1000, b"x"), Err(Status::AccessDenied));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_handle_duplicate")]
    pub fn duplicate(&self, rights: Rights) -> Result<Self, Status> {
        let handle = duplicate(self.as_raw(), rights)?;
        // SAFETY: the kernel has just made this handle, and nothing else closes it. It names the
        // process of `self`. If that is the calling process, the unsafe constructor of `self`
        // covers duplicates too.
        unsafe { Self::from_raw(handle) }
    }

    /// Returns the rights of this handle.
    ///
    /// Wraps `zx_object_get_info` with `ZX_INFO_HANDLE_BASIC`, which requires no right.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Rights, Status};
    /// # fn main() -> Result<(), Status> {
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }?;
    /// assert!(process.rights()?.contains(Rights::WRITE_MEMORY));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_object_get_info")]
    pub fn rights(&self) -> Result<Rights, Status> {
        Ok(Rights::from_bits_retain(handle_info(self.as_raw())?.rights))
    }

    /// Returns the process's koid, which identifies it in Fuchsia's tools.
    ///
    /// Wraps `zx_object_get_info` with `ZX_INFO_HANDLE_BASIC`, which requires no right.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    ///
    /// ```
    /// # use zx_process_memory::{Process, Rights, Status};
    /// # fn main() -> Result<(), Status> {
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }?;
    /// let duplicate = process.duplicate(Rights::SAME_RIGHTS)?;
    /// assert_eq!(process.koid()?, duplicate.koid()?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_object_get_info")]
    pub fn koid(&self) -> Result<zx_koid_t, Status> {
        Ok(handle_info(self.as_raw())?.koid)
    }
}

/// Returns what the kernel reports about a handle of any type.
pub(crate) fn handle_info(handle: zx_handle_t) -> Result<zx_info_handle_basic_t, Status> {
    let mut info = zx_info_handle_basic_t::default();
    // SAFETY: `info` is writable and has the size that is passed. The two counts can be null.
    Status::ok(unsafe {
        sys::zx_object_get_info(
            handle,
            ZX_INFO_HANDLE_BASIC,
            (&raw mut info).cast(),
            size_of_val(&info),
            null_mut(),
            null_mut(),
        )
    })?;
    Ok(info)
}

pub(crate) fn duplicate(handle: zx_handle_t, rights: Rights) -> Result<zx_handle_t, Status> {
    let mut duplicate = 0;
    // SAFETY: `duplicate` is valid for a write.
    Status::ok(unsafe { sys::zx_handle_duplicate(handle, rights.bits(), &raw mut duplicate) })?;
    Ok(duplicate)
}
