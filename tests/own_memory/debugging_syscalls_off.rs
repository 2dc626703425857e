//! The tests of `own_memory` with debugging syscalls off, on the Linux backend.

#[cfg(backend = "linux")]
#[path = "suite.rs"]
mod suite;

#[cfg(backend = "linux")]
fn main() -> std::process::ExitCode {
    zx_process_memory::linux::set_debugging_syscalls(false);
    suite::main()
}

#[cfg(not(backend = "linux"))]
fn main() {
    println!("skipped: only the Linux backend can turn debugging syscalls off");
}
