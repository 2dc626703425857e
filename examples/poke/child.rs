//! The debuggee: a process with a text in its memory.

use crate::target;
use std::cell::UnsafeCell;
use std::io::{self, BufRead, Write};
use zx_process_memory::sys::zx_vaddr_t;

/// Memory that is changed from outside, unseen by the compiler.
struct Text(UnsafeCell<[u8; 64]>);

// SAFETY: nothing in this program writes it, or borrows it.
unsafe impl Sync for Text {}

static TEXT: Text = Text(UnsafeCell::new({
    let (text, mut memory) = (b"hello from the child", [0; 64]);
    let mut i = 0;
    while i < text.len() {
        memory[i] = text[i];
        i += 1;
    }
    memory
}));

pub fn run() -> io::Result<()> {
    report()?;
    for line in io::stdin().lock().split(b'\n') {
        line?;
        report()?;
    }
    Ok(())
}

fn report() -> io::Result<()> {
    let address: *const [u8; 64] = TEXT.0.get();
    // SAFETY: every value is valid for bytes, and a volatile read takes what is there
    // now rather than what the compiler believes.
    let memory = unsafe { address.read_volatile() };
    let text = memory.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(text).escape_debug().to_string();
    let (kind, number) = (target::NUMBER, target::own_number());
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{kind} {number} address {address:p} text {text}")?;
    stdout.flush()
}

/// Reads what [`report`] writes: number, address, text.
pub fn parse(line: &str) -> Option<(String, zx_vaddr_t, String)> {
    let (start, text) = line.split_once(" text ")?;
    let (number, address) = start.split_once(' ')?.1.split_once(" address 0x")?;
    let address = zx_vaddr_t::from_str_radix(address, 16).ok()?;
    Some((number.to_owned(), address, text.to_owned()))
}
