//! Conformance tests of `zx_process_write_memory` and `zx_process_read_memory`, for every kernel.
//! `case.rs` defines a case, `cases/` lists the cases, and `target/` has the processes to test.

#[cfg(any(backend = "fuchsia", backend = "linux"))]
#[path = "suite.rs"]
mod suite;

#[cfg(any(backend = "fuchsia", backend = "linux"))]
fn main() -> std::process::ExitCode {
    suite::main(suite::CaseSet::Main)
}

#[cfg(not(any(backend = "fuchsia", backend = "linux")))]
fn main() {
    println!("skipped: this target has no backend");
}
