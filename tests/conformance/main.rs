//! Conformance tests of `zx_process_write_memory` and `zx_process_read_memory`, for every kernel.
//! `case.rs` defines a case, `cases/` lists the cases, and `target/` has the processes to test.
//!
//! Expectations up to April 2021 are measured on booted kernels (`measured/`; December 2018 with an
//! earlier version of the suite). Expectations for later eras were read in the sources.
//! `VERIFICATION.md` has the date and the commit of each change. A comment in this directory that gives
//! neither year nor source holds for all measured kernels.

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
