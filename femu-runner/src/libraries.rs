//! Finds the libraries that a program loads and a boot image does not contain.

use crate::bootfs::File;
use crate::elf::{Elf, ElfError};
use std::collections::{BTreeSet, VecDeque};

/// Libraries that are not files: `ld.so.1` is libc.so as well, and the kernel maps libzircon.so, the
/// vDSO.
const NOT_FILES: [&str; 2] = ["libc.so", "libzircon.so"];

/// Returns the paths of the dynamic linker and of the libraries that `program` loads, directly or
/// through other libraries, and that are not in `files`. A program without a dynamic linker loads none.
///
/// # Errors
///
/// The program is malformed. A malformed library counts as one that loads nothing.
pub fn missing(program: &[u8], files: &[File]) -> Result<Vec<String>, ElfError> {
    let elf = Elf::parse(program)?;
    let Some(linker) = elf.dynamic_linker()? else {
        return Ok(Vec::new());
    };
    // A program of a variant, such as one with the linker `asan/ld.so.1`, has its own directory.
    let variant = linker.rsplit_once('/').map_or("", |(variant, _)| variant);
    let directories = [format!("lib/{variant}/"), "lib/".to_owned()];
    let find = |name: &str| {
        let paths = directories
            .each_ref()
            .map(|directory| format!("{directory}{name}"));
        files.iter().find(|file| paths.contains(&file.name))
    };
    let mut missing = Vec::new();
    let mut seen = BTreeSet::new();
    let mut names = VecDeque::from(elf.needed()?);
    if !files
        .iter()
        .any(|file| file.name == format!("lib/{linker}"))
    {
        missing.push(format!("lib/{linker}"));
    }
    while let Some(name) = names.pop_front() {
        if NOT_FILES.contains(&&*name) || !seen.insert(name.clone()) {
            continue;
        }
        match find(&name) {
            Some(file) => {
                let needed = Elf::parse(&file.data).and_then(|elf| elf.needed());
                names.extend(needed.unwrap_or_default());
            }
            None => missing.push(format!("lib/{name}")),
        }
    }
    Ok(missing)
}
