//! The manual page, row by row, against real Linux processes.

#[cfg(backend = "stand_in")]
#[path = "suite.rs"]
mod suite;

#[cfg(backend = "stand_in")]
fn main() {
    // The victims are this program, started again.
    if suite::victim::wanted() {
        return suite::victim::serve();
    }
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), suite::tests()).exit();
}

#[cfg(not(backend = "stand_in"))]
fn main() {
    println!("These tests are the stand-in's, which this target does not have.");
}
