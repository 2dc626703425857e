//! Memory maps and breakpoints of a real process: this program, started again as a child, or a new
//! process. On Linux the calls go to the Linux backend, on Fuchsia to the kernel, with debugging
//! syscalls on or off.

#[cfg(any(target_os = "fuchsia", target_os = "linux"))]
#[path = "suite.rs"]
mod suite;

#[cfg(any(target_os = "fuchsia", target_os = "linux"))]
fn main() -> std::process::ExitCode {
    suite::main()
}

#[cfg(not(any(target_os = "fuchsia", target_os = "linux")))]
fn main() {
    println!("skipped: this target has no backend");
}
