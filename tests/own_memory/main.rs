//! Reads, writes, integers and the cursor on the memory of this program, for every kernel, with
//! debugging syscalls on or off.

#[cfg(any(backend = "fuchsia", backend = "linux"))]
#[path = "suite.rs"]
mod suite;

#[cfg(any(backend = "fuchsia", backend = "linux"))]
fn main() -> std::process::ExitCode {
    suite::main()
}

#[cfg(not(any(backend = "fuchsia", backend = "linux")))]
fn main() {
    println!("skipped: this target has no backend");
}
