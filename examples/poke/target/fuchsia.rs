use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, io};
use zx_process_memory::sys::{
    self, ZX_INFO_JOB_CHILDREN, ZX_OK, ZX_RIGHT_SAME_RIGHTS, zx_handle_t, zx_koid_t,
};
use zx_process_memory::{Process, Status};

#[path = "bare_process.rs"]
mod bare_process;

pub use bare_process::without_child;

pub const NUMBER: &str = "koid";
pub type Number = zx_koid_t;

/// A program that an old userboot starts has no stdio: what it prints is dropped. That it
/// was started so shows in the kernel's command line, whose words are its environment.
pub fn say(line: &str) -> io::Result<()> {
    if env::var_os("userboot").is_none() {
        return writeln!(io::stdout(), "{line}");
    }
    let line = format!("{line}\n");
    // SAFETY: the bytes are readable.
    let raw = unsafe { fuchsia_zircon_sys::zx_debug_write(line.as_ptr(), line.len()) };
    Ok(Status::ok(raw)?)
}

pub fn own_number() -> Number {
    own_koid().unwrap_or(0)
}

fn own_koid() -> Result<zx_koid_t, Status> {
    // SAFETY: nothing is written.
    unsafe { Process::current() }?.koid()
}

/// A program that was started straight from a boot image is named as in that image,
/// which is `/boot`.
pub fn current_exe() -> io::Result<PathBuf> {
    let named = env::current_exe()?;
    let in_image = Path::new("/boot").join(named.strip_prefix("/").unwrap_or(&named));
    Ok(if named.exists() { named } else { in_image })
}

pub fn open(koid: Number) -> Result<Process, (Status, &'static str)> {
    match own_koid() {
        Ok(own) if own != koid => {}
        Ok(_) => return Err((Status::InvalidArgs, "that is poke itself")),
        Err(status) => return Err((status, "poke must know itself, to spare itself")),
    }
    let found = find_below(sys::zx_job_default(), koid);
    let hint = "no process with this koid is below the default job";
    let handle = found.ok_or((Status::NotFound, hint))?;
    // SAFETY: the kernel just made this handle for us, and it is not poke's own.
    unsafe { Process::from_raw(handle) }.map_err(|status| (status, hint))
}

/// Looks among the children of a job, and then in the jobs below it.
fn find_below(job: zx_handle_t, koid: zx_koid_t) -> Option<zx_handle_t> {
    child_of(job, koid).or_else(|| {
        jobs_in(job).into_iter().find_map(|below| {
            let below = child_of(job, below)?;
            let found = find_below(below, koid);
            // SAFETY: `child_of` made this handle, and it is not used afterwards.
            unsafe { sys::zx_handle_close(below) };
            found
        })
    })
}

fn child_of(job: zx_handle_t, koid: zx_koid_t) -> Option<zx_handle_t> {
    let mut child = 0;
    // SAFETY: `child` is valid for a write.
    let raw = unsafe { sys::zx_object_get_child(job, koid, ZX_RIGHT_SAME_RIGHTS, &raw mut child) };
    (raw == ZX_OK).then_some(child)
}

fn jobs_in(job: zx_handle_t) -> Vec<zx_koid_t> {
    let mut koids = vec![0; 64];
    loop {
        let (mut actual, mut avail) = (0, 0);
        // SAFETY: `koids` is writable for as many bytes, both counts for one each.
        let raw = unsafe {
            let (to, size) = (koids.as_mut_ptr().cast(), size_of_val(&koids[..]));
            let topic = ZX_INFO_JOB_CHILDREN;
            sys::zx_object_get_info(job, topic, to, size, &raw mut actual, &raw mut avail)
        };
        if raw != ZX_OK || avail <= koids.len() {
            koids.truncate(if raw == ZX_OK { actual } else { 0 });
            return koids;
        }
        koids.resize(avail * 2, 0);
    }
}
