//! Patches an integer in a running child process, and restores it.
//!
//!     cargo run -p zx-debug-memory --example patch
//!
//! The child is this program again. It prints the value of an integer in its memory for each line
//! that it reads. The parent prints the mapping that contains the integer, overwrites the integer,
//! and writes the original value back.

use std::env::{args, current_exe};
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use zx_debug_memory::MemoryMap;
use zx_process_memory::Process;

static VALUE: AtomicU32 = AtomicU32::new(1000);

fn main() -> ExitCode {
    if args().nth(1).as_deref() == Some("child") {
        run_child();
        return ExitCode::SUCCESS;
    }
    match run_parent() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("patch: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run_parent() -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(own_program()?)
        .arg("child")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // On Zircon of 2018 and 2019 a child cannot inherit stderr if it is a debuglog (measured).
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no stdout")?).lines();
    let mut stdin = child.stdin.take().ok_or("no stdin")?;
    let mut next_line = move || -> Result<String, Box<dyn Error>> {
        writeln!(stdin)?;
        Ok(lines.next().ok_or("the child has ended")??)
    };
    let vaddr = next_line()?.parse()?;
    println!("before:   {}", next_line()?);

    let process = Process::from_child(&child)?;
    let map = MemoryMap::read(&process)?;
    let mapping = map.find(vaddr).ok_or("the integer is not mapped")?;
    println!("mapping:  {mapping}");

    let original: u32 = process.read_le(vaddr)?;
    process.write_le(vaddr, 42u32)?;
    println!("patched:  {}", next_line()?);
    process.write_le(vaddr, original)?;
    println!("restored: {}", next_line()?);
    Ok(())
}

/// On Zircon, a program that starts from a boot image has a path relative to that image, which is
/// mounted at `/boot` (measured: 2018 and July 2019).
fn own_program() -> io::Result<PathBuf> {
    let own = current_exe()?;
    let in_image = Path::new("/boot").join(own.strip_prefix("/").unwrap_or(&own));
    Ok(if own.exists() { own } else { in_image })
}

/// Prints the address of the integer for the first line of stdin, and its value for every other
/// line.
fn run_child() {
    for (index, _) in io::stdin().lines().enumerate() {
        match index {
            0 => println!("{}", VALUE.as_ptr().addr()),
            _ => println!("{}", VALUE.load(Ordering::Relaxed)),
        }
    }
}

/// The error and all its causes, separated by colons.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |&error| error.source());
    let messages: Vec<_> = errors.map(ToString::to_string).collect();
    messages.join(": ")
}
