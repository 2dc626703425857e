//! Reads what `tools/thin` was compiled to: how many instructions `write_memory` adds to the
//! bare call on the way that succeeds, and that nothing is in it that should not be.
//!
//!     thin --most 16 LIBRARY...
//!
//! The libraries are shared objects linked with `--emit-relocs`.

mod code;
mod way;

use code::Code;
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol};
use std::process::ExitCode;
use std::{env, fs};

type Elf<'data> = ElfFile64<'data, Endianness>;

const CALL: &str = "zx_process_write_memory";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let ["--most", most, libraries @ ..] =
        &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    else {
        eprintln!("thin --most N LIBRARY...: `ci/fuchsia.sh` links some");
        return ExitCode::from(2);
    };
    let Ok(most) = most.parse() else {
        eprintln!("--most {most}: no number");
        return ExitCode::from(2);
    };
    let mut is_thin = !libraries.is_empty();
    println!("instructions on the way that succeeds, and bytes of all code");
    for path in libraries {
        match read(path, most) {
            Ok(line) => println!("{path}: {line}"),
            Err(why) => {
                println!("{path}: FAILED: {why}");
                is_thin = false;
            }
        }
    }
    if is_thin {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What is to be said of a library, or what is wrong with it.
fn read(path: &str, most: usize) -> Result<String, String> {
    let data = fs::read(path).map_err(|error| error.to_string())?;
    let elf = Elf::parse(&*data).map_err(|error| error.to_string())?;
    imports_nothing_else(&elf)?;
    has_no_panic_and_no_alloc(&elf)?;
    let code = Code::of(&elf)?;
    let count = |function| way::shortest_through_the_call(&code.function(&elf, function)?);
    let (wrapped, bare) = (count("wrapped")?, count("bare")?);
    let added = wrapped.saturating_sub(bare);
    let line = format!(
        "write_memory {wrapped}, the bare call {bare}, added {added}; {} bytes",
        code.len()
    );
    if added > most {
        return Err(format!("{line}: at most {most} may be added"));
    }
    Ok(line)
}

fn imports_nothing_else(elf: &Elf) -> Result<(), String> {
    let imports = elf.dynamic_symbols().filter(|symbol| symbol.is_undefined());
    let names: Vec<&str> = imports.filter_map(|symbol| symbol.name().ok()).collect();
    if names == [CALL] {
        Ok(())
    } else {
        Err(format!(
            "it imports {names:?}, where {CALL} alone is needed"
        ))
    }
}

fn has_no_panic_and_no_alloc(elf: &Elf) -> Result<(), String> {
    let names = elf.symbols().filter_map(|symbol| symbol.name().ok());
    let unwanted = ["panic", "alloc", "unwind"];
    match { names }.find(|name| unwanted.iter().any(|word| name.contains(word))) {
        Some(name) => Err(format!("{name} is in it")),
        None => Ok(()),
    }
}
