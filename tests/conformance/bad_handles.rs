//! The cases with bad handles, in a program of their own: a job policy may end it.

#[cfg(any(backend = "fuchsia", backend = "linux"))]
#[path = "suite.rs"]
mod suite;

#[cfg(any(backend = "fuchsia", backend = "linux"))]
fn main() -> std::process::ExitCode {
    suite::main(suite::Part::BadHandles)
}

#[cfg(not(any(backend = "fuchsia", backend = "linux")))]
fn main() {
    println!("There is no kernel to try on this target.");
}
