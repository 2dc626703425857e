//! The tests of `debugger` with debugging syscalls off, on the Linux backend.

#[cfg(target_os = "linux")]
#[path = "suite.rs"]
mod suite;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    zx_process_memory::linux::set_debugging_syscalls(false);
    suite::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("skipped: only the Linux backend can turn debugging syscalls off");
}
