//! What `zx_process_write_memory` and `zx_process_read_memory` do, stated once and put to
//! every kernel. `case.rs` says what a case is, `cases/` has them, `target/` the processes to
//! try them on.

#[cfg(any(backend = "fuchsia", backend = "linux"))]
#[path = "suite.rs"]
mod suite;

#[cfg(any(backend = "fuchsia", backend = "linux"))]
fn main() -> std::process::ExitCode {
    suite::main(suite::Part::Cases)
}

#[cfg(not(any(backend = "fuchsia", backend = "linux")))]
fn main() {
    println!("There is no kernel to try on this target.");
}
