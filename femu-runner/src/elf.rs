//! Reads ELF programs and libraries: the machine, the libraries that they load, and the part that the
//! system loads.

use object::LittleEndian;
use object::elf;
use object::read::StringTable;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use thiserror::Error;

type Header = elf::FileHeader64<LittleEndian>;
type Segment = elf::ProgramHeader64<LittleEndian>;

/// The owner and the type of the note with which a program names the system that it is for
/// (`NT_GNU_ABI_TAG`). Fuchsia's programs have none.
const ABI_NOTE: (&[u8], u32) = (b"GNU", 1);

/// Errors of this module.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ElfError {
    /// Another kind of file, such as a script.
    #[error("not a 64-bit little-endian ELF file")]
    NotElf,
    /// A header or a segment is malformed, or is past the end of the file.
    #[error("malformed or truncated ELF file: {0}")]
    Malformed(String),
    /// The file has no `PT_LOAD` segment. An object file has none.
    #[error("ELF file without a PT_LOAD segment")]
    NoLoadSegment,
    /// Fuchsia's loaders refuse such a file (`elf_load_prepare`, read in the source of July 2019).
    #[error("not position independent (the ELF type is {0}, not ET_DYN)")]
    NotPositionIndependent(u16),
    /// The dynamic linker is not `ld.so.1`.
    #[error("its dynamic linker is {0}, not ld.so.1")]
    OtherDynamicLinker(String),
    /// The program has a note of another system.
    #[error("its ABI note names another system")]
    OtherSystem,
}

impl From<object::Error> for ElfError {
    fn from(error: object::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// An ELF file with its headers.
#[derive(Debug)]
pub struct Elf<'a> {
    file: &'a [u8],
    header: &'a Header,
    segments: &'a [Segment],
}

impl<'a> Elf<'a> {
    /// Reads the headers.
    ///
    /// # Errors
    ///
    /// The file is not a 64-bit little-endian ELF file, or is truncated.
    pub fn parse(file: &'a [u8]) -> Result<Self, ElfError> {
        if !file.starts_with(b"\x7fELF\x02\x01") {
            return Err(ElfError::NotElf);
        }
        let header = Header::parse(file)?;
        let segments = header.program_headers(LittleEndian, file)?;
        Ok(Self {
            file,
            header,
            segments,
        })
    }

    /// Returns `e_machine`.
    pub fn machine(&self) -> u16 {
        self.header.e_machine(LittleEndian).0
    }

    /// Checks that the program can be one for Fuchsia: it is position independent, its dynamic linker
    /// is `ld.so.1`, and it has no ABI note of another system.
    ///
    /// # Errors
    ///
    /// It is for another system, or malformed.
    pub fn check_system(&self) -> Result<(), ElfError> {
        if let Some(linker) = self.dynamic_linker()?
            && linker.rsplit('/').next() != Some("ld.so.1")
        {
            return Err(ElfError::OtherDynamicLinker(linker));
        }
        for segment in self.segments {
            let Some(mut notes) = segment.notes(LittleEndian, self.file)? else {
                continue;
            };
            while let Some(note) = notes.next()? {
                if (note.name(), note.n_type(LittleEndian).0) == ABI_NOTE {
                    return Err(ElfError::OtherSystem);
                }
            }
        }
        match self.header.e_type(LittleEndian) {
            elf::ET_DYN => Ok(()),
            other => Err(ElfError::NotPositionIndependent(other.0)),
        }
    }

    /// Returns the path of the dynamic linker (`PT_INTERP`).
    ///
    /// # Errors
    ///
    /// The segment is malformed.
    pub fn dynamic_linker(&self) -> Result<Option<String>, ElfError> {
        for segment in self.segments {
            if let Some(path) = segment.interpreter(LittleEndian, self.file)? {
                return Ok(Some(String::from_utf8_lossy(path).into_owned()));
            }
        }
        Ok(None)
    }

    /// Returns the names of the libraries that the file loads (`DT_NEEDED`).
    ///
    /// # Errors
    ///
    /// The dynamic section is malformed.
    pub fn needed(&self) -> Result<Vec<String>, ElfError> {
        let mut entries: &[elf::Dyn64<LittleEndian>] = &[];
        for segment in self.segments {
            entries = segment.dynamic(LittleEndian, self.file)?.unwrap_or(entries);
        }
        let value_of = |tag| {
            let entry = entries.iter().find(|entry| entry.tag(LittleEndian) == tag);
            entry.map(|entry| entry.val(LittleEndian))
        };
        let (Some(address), Some(size)) = (value_of(elf::DT_STRTAB), value_of(elf::DT_STRSZ))
        else {
            return Ok(Vec::new());
        };
        let mut strings = None;
        for segment in self.segments {
            if segment.p_type(LittleEndian) == elf::PT_LOAD {
                let table = segment.data_range(LittleEndian, self.file, address, size);
                strings = strings.or(table.ok().flatten());
            }
        }
        let malformed = || ElfError::Malformed("no segment contains DT_STRTAB".to_owned());
        let strings = strings.ok_or_else(malformed)?;
        let strings = StringTable::new(strings, 0, strings.len() as u64);
        let mut names = Vec::new();
        for entry in entries {
            if entry.tag(LittleEndian) == elf::DT_NEEDED {
                let name = entry.string(LittleEndian, strings)?;
                names.push(String::from_utf8_lossy(name).into_owned());
            }
        }
        Ok(names)
    }

    /// Returns the file without the bytes after its last segment. Those are symbols and debug
    /// information, which make up most of a test binary and slow the boot down.
    ///
    /// # Errors
    ///
    /// The file has no `PT_LOAD` segment, or is truncated.
    pub fn strip(&self) -> Result<Vec<u8>, ElfError> {
        let mut end = None;
        for segment in self.segments {
            if segment.p_type(LittleEndian) == elf::PT_LOAD {
                let (offset, length) = segment.file_range(LittleEndian);
                end = end.max(Some(offset.saturating_add(length)));
            }
        }
        let headers_end = self.header.e_phoff.get(LittleEndian) + size_of_val(self.segments) as u64;
        let end = end.ok_or(ElfError::NoLoadSegment)?.max(headers_end);
        let truncated = || ElfError::Malformed("a segment is past the end of the file".to_owned());
        let end = usize::try_from(end).map_err(|_| truncated())?;
        let end = end.max(size_of::<Header>());
        let mut program = self.file.get(..end).ok_or_else(truncated)?.to_vec();
        // The section headers were removed: clear e_shoff, then e_shentsize, e_shnum and e_shstrndx.
        program[40..48].fill(0);
        program[58..64].fill(0);
        Ok(program)
    }
}

#[cfg(test)]
mod tests;
