//! ELF structures of 32 and 64 bits in one form. Little-endian only, as all targets of Zircon.

use object::LittleEndian;
use object::elf::{self, FileHeader32, FileHeader64, ProgramFlags, ProgramType};
use object::pod::{self, Pod};
use object::read::elf::{Dyn, FileHeader, NoteIterator, ProgramHeader};

const LE: LittleEndian = LittleEndian;

#[derive(Clone, Copy)]
pub(super) enum Class {
    Elf32,
    Elf64,
}

/// The file header of a program or library.
pub(super) struct Header {
    pub(super) class: Class,
    pub(super) entry: u64,
    pub(super) phoff: u64,
    pub(super) phnum: u16,
}

impl Header {
    /// Returns `None` for anything but a little-endian `ET_EXEC` or `ET_DYN`.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        parse_header::<FileHeader64<LittleEndian>>(bytes, Class::Elf64)
            .or_else(|| parse_header::<FileHeader32<LittleEndian>>(bytes, Class::Elf32))
    }
}

fn parse_header<Elf>(bytes: &[u8], class: Class) -> Option<Header>
where
    Elf: FileHeader<Endian = LittleEndian>,
{
    let header = Elf::parse(bytes).ok()?;
    header.endian().ok()?;
    let is_loadable = matches!(header.e_type(LE), elf::ET_EXEC | elf::ET_DYN);
    let phentsize = usize::from(header.e_phentsize(LE));
    (is_loadable && phentsize == size_of::<Elf::ProgramHeader>()).then(|| Header {
        class,
        entry: header.e_entry(LE).into(),
        phoff: header.e_phoff(LE).into(),
        phnum: header.e_phnum(LE),
    })
}

/// A program header.
pub(super) struct Phdr {
    pub(super) kind: ProgramType,
    pub(super) flags: ProgramFlags,
    pub(super) offset: u64,
    pub(super) vaddr: u64,
    pub(super) filesz: u64,
    pub(super) memsz: u64,
    pub(super) align: u64,
}

impl Class {
    /// The size of a program header, in bytes.
    pub(super) const fn phentsize(self) -> usize {
        match self {
            Self::Elf32 => size_of::<elf::ProgramHeader32<LittleEndian>>(),
            Self::Elf64 => size_of::<elf::ProgramHeader64<LittleEndian>>(),
        }
    }

    /// Returns all program headers that the bytes contain whole.
    pub(super) fn program_headers(self, bytes: &[u8]) -> Vec<Phdr> {
        match self {
            Self::Elf32 => phdrs::<elf::ProgramHeader32<LittleEndian>>(bytes),
            Self::Elf64 => phdrs::<elf::ProgramHeader64<LittleEndian>>(bytes),
        }
    }

    /// Returns the value of the last entry with this tag, up to the entry that ends the section.
    pub(super) fn dynamic_value(self, bytes: &[u8], tag: elf::DynamicTag) -> Option<u64> {
        match self {
            Self::Elf32 => dynamic_value(entries::<elf::Dyn32<LittleEndian>>(bytes), tag),
            Self::Elf64 => dynamic_value(entries::<elf::Dyn64<LittleEndian>>(bytes), tag),
        }
    }
}

fn phdrs<P: ProgramHeader<Endian = LittleEndian>>(bytes: &[u8]) -> Vec<Phdr> {
    let phdrs = entries::<P>(bytes).iter();
    let convert = |phdr: &P| Phdr {
        kind: phdr.p_type(LE),
        flags: phdr.p_flags(LE),
        offset: phdr.p_offset(LE).into(),
        vaddr: phdr.p_vaddr(LE).into(),
        filesz: phdr.p_filesz(LE).into(),
        memsz: phdr.p_memsz(LE).into(),
        align: phdr.p_align(LE).into(),
    };
    phdrs.map(convert).collect()
}

fn dynamic_value<D: Dyn<Endian = LittleEndian>>(
    entries: &[D],
    tag: elf::DynamicTag,
) -> Option<u64> {
    let entries = entries.iter();
    let values = entries
        .take_while(|entry| entry.tag(LE) != elf::DT_NULL)
        .filter(|entry| entry.tag(LE) == tag);
    values.last().map(|entry| entry.val(LE))
}

/// Returns all entries that the bytes contain whole. object's structures have no alignment.
fn entries<T: Pod>(bytes: &[u8]) -> &[T] {
    pod::slice_from_bytes(bytes, bytes.len() / size_of::<T>()).map_or(&[], |(entries, _)| entries)
}

/// Returns the description of the first note `NT_GNU_BUILD_ID`. The notes have one form in both classes.
pub(super) fn build_id_note(notes: &[u8], align: u64) -> Option<&[u8]> {
    let notes = NoteIterator::<FileHeader64<LittleEndian>>::new(LE, align, notes).ok()?;
    // The iterator ends at the first malformed note.
    notes
        .flatten()
        .find(|note| note.name() == elf::ELF_NOTE_GNU && note.n_type(LE) == elf::NT_GNU_BUILD_ID)
        .map(|note| note.desc())
}
