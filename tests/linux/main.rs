//! The manual page, row by row, against real Linux processes.

#[cfg(backend = "linux")]
#[path = "suite.rs"]
mod suite;

#[cfg(backend = "linux")]
fn main() {
    // The debuggees are this program, started again.
    if suite::debuggee::wanted() {
        return suite::debuggee::serve();
    }
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), suite::tests()).exit();
}

#[cfg(not(backend = "linux"))]
fn main() {
    println!("These tests are the stand-in's, which this target does not have.");
}
