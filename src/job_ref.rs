use crate::process::handle_info;
use crate::sys::{
    self, ZX_INFO_JOB_CHILDREN, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_SAME_RIGHTS, zx_handle_t, zx_koid_t,
};
use crate::{Process, Status};
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::num::NonZero;
use std::vec;
use std::vec::Vec;

/// A handle to a job, borrowed: where processes are found by koid.
///
/// The default job holds one's own component and what it started. A debugger that wants
/// any process brings the root job's handle, from the protocol
/// `fuchsia.kernel.RootJob`.
///
/// ```
/// use zx_process_memory::{JobRef, Process, Status};
///
/// # fn main() -> Result<(), Status> {
/// let job = JobRef::default_job()?;
/// assert_eq!(job.find_process(1).unwrap_err(), Status::NotFound);
///
/// # #[cfg(backend = "linux")] {
/// # use std::process::{Command, Stdio};
/// let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
/// let process = Process::from_child(&child)?;
/// let again = job.find_process(process.koid()?)?;
/// assert_eq!(again.koid()?, process.koid()?);
/// # child.kill().unwrap();
/// # child.wait().unwrap();
/// # }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct JobRef<'a> {
    handle: NonZero<zx_handle_t>,
    owner: PhantomData<&'a ()>,
}

impl JobRef<'static> {
    /// The job in which the calling process makes its children.
    ///
    /// Wraps `zx_job_default`, of libc, which owns the handle.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle): this process was given no job; or this target
    /// has no backend.
    ///
    /// ```
    /// # use zx_process_memory::JobRef;
    /// let job = JobRef::default_job().expect("this process was given no job");
    /// ```
    pub fn default_job() -> Result<Self, Status> {
        // SAFETY: libc keeps its handle open as long as the process lives.
        unsafe { Self::borrow_raw(sys::zx_job_default()) }
    }
}

impl JobRef<'_> {
    /// Borrows a raw handle.
    ///
    /// The handle is not looked at: if it is closed or names something else, the calls
    /// made with it say so.
    ///
    /// # Errors
    ///
    /// [`BadHandle`](Status::BadHandle) if `handle` is 0 (`ZX_HANDLE_INVALID`).
    ///
    /// # Safety
    ///
    /// The handle stays open as long as the `JobRef` lives. Its lifetime is the caller's
    /// to choose: best that of the borrow of the handle's owner.
    ///
    /// ```
    /// use zx_process_memory::{JobRef, Status};
    ///
    /// // SAFETY: 0 is no handle.
    /// assert_eq!(unsafe { JobRef::borrow_raw(0) }.unwrap_err(), Status::BadHandle);
    /// ```
    pub unsafe fn borrow_raw(handle: zx_handle_t) -> Result<Self, Status> {
        Ok(Self {
            handle: NonZero::new(handle).ok_or(Status::BadHandle)?,
            owner: PhantomData,
        })
    }

    /// The process with this koid, in this job or in one below it. Its handle has the
    /// rights that the job's has.
    ///
    /// Wraps `zx_object_get_child`, and `zx_object_get_info` with
    /// `ZX_INFO_JOB_CHILDREN` to go down. Jobs that end meanwhile are passed over.
    ///
    /// On the [stand-in](crate::linux) the default job knows the processes that this
    /// program holds open.
    ///
    /// # Errors
    ///
    /// - [`NotFound`](Status::NotFound): there is no such process below the job, or no
    ///   more.
    /// - [`WrongType`](Status::WrongType): the koid is a job's; or the handle is not.
    /// - [`InvalidArgs`](Status::InvalidArgs): the koid is that of the calling process,
    ///   to which safe code cannot write.
    /// - [`AccessDenied`](Status::AccessDenied): the job's handle lacks
    ///   [`Rights::ENUMERATE`](crate::Rights::ENUMERATE).
    /// - [`BadHandle`](Status::BadHandle): the job's handle was closed. On the stand-in also
    ///   if Linux does not let the calling process open its own memory, as in
    ///   [`Process::current`].
    ///
    /// # References
    ///
    /// - [`zx_object_get_child`](https://fuchsia.dev/reference/syscalls/object_get_child)
    ///
    /// ```
    /// # use zx_process_memory::{JobRef, Status};
    /// # fn main() -> Result<(), Status> {
    /// let nobody = JobRef::default_job()?.find_process(u64::MAX);
    /// assert_eq!(nobody.unwrap_err(), Status::NotFound);
    /// # Ok(())
    /// # }
    /// ```
    pub fn find_process(&self, koid: zx_koid_t) -> Result<Process, Status> {
        if koid == handle_info(sys::zx_process_self())?.koid {
            return Err(Status::InvalidArgs);
        }
        if let Some(found) = found(child(self.handle.get(), koid))? {
            return found.into_process();
        }
        let mut jobs = jobs_in(self.handle.get())?;
        while let Some(job) = jobs.pop() {
            if let Some(found) = found(child(job.0, koid))? {
                return found.into_process();
            }
            jobs.append(&mut found(jobs_in(job.0))?.unwrap_or_default());
        }
        Err(Status::NotFound)
    }
}

impl fmt::Debug for JobRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobRef")
            .field(&format_args!("{:#x}", self.handle))
            .finish()
    }
}

/// A handle that was made here: a job's or a process's.
struct Owned(zx_handle_t);

impl Owned {
    fn into_process(self) -> Result<Process, Status> {
        if handle_info(self.0)?.type_ != ZX_OBJ_TYPE_PROCESS {
            return Err(Status::WrongType);
        }
        // SAFETY: the handle is given away, and is not the calling process's.
        unsafe { Process::from_raw(ManuallyDrop::new(self).0) }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the handle is ours, and `self` is the last to know it.
        unsafe { sys::zx_handle_close(self.0) };
    }
}

/// What is not there, or came to its end while it was looked at, is passed over.
fn found<T>(answer: Result<T, Status>) -> Result<Option<T>, Status> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Status::NotFound | Status::BadState) => Ok(None),
        Err(status) => Err(status),
    }
}

fn child(job: zx_handle_t, koid: zx_koid_t) -> Result<Owned, Status> {
    let mut child = 0;
    // SAFETY: `child` is valid for a write.
    let raw = unsafe { sys::zx_object_get_child(job, koid, ZX_RIGHT_SAME_RIGHTS, &raw mut child) };
    Status::ok(raw).map(|()| Owned(child))
}

/// The jobs right below a job.
fn jobs_in(job: zx_handle_t) -> Result<Vec<Owned>, Status> {
    let mut koids = vec![0; 64];
    loop {
        let (mut actual, mut avail) = (0, 0);
        let (buffer, size) = (koids.as_mut_ptr().cast(), size_of_val(&koids[..]));
        // SAFETY: `koids` is writable for as many bytes, both counts for one each.
        Status::ok(unsafe {
            let topic = ZX_INFO_JOB_CHILDREN;
            sys::zx_object_get_info(job, topic, buffer, size, &raw mut actual, &raw mut avail)
        })?;
        if avail > koids.len() {
            // There may be more by then.
            koids.resize(avail * 2, 0);
            continue;
        }
        koids.truncate(actual);
        let jobs = koids.into_iter().map(|koid| found(child(job, koid)));
        return jobs.filter_map(Result::transpose).collect();
    }
}
