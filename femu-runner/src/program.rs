//! Loads the program, and other files that were given.

use crate::architecture::{self, Architecture};
use crate::elf::Elf;
use crate::setup_error::SetupError;
use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;

/// A program for one of the Fuchsia architectures.
#[derive(Debug)]
pub struct Program {
    /// The file name.
    pub name: String,
    /// The architecture that it is built for.
    pub architecture: &'static Architecture,
    /// The stripped program.
    pub bytes: Vec<u8>,
}

/// Reads the program and strips it.
///
/// # Errors
///
/// The file cannot be read, or is not an ELF program for one of the Fuchsia architectures.
pub fn load_program(path: &Path) -> Result<Program, SetupError> {
    let file = read_file(path, "PROGRAM")?;
    let unusable = |error: &dyn Display| {
        SetupError::new(
            format!("{} is not a Fuchsia program: {error}", path.display()),
            "give a program that is built for a Fuchsia target",
        )
    };
    let elf = Elf::parse(&file).map_err(|error| unusable(&error))?;
    let machine = elf.machine();
    let architecture = architecture::by_elf_machine(machine).ok_or_else(|| {
        unusable(&format!(
            "ELF machine {machine} is not a Fuchsia architecture"
        ))
    })?;
    elf.check_system().map_err(|error| unusable(&error))?;
    let bytes = elf.strip().map_err(|error| unusable(&error))?;
    let name = path.file_name().unwrap_or_default();
    Ok(Program {
        name: name.to_string_lossy().into_owned(),
        architecture,
        bytes,
    })
}

/// Reads the file that was given with `option`.
///
/// # Errors
///
/// The file cannot be read.
pub fn read_file(path: &Path, option: &str) -> Result<Vec<u8>, SetupError> {
    let file = fs::metadata(path).and_then(|metadata| {
        if metadata.is_file() {
            fs::read(path)
        } else {
            Err(io::Error::other("not a regular file"))
        }
    });
    file.map_err(|error| {
        SetupError::new(
            format!("cannot read {}: {error}", path.display()),
            format!("check the path given as {option}"),
        )
    })
}
