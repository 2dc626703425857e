//! The part of ELF that the runner needs: the machine of a program, and stripping it.

use thiserror::Error;

/// `sizeof(Elf64_Ehdr)`
const HEADER_LEN: usize = 64;
/// `sizeof(Elf64_Phdr)`
const PROGRAM_HEADER_LEN: usize = 56;
const PT_LOAD: u32 = 1;

/// Errors of [`machine`] and [`strip`].
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ElfError {
    /// Another kind of file, such as a script.
    #[error("not a 64-bit little-endian ELF file")]
    NotElf,
    /// A program header or a segment is past the end of the file.
    #[error("truncated ELF file")]
    Truncated,
    /// The file has no `PT_LOAD` segment. An object file has none.
    #[error("ELF file without a PT_LOAD segment")]
    NoLoadSegment,
}

/// Returns `e_machine`.
///
/// # Errors
///
/// `ElfError::NotElf`
pub fn machine(file: &[u8]) -> Result<u16, ElfError> {
    let is_elf = file.len() >= HEADER_LEN && file.starts_with(b"\x7fELF\x02\x01");
    if !is_elf {
        return Err(ElfError::NotElf);
    }
    Ok(u16::from_le_bytes([file[18], file[19]]))
}

/// Returns the program without the bytes after its last segment. Those are symbols and debug
/// information, which make up most of a test binary and slow the boot down.
///
/// # Errors
///
/// The file is not an ELF program, or is truncated.
pub fn strip(file: &[u8]) -> Result<Vec<u8>, ElfError> {
    machine(file)?;
    let e_phoff = read_uint(file, 32, 8).ok_or(ElfError::Truncated)?;
    let e_phentsize = read_uint(file, 54, 2).ok_or(ElfError::Truncated)?;
    let e_phnum = read_uint(file, 56, 2).ok_or(ElfError::Truncated)?;
    if e_phnum == 0 || e_phentsize != PROGRAM_HEADER_LEN {
        return Err(ElfError::NoLoadSegment);
    }
    let mut end = None;
    for index in 0..e_phnum {
        let offset = e_phoff.checked_add(index * PROGRAM_HEADER_LEN);
        let header = offset
            .and_then(|offset| file.get(offset..)?.get(..PROGRAM_HEADER_LEN))
            .ok_or(ElfError::Truncated)?;
        if read_uint(header, 0, 4) == Some(PT_LOAD as usize) {
            let p_offset = read_uint(header, 8, 8).ok_or(ElfError::Truncated)?;
            let p_filesz = read_uint(header, 32, 8).ok_or(ElfError::Truncated)?;
            end = end.max(Some(
                p_offset.checked_add(p_filesz).ok_or(ElfError::Truncated)?,
            ));
        }
    }
    let end = end.ok_or(ElfError::NoLoadSegment)?;
    let end = end
        .max(e_phoff + e_phnum * PROGRAM_HEADER_LEN)
        .max(HEADER_LEN);
    let mut program = file.get(..end).ok_or(ElfError::Truncated)?.to_vec();
    // The section headers were removed: clear e_shoff, then e_shentsize, e_shnum and e_shstrndx.
    program[40..48].fill(0);
    program[58..64].fill(0);
    Ok(program)
}

/// Reads a little-endian integer of `length` bytes.
fn read_uint(bytes: &[u8], offset: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(offset..offset + length)?;
    let value = bytes
        .iter()
        .rev()
        .fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
    usize::try_from(value).ok()
}

#[cfg(test)]
mod tests;
