//! The cases with bad handles. They are a program of their own, since a job policy may kill a
//! program that uses a bad handle.

#[cfg(any(backend = "fuchsia", backend = "linux"))]
#[path = "suite.rs"]
mod suite;

#[cfg(any(backend = "fuchsia", backend = "linux"))]
fn main() -> std::process::ExitCode {
    suite::main(suite::CaseSet::BadHandles)
}

#[cfg(not(any(backend = "fuchsia", backend = "linux")))]
fn main() {
    println!("skipped: this target has no backend");
}
