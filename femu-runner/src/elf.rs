//! Just enough of ELF: which machine a program is for, and how to drop its debug information.

use thiserror::Error;

/// `Elf64_Ehdr`
const HEADER_LEN: usize = 64;
/// `Elf64_Phdr`
const SEGMENT_LEN: usize = 56;
const PT_LOAD: u32 = 1;

/// Why a file is not a program that can be run.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ElfError {
    /// Some other file, a script for instance.
    #[error("it is no 64-bit little-endian ELF program")]
    NotElf,
    /// The program headers or a segment lie past the end.
    #[error("it is cut off")]
    Truncated,
    /// An object file, for instance.
    #[error("it has nothing to load")]
    NothingToLoad,
}

/// `e_machine`
///
/// # Errors
///
/// It is no ELF file.
pub fn machine(file: &[u8]) -> Result<u16, ElfError> {
    let is_elf = file.len() >= HEADER_LEN && file.starts_with(b"\x7fELF\x02\x01");
    if !is_elf {
        return Err(ElfError::NotElf);
    }
    Ok(u16::from_le_bytes([file[18], file[19]]))
}

/// The program as far as the end of its last segment. What follows is for debuggers: it is
/// most of a test binary, and QEMU would have to load it.
///
/// # Errors
///
/// It is no ELF program, or is cut off.
pub fn strip(file: &[u8]) -> Result<Vec<u8>, ElfError> {
    machine(file)?;
    let segments_at = number(file, 32, 8).ok_or(ElfError::Truncated)?;
    let segment_len = number(file, 54, 2).ok_or(ElfError::Truncated)?;
    let count = number(file, 56, 2).ok_or(ElfError::Truncated)?;
    if count == 0 || segment_len != SEGMENT_LEN {
        return Err(ElfError::NothingToLoad);
    }
    let mut end = None;
    for index in 0..count {
        let at = segments_at.checked_add(index * SEGMENT_LEN);
        let segment = at
            .and_then(|at| file.get(at..)?.get(..SEGMENT_LEN))
            .ok_or(ElfError::Truncated)?;
        if number(segment, 0, 4) == Some(PT_LOAD as usize) {
            let data_at = number(segment, 8, 8).ok_or(ElfError::Truncated)?;
            let length = number(segment, 32, 8).ok_or(ElfError::Truncated)?;
            end = end.max(Some(
                data_at.checked_add(length).ok_or(ElfError::Truncated)?,
            ));
        }
    }
    let end = end.ok_or(ElfError::NothingToLoad)?;
    let end = end.max(segments_at + count * SEGMENT_LEN).max(HEADER_LEN);
    let mut program = file.get(..end).ok_or(ElfError::Truncated)?.to_vec();
    // e_shoff; e_shentsize, e_shnum, e_shstrndx
    program[40..48].fill(0);
    program[58..64].fill(0);
    Ok(program)
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + length)?;
    let number = bytes
        .iter()
        .rev()
        .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests;
