//! The program of the demo: it calls a function, and prints the results.

use std::hint::black_box;
use std::io::{self, Write};

/// The calls with a breakpoint, and one more after its removal.
pub(crate) const CALLS: u64 = 4;

/// The function with the breakpoint. Its name is a symbol, and no call of it is inlined.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn tick(number: u64) -> u64 {
    black_box(number) * 2
}

/// The child's main function.
pub(crate) fn run() -> io::Result<()> {
    for number in 1..=CALLS {
        let result = black_box(tick as extern "C" fn(u64) -> u64)(number);
        writeln!(io::stdout(), "tick({number}) returned {result}")?;
    }
    Ok(())
}
