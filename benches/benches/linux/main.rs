//! Reads and writes of a child's memory: this crate's, an open /proc/PID/mem (the best raw
//! call that gives the same guarantees), process_vm_readv and _writev by nix, the crates
//! process-memory and process_vm_io, and memcpy within one process as the physical limit.

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod linux;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The stand-in is Linux's.");
}
