//! Tests of the Linux backend against real Linux processes: each rule of the man pages.

#[cfg(backend = "linux")]
#[path = "suite.rs"]
mod suite;

#[cfg(backend = "linux")]
use zx_process_memory::linux::{Kernel, set_kernel};

#[cfg(backend = "linux")]
fn main() {
    if suite::debuggee::is_debuggee() {
        return suite::debuggee::serve();
    }
    // These tests state the statuses of the man page, whichever kernel the environment selects.
    set_kernel(Kernel::ManPage);
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), suite::tests()).exit();
}

#[cfg(not(backend = "linux"))]
fn main() {
    println!("skipped: this target has no Linux backend");
}
