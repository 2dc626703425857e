//! `JobRef::find_process`, with which a debugger opens its debuggee.

use super::debuggee::Debuggee;
use zx_process_memory::{JobRef, Process, Status};

pub(crate) fn process_is_found_by_its_koid() {
    let mut debuggee = Debuggee::start();
    debuggee.store(0, b"the debuggee");
    // On the Linux backend a process has a koid only while a handle to it is open.
    let process = debuggee.process();
    let koid = process.koid().unwrap();
    let found = JobRef::default_job().unwrap().find_process(koid).unwrap();
    assert_eq!(found.koid(), Ok(koid));
    let mut bytes = [0; 12];
    found.read_exact_memory(debuggee.vaddr, &mut bytes).unwrap();
    assert_eq!(&bytes, b"the debuggee");
}

pub(crate) fn unknown_koid_is_not_found() {
    let job = JobRef::default_job().unwrap();
    for koid in [0, 1, u64::MAX] {
        assert_eq!(job.find_process(koid).unwrap_err(), Status::NotFound);
    }
}

pub(crate) fn own_koid_is_invalid_args() {
    let job = JobRef::default_job().unwrap();
    // SAFETY: nothing is written.
    let own = unsafe { Process::current() }.unwrap();
    let found = job.find_process(own.koid().unwrap());
    assert_eq!(found.unwrap_err(), Status::InvalidArgs);
}

/// The process is in the innermost of three nested jobs. Each level also has many empty jobs.
#[cfg(target_os = "fuchsia")]
pub(crate) fn process_is_found_in_nested_jobs() {
    use fuchsia_zircon_sys::{zx_handle_close, zx_job_create, zx_process_create};
    use zx_process_memory::sys;

    let mut handles = vec![sys::zx_job_default()];
    for _ in 0..3 {
        let parent = handles[handles.len() - 1];
        for _ in 0..80 {
            let mut job = 0;
            // SAFETY: `job` is writable.
            Status::ok(unsafe { zx_job_create(parent, 0, &raw mut job) }).unwrap();
            handles.push(job);
        }
    }
    let (mut process, mut vmar) = (0, 0);
    // SAFETY: the name is readable for its length, and both handles are writable.
    let raw = unsafe {
        let (job, name) = (handles[handles.len() - 1], b"nested");
        let (name, len) = (name.as_ptr(), name.len());
        zx_process_create(job, name, len, 0, &raw mut process, &raw mut vmar)
    };
    Status::ok(raw).unwrap();
    // SAFETY: this function owns the new process's handle, and does not use it again.
    let process = unsafe { Process::from_raw(process) }.unwrap();
    let koid = process.koid().unwrap();
    let before = count_own_handles();
    let found = JobRef::default_job().unwrap().find_process(koid);
    // The search closes the handles of the jobs, and keeps the handle of the process.
    assert_eq!(count_own_handles(), before + 1);
    // SAFETY: this function created all handles except the first, which is not closed.
    let close = |handle| unsafe { zx_handle_close(handle) };
    handles.drain(1..).chain([vmar]).for_each(|handle| {
        close(handle);
    });
    assert_eq!(found.unwrap().koid(), Ok(koid));
}

/// The number of this process's handles to jobs and processes, from
/// `ZX_INFO_PROCESS_HANDLE_STATS`. Other types are not counted: the allocator opens and closes
/// handles too.
#[cfg(target_os = "fuchsia")]
fn count_own_handles() -> u32 {
    use fuchsia_zircon_sys::{ZX_INFO_PROCESS_HANDLE_STATS, ZX_OBJ_TYPE_JOB, ZX_OBJ_TYPE_PROCESS};
    use std::ptr::null_mut;
    use zx_process_memory::sys;

    // Indexed by object type. Longer than the number of types in any kernel.
    let mut counts = [0u32; 128];
    // SAFETY: `counts` is writable for its size, and the two out-pointers may be null.
    let raw = unsafe {
        let (own, topic) = (sys::zx_process_self(), ZX_INFO_PROCESS_HANDLE_STATS);
        let (buffer, size) = (counts.as_mut_ptr().cast(), size_of_val(&counts));
        sys::zx_object_get_info(own, topic, buffer, size, null_mut(), null_mut())
    };
    Status::ok(raw).unwrap();
    counts[ZX_OBJ_TYPE_JOB as usize] + counts[ZX_OBJ_TYPE_PROCESS as usize]
}
