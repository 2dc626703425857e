//! A process found by its koid, which every debugger begins with.

use super::debuggee::Debuggee;
use zx_process_memory::{JobRef, Process, Status};

pub(crate) fn the_victim_is_found_by_its_koid() {
    let mut debuggee = Debuggee::start();
    debuggee.stores(0, b"the debuggee");
    // On the stand-in a koid lives as long as a handle.
    let open = debuggee.process();
    let koid = open.koid().unwrap();
    let found = JobRef::default_job().unwrap().find_process(koid).unwrap();
    assert_eq!(found.koid(), Ok(koid));
    let mut text = [0; 12];
    found.read_exact_memory(debuggee.vaddr, &mut text).unwrap();
    assert_eq!(&text, b"the debuggee");
}

pub(crate) fn nobody_else_is() {
    let job = JobRef::default_job().unwrap();
    for koid in [0, 1, u64::MAX] {
        assert_eq!(job.find_process(koid).unwrap_err(), Status::NotFound);
    }
    // SAFETY: nothing is written.
    let own = unsafe { Process::current() }.unwrap();
    let found = job.find_process(own.koid().unwrap());
    assert_eq!(found.unwrap_err(), Status::InvalidArgs);
}

/// Three jobs, one in the other, and a process in the last; beside each some that are empty.
#[cfg(target_os = "fuchsia")]
pub(crate) fn a_process_is_found_jobs_below() {
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
    // SAFETY: the name is readable and both handles are writable.
    let raw = unsafe {
        let (job, name) = (handles[handles.len() - 1], b"far below");
        let (name, len) = (name.as_ptr(), name.len());
        zx_process_create(job, name, len, 0, &raw mut process, &raw mut vmar)
    };
    Status::ok(raw).unwrap();
    // SAFETY: the handle is the new process's, and given away here.
    let process = unsafe { Process::from_raw(process) }.unwrap();
    let koid = process.koid().unwrap();
    let before = own_handles();
    let found = JobRef::default_job().unwrap().find_process(koid);
    // Those of the jobs that were looked into are closed again.
    assert_eq!(own_handles(), before + 1);
    // SAFETY: the handles were made above, all but the first.
    let close = |handle| unsafe { zx_handle_close(handle) };
    handles.drain(1..).chain([vmar]).for_each(|handle| {
        close(handle);
    });
    assert_eq!(found.unwrap().koid(), Ok(koid));
}

/// How many handles to jobs and processes this process has, by
/// `ZX_INFO_PROCESS_HANDLE_STATS`. (Others come and go: the allocator has some.)
#[cfg(target_os = "fuchsia")]
fn own_handles() -> u32 {
    use fuchsia_zircon_sys::{ZX_INFO_PROCESS_HANDLE_STATS, ZX_OBJ_TYPE_JOB, ZX_OBJ_TYPE_PROCESS};
    use std::ptr::null_mut;
    use zx_process_memory::sys;

    // By type of object, and room for more types than there are.
    let mut counts = [0u32; 128];
    // SAFETY: `counts` is writable for its size, and both counts may be null.
    let raw = unsafe {
        let (own, topic) = (sys::zx_process_self(), ZX_INFO_PROCESS_HANDLE_STATS);
        let (buffer, size) = (counts.as_mut_ptr().cast(), size_of_val(&counts));
        sys::zx_object_get_info(own, topic, buffer, size, null_mut(), null_mut())
    };
    Status::ok(raw).unwrap();
    counts[ZX_OBJ_TYPE_JOB as usize] + counts[ZX_OBJ_TYPE_PROCESS as usize]
}
