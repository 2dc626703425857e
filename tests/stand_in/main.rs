//! The manual page, row by row, against real Linux processes.

#[cfg(backend = "stand_in")]
#[path = "suite.rs"]
mod suite;

#[cfg(not(backend = "stand_in"))]
mod suite {
    pub(crate) fn main() {
        println!("These tests are the stand-in's, which this target does not have.");
    }
}

fn main() {
    suite::main();
}
