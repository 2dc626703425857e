//! A patch applied to a running child, and undone.
//!
//!     cargo run -p zx-debug-memory --example patch
//!
//! The child, this program again, prints the number that it finds in its memory. The parent
//! looks what is mapped there, keeps the number, writes another over it, and puts the old
//! one back.

use std::env::{args, current_exe};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use zx_debug_memory::MemoryMap;
use zx_process_memory::Process;

static NUMBER: AtomicU32 = AtomicU32::new(1000);

fn main() -> Result<(), Box<dyn Error>> {
    if args().nth(1).as_deref() == Some("child") {
        child();
        return Ok(());
    }
    let mut child = Command::new(own_program()?)
        .arg("child")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Old kernels cannot hand a debuglog on.
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no stdout")?).lines();
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    let mut next = move || -> Result<String, Box<dyn Error>> {
        writeln!(stdin)?;
        Ok(lines.next().ok_or("the child is gone")??)
    };
    let vaddr = next()?.parse()?;
    println!("before:  {}", next()?);

    let process = Process::from_child(&child)?;
    let map = MemoryMap::read(&process)?;
    println!(
        "mapping: {}",
        map.find(vaddr).ok_or("the number is not mapped")?
    );

    let original: u32 = process.read_le(vaddr)?;
    process.write_le(vaddr, 42u32)?;
    println!("patched: {}", next()?);
    process.write_le(vaddr, original)?;
    println!("undone:  {}", next()?);
    Ok(())
}

/// A program that was started straight from a boot image is named as in that image, which
/// is `/boot`.
fn own_program() -> io::Result<PathBuf> {
    let own = current_exe()?;
    let in_image = Path::new("/boot").join(own.strip_prefix("/").unwrap_or(&own));
    Ok(if own.exists() { own } else { in_image })
}

/// Says where the number is, then what it is, a line for each line that it gets.
fn child() {
    for turn in io::stdin().lines().enumerate() {
        match turn {
            (0, _) => println!("{}", NUMBER.as_ptr().addr()),
            _ => println!("{}", NUMBER.load(Ordering::Relaxed)),
        }
    }
}
