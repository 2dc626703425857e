//! Compares reads and writes of a child's memory on Linux:
//!
//! - `ours`: this crate
//! - `file`: `pread` and `pwrite` on an open `/proc/PID/mem`, the fastest raw calls with the same
//!   guarantees
//! - `vm`: `process_vm_readv` and `process_vm_writev` through the crate nix
//! - `process-memory` and `process_vm_io`: the crates of these names
//! - `memcpy`: a copy within one process, as the lower bound

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod linux;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("this benchmark supports only Linux");
}
