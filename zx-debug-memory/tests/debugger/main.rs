//! Map and breakpoints in a real process: this program, started again. On Linux the process
//! is the stand-in's, on Fuchsia it is the kernel's.

#[cfg(any(target_os = "fuchsia", target_os = "linux"))]
#[path = "suite.rs"]
mod suite;

#[cfg(any(target_os = "fuchsia", target_os = "linux"))]
fn main() {
    suite::main();
}

#[cfg(not(any(target_os = "fuchsia", target_os = "linux")))]
fn main() {
    println!("There is no kernel to try on this target.");
}
