//! Tests of the Linux backend under faults: the target is killed, stopped or replaced during a
//! call, other threads close handles in use, limits are reached, and Linux denies access.
//! Nothing hangs or panics, no other process is written, and each failure has the status that
//! `zx_process_memory::linux` documents.

#[cfg(backend = "linux")]
#[path = "suite.rs"]
mod suite;

#[cfg(backend = "linux")]
fn main() {
    suite::main();
}

#[cfg(not(backend = "linux"))]
fn main() {
    println!("skipped: this target has no Linux backend");
}
