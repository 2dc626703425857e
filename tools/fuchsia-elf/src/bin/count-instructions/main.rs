//! Counts the instructions that `write_memory` adds to the bare call, in builds of `tools/thin`.
//!
//!     count-instructions --limit ARCHITECTURE=COUNT [--limit ...] LIBRARY...
//!
//! Each library is `tools/thin`, linked as a shared object with `--emit-relocs`. The program
//! counts the instructions on the successful path. It fails if a library adds more of them than
//! the limit for its architecture (`x86_64`, `aarch64` or `riscv64`), if a library imports
//! anything but `zx_process_write_memory`, or if it has a symbol of a panic, an allocator or an
//! unwinder. `ci/fuchsia.sh` builds the libraries and sets the limits.

mod call_path;
mod disassembly;
mod limits;

use call_path::shortest_path_through_call;
use disassembly::TextSection;
use limits::Limits;
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol};
use std::process::ExitCode;
use std::{env, fs};

type Elf<'data> = ElfFile64<'data, Endianness>;

const WRITE_MEMORY: &str = "zx_process_write_memory";

fn main() -> ExitCode {
    let (limits, libraries) = match Limits::from_arguments(env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("count-instructions: {error}");
            eprintln!("usage: count-instructions --limit ARCHITECTURE=COUNT... LIBRARY...");
            return ExitCode::from(2);
        }
    };
    let mut all_passed = true;
    println!("instructions on the successful path, and size of all code:");
    for path in libraries {
        match check_library(&path, &limits) {
            Ok(figures) => println!("{path}: {figures}"),
            Err(error) => {
                println!("{path}: FAILED: {error}");
                all_passed = false;
            }
        }
    }
    if all_passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns the figures of the library as one line, or what is wrong with it.
fn check_library(path: &str, limits: &Limits) -> Result<String, String> {
    let data = fs::read(path).map_err(|error| error.to_string())?;
    let elf = Elf::parse(&*data).map_err(|error| error.to_string())?;
    check_imports(&elf)?;
    check_symbols(&elf)?;
    let text = TextSection::new(&elf)?;
    let count = |function| shortest_path_through_call(&text.function(&elf, function)?);
    let (wrapped, bare) = (count("wrapped")?, count("bare")?);
    let added = wrapped.saturating_sub(bare);
    let figures = format!(
        "write_memory {wrapped}, bare call {bare}, added {added}; {} bytes",
        text.len()
    );
    match limits.check(elf.architecture(), added) {
        Ok(()) => Ok(figures),
        Err(error) => Err(format!("{figures}: {error}")),
    }
}

fn check_imports(elf: &Elf) -> Result<(), String> {
    let imports = elf.dynamic_symbols().filter(|symbol| symbol.is_undefined());
    let names: Vec<&str> = imports.filter_map(|symbol| symbol.name().ok()).collect();
    if names == [WRITE_MEMORY] {
        Ok(())
    } else {
        Err(format!("imports {names:?}, expected only {WRITE_MEMORY}"))
    }
}

fn check_symbols(elf: &Elf) -> Result<(), String> {
    let mut names = elf.symbols().filter_map(|symbol| symbol.name().ok());
    let forbidden = ["panic", "alloc", "unwind"];
    match names.find(|name| forbidden.iter().any(|word| name.contains(word))) {
        Some(name) => Err(format!("contains the symbol {name}")),
        None => Ok(()),
    }
}
