use crate::handle::handle_info;
use crate::owned_handle::OwnedHandle;
use crate::sys::{self, ZX_INFO_JOB_CHILDREN, ZX_RIGHT_SAME_RIGHTS, zx_handle_t, zx_koid_t};
use crate::{Process, Status};
use core::fmt;
use core::marker::PhantomData;
use core::num::NonZero;
use std::vec;
use std::vec::Vec;

/// A borrowed handle to a job, in which processes are found by koid.
///
/// The default job contains the caller's component and the processes that it started. To find any
/// process, use the root job: see the [crate documentation](crate#how-a-debugger-gets-handles).
///
/// ```
/// # #[cfg(backend = "linux")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::process::{Command, Stdio};
/// use zx_process_memory::{JobRef, Process, Status};
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
/// let process = Process::from_child(&child)?;
/// let job = JobRef::default_job()?;
/// let found = job.find_process(process.koid()?)?;
/// assert_eq!(found.koid()?, process.koid()?);
/// assert_eq!(job.find_process(1).unwrap_err(), Status::NotFound);
/// # child.kill()?;
/// # child.wait()?;
/// # Ok(())
/// # }
/// # #[cfg(not(backend = "linux"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy)]
pub struct JobRef<'a> {
    handle: NonZero<zx_handle_t>,
    owner: PhantomData<&'a ()>,
}

impl JobRef<'static> {
    /// Borrows the handle to the job in which the calling process creates its children.
    ///
    /// Wraps `zx_job_default` of libc, which owns the handle.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle): the calling process has no default job, or the target has
    /// no backend.
    ///
    /// ```
    /// # use zx_process_memory::JobRef;
    /// let job = JobRef::default_job().expect("the calling process has no default job");
    /// ```
    #[doc(alias = "zx_job_default")]
    pub fn default_job() -> Result<Self, Status> {
        // SAFETY: libc keeps its handle open as long as the process lives.
        unsafe { Self::borrow_raw(sys::zx_job_default()) }
    }
}

impl JobRef<'_> {
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
    /// The handle stays open as long as the `JobRef` and its copies live. The caller chooses the
    /// lifetime; use that of a borrow of the handle's owner.
    ///
    /// ```
    /// use zx_process_memory::{JobRef, Status};
    ///
    /// // SAFETY: 0 is not a handle.
    /// assert_eq!(unsafe { JobRef::borrow_raw(0) }.unwrap_err(), Status::BadHandle);
    /// ```
    pub unsafe fn borrow_raw(handle: zx_handle_t) -> Result<Self, Status> {
        Ok(Self {
            handle: NonZero::new(handle).ok_or(Status::BadHandle)?,
            owner: PhantomData,
        })
    }

    /// Opens the process with this koid, in this job or in a job below it. The new handle has the
    /// rights of the job's handle.
    ///
    /// Wraps `zx_object_get_child`, and `zx_object_get_info` with `ZX_INFO_JOB_CHILDREN` to descend
    /// into jobs. Jobs that end during the search are skipped.
    ///
    /// On Linux the default job contains the processes that the caller has open.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](Status::NotFound): no process with this koid is below the job.
    /// - [`WrongType`](Status::WrongType): the koid is that of a job, or the handle does not name a
    ///   job.
    /// - [`InvalidArgs`](Status::InvalidArgs): the koid is that of the calling process, to which safe
    ///   code must not write.
    /// - [`AccessDenied`](Status::AccessDenied): the job's handle lacks
    ///   [`Rights::ENUMERATE`](crate::Rights::ENUMERATE).
    /// - [`BadHandle`](Status::BadHandle): the job's handle was closed. On Linux also if the calling
    ///   process cannot open its own memory, as in [`Process::current`].
    ///
    /// # References
    ///
    /// - [`zx_object_get_child`](https://fuchsia.dev/reference/syscalls/object_get_child)
    ///
    /// ```
    /// # use zx_process_memory::{JobRef, Status};
    /// # fn main() -> Result<(), Status> {
    /// let job = JobRef::default_job()?;
    /// assert_eq!(job.find_process(u64::MAX).unwrap_err(), Status::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_object_get_child")]
    pub fn find_process(&self, koid: zx_koid_t) -> Result<Process, Status> {
        // `OwnedHandle::into_process` refuses it too. Here it is refused wherever it is.
        if koid == handle_info(sys::zx_process_self())?.koid {
            return Err(Status::InvalidArgs);
        }
        if let Some(child) = if_found(open_child(self.handle.get(), koid))? {
            return child.into_process();
        }
        let mut jobs = child_jobs(self.handle.get())?;
        while let Some(job) = jobs.pop() {
            if let Some(child) = if_found(open_child(job.as_raw(), koid))? {
                return child.into_process();
            }
            jobs.append(&mut if_found(child_jobs(job.as_raw()))?.unwrap_or_default());
        }
        Err(Status::NotFound)
    }
}

/// Prints the handle value. Makes no system call.
impl fmt::Debug for JobRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobRef")
            .field(&format_args!("{:#x}", self.handle))
            .finish()
    }
}

/// Returns `None` for an object that does not exist or that ends during the search.
fn if_found<T>(result: Result<T, Status>) -> Result<Option<T>, Status> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Status::NotFound | Status::BadState) => Ok(None),
        Err(status) => Err(status),
    }
}

fn open_child(job: zx_handle_t, koid: zx_koid_t) -> Result<OwnedHandle, Status> {
    let mut child = 0;
    // SAFETY: `child` is valid for a write.
    Status::ok(unsafe {
        sys::zx_object_get_child(job, koid, ZX_RIGHT_SAME_RIGHTS, &raw mut child)
    })?;
    // SAFETY: the kernel has just made this handle, and nothing else closes it.
    Ok(unsafe { OwnedHandle::from_raw(child) })
}

/// Opens the direct child jobs of a job.
fn child_jobs(job: zx_handle_t) -> Result<Vec<OwnedHandle>, Status> {
    let mut koids = vec![0; 64];
    loop {
        let (mut actual, mut avail) = (0, 0);
        let (buffer, size) = (koids.as_mut_ptr().cast(), size_of_val(&koids[..]));
        // SAFETY: `koids` is writable for `size` bytes, and both counts are writable.
        Status::ok(unsafe {
            let topic = ZX_INFO_JOB_CHILDREN;
            sys::zx_object_get_info(job, topic, buffer, size, &raw mut actual, &raw mut avail)
        })?;
        if avail > koids.len() {
            // More jobs can appear before the next call.
            koids.resize(avail * 2, 0);
            continue;
        }
        koids.truncate(actual);
        let jobs = koids
            .into_iter()
            .map(|koid| if_found(open_child(job, koid)));
        return jobs.filter_map(Result::transpose).collect();
    }
}
