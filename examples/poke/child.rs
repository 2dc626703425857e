//! `poke child`: a process that holds a text for other processes to write.

use crate::target;
use std::cell::UnsafeCell;
use std::io::{self, BufRead, Write};
use zx_process_memory::sys::zx_vaddr_t;

/// Memory that another process writes.
struct Text(UnsafeCell<[u8; 64]>);

// SAFETY: this program only reads the memory, volatilely, and holds no reference to it.
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

/// Prints a report, and another for each line on stdin.
pub fn run() -> io::Result<()> {
    print_report()?;
    for line in io::stdin().lock().split(b'\n') {
        line?;
        print_report()?;
    }
    Ok(())
}

fn print_report() -> io::Result<()> {
    let address: *const [u8; 64] = TEXT.0.get();
    // SAFETY: the static is valid for reads, and any bytes are a valid value. The read is volatile,
    // since another process may have written the memory.
    let memory = unsafe { address.read_volatile() };
    let text = memory.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(text).escape_debug().to_string();
    let (option, id) = (target::ID_OPTION, target::own_id());
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{option} {id} address {address:p} text {text}")?;
    stdout.flush()
}

/// The ID, address and text in a line of [`print_report`].
pub fn parse_report(line: &str) -> Option<(String, zx_vaddr_t, String)> {
    let (start, text) = line.split_once(" text ")?;
    let (id, address) = start.split_once(' ')?.1.split_once(" address 0x")?;
    let address = zx_vaddr_t::from_str_radix(address, 16).ok()?;
    Some((id.to_owned(), address, text.to_owned()))
}
