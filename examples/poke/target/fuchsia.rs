use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, io};
use zx_process_memory::sys::zx_koid_t;
use zx_process_memory::{JobRef, Process, Status};

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
    let found = JobRef::default_job().and_then(|job| job.find_process(koid));
    found.map_err(|status| match status {
        Status::InvalidArgs => (status, "that is poke itself"),
        status => (status, "no process with this koid is below the default job"),
    })
}
