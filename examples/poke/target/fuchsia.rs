mod bare_process;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, io};
use zx_process_memory::sys::zx_koid_t;
use zx_process_memory::{JobRef, Process, Status};

pub use bare_process::run_without_child;

pub const ID_OPTION: &str = "koid";
pub const ID_VALUE: &str = "KOID";
pub type Id = zx_koid_t;

/// Prints to stdout, or to the kernel's console if there is no stdio.
pub fn print_line(line: &str) -> io::Result<()> {
    if has_stdio() {
        writeln!(io::stdout(), "{line}")
    } else {
        print_to_console(line)
    }
}

/// Prints to stderr, or to the kernel's console if there is no stdio.
pub fn print_error(message: &str) {
    if has_stdio() {
        eprintln!("{message}");
    } else {
        // If the console refuses the message, no other output is left.
        let _ = message.lines().try_for_each(print_to_console);
    }
}

/// If userboot started this program, it has no stdio, and std drops the output (measured: 2018 to
/// April 2021). The environment of such a program is the kernel command line, which contains
/// `userboot`.
fn has_stdio() -> bool {
    env::var_os("userboot").is_none()
}

fn print_to_console(line: &str) -> io::Result<()> {
    for part in format!("{line}\n").as_bytes().chunks(MAX_DEBUG_WRITE) {
        // SAFETY: the buffer is valid for reads of its length.
        let raw = unsafe { fuchsia_zircon_sys::zx_debug_write(part.as_ptr(), part.len()) };
        Status::ok(raw)?;
    }
    Ok(())
}

/// The kernel drops what exceeds this length (`kMaxDebugWriteSize`, read in the sources of 2018 to
/// 2021).
const MAX_DEBUG_WRITE: usize = 256;

pub fn own_id() -> Id {
    own_koid().unwrap_or(0)
}

fn own_koid() -> Result<zx_koid_t, Status> {
    // SAFETY: this handle is not used to write.
    unsafe { Process::current() }?.koid()
}

/// The path of this program. If a program is started directly from a boot image, its name is the
/// path in the image, which is mounted at `/boot` (measured: 2018 and July 2019).
pub fn current_exe() -> io::Result<PathBuf> {
    let path = env::current_exe()?;
    let in_image = Path::new("/boot").join(path.strip_prefix("/").unwrap_or(&path));
    Ok(if path.exists() { path } else { in_image })
}

/// Opens a process. An error includes a hint.
pub fn open(koid: Id) -> Result<Process, (Status, &'static str)> {
    let result = JobRef::default_job().and_then(|job| job.find_process(koid));
    result.map_err(|status| match status {
        Status::InvalidArgs => (
            status,
            "poke cannot open itself: give the koid of another process",
        ),
        status => (
            status,
            "the default job of poke and its child jobs have no process with this koid",
        ),
    })
}
