//! The program of the demo: it calls a function, and prints the results.

use std::fmt;
use std::hint::black_box;
use std::io::{self, Write};

/// The calls with a breakpoint, and one more after its removal.
pub(crate) const CALLS: u64 = 4;

/// The function with the breakpoint. Its name is a symbol, and no call of it is inlined.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) extern "C" fn tick(number: u64) -> u64 {
    black_box(number) * 2
}

/// The child's main function.
pub(crate) fn run() -> io::Result<()> {
    call(|line| io::stdout().write_fmt(line))
}

fn call<E>(mut print: impl FnMut(fmt::Arguments) -> Result<(), E>) -> Result<(), E> {
    for number in 1..=CALLS {
        let result = black_box(tick as extern "C" fn(u64) -> u64)(number);
        print(format_args!("tick({number}) returned {result}\n"))?;
    }
    Ok(())
}

/// The main function of a child that is a copy of the debugger, without libc.
#[cfg(target_os = "fuchsia")]
pub(crate) extern "C" fn run_copy(output: u32, _stack: usize) -> ! {
    use crate::run_control::{OutputWriter, exit};
    use fmt::Write as _;
    let mut output = OutputWriter::new(output);
    let result = call(|line| output.write_fmt(line));
    exit(i64::from(result.is_err()));
}
