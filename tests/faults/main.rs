//! What may go wrong from outside: the target is killed, stopped or replaced in the middle
//! of a write, handles are closed under their users, limits are reached, Linux refuses.
//! Nothing hangs, nothing panics, no other process is written, and each failure has the
//! status that the stand-in's documentation gives it.

#[cfg(backend = "linux")]
#[path = "suite.rs"]
mod suite;

#[cfg(backend = "linux")]
fn main() {
    suite::main();
}

#[cfg(not(backend = "linux"))]
fn main() {
    println!("These tests are the stand-in's, which this target does not have.");
}
