//! ELF images that `object::write` has written, loaded into fake memory.

use super::fake_memory::{FILE, FakeMemory, PAGE, Region};
use crate::{BuildId, Module, Permissions, Segment};
use object::Endianness;
use object::elf::{self, DynamicTag};
use object::write::elf::{FileHeader, ProgramHeader, Writer};
use std::ops::Range;

/// A library or program with three segments: constants, code and variables.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) is_64: bool,
    pub(super) endian: Endianness,
    pub(super) e_type: elf::FileType,
    /// The first address of the file, a multiple of the page size.
    pub(super) base: usize,
    /// The address at which the first segment is loaded, a multiple of the page size.
    pub(super) vaddr: usize,
    /// The pages between each two segments.
    pub(super) gap: usize,
    pub(super) code_len: usize,
    pub(super) bss_len: usize,
    pub(super) soname: Option<String>,
    /// The contents of each `PT_NOTE`, and its alignment.
    pub(super) notes: Vec<(Vec<u8>, u64)>,
    pub(super) has_entry: bool,
    pub(super) has_eh_frame_hdr: bool,
    /// More program headers, which have no meaning.
    pub(super) null_headers: usize,
    /// The loader has added the load bias to the value of `DT_STRTAB`.
    pub(super) is_relocated: bool,
    /// The variables have a VMO of their own, as on Zircon. On Linux it is the file.
    pub(super) is_variables_cloned: bool,
}

impl Default for Image {
    fn default() -> Self {
        Self {
            is_64: true,
            endian: Endianness::Little,
            e_type: elf::ET_DYN,
            base: 0,
            vaddr: 0x7f00_0000_0000,
            gap: 0,
            code_len: 0x1234,
            bss_len: 0x1000,
            soname: Some("libtest.so.1".to_owned()),
            notes: vec![(note(4, b"GNU\0", 3, &[0xab; 20]), 4)],
            has_entry: true,
            has_eh_frame_hdr: true,
            null_headers: 0,
            is_relocated: false,
            is_variables_cloned: false,
        }
    }
}

/// A note with its padding.
pub(super) fn note(align: usize, name: &[u8], n_type: u32, desc: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for len in [name.len(), desc.len()] {
        bytes.extend(u32::try_from(len).unwrap().to_le_bytes());
    }
    bytes.extend(n_type.to_le_bytes());
    bytes.extend(name);
    bytes.resize(bytes.len().next_multiple_of(align), 0);
    bytes.extend(desc);
    bytes.resize(bytes.len().next_multiple_of(align), 0);
    bytes
}

/// A written file.
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) headers: Vec<ProgramHeader>,
    /// The file's address of the string table, and the address of the entry with its value.
    strtab: usize,
    strtab_entry: usize,
}

/// The offsets of the parts of a file.
struct Parts {
    notes: Vec<u64>,
    eh_frame_hdr: u64,
    constants: Range<u64>,
    code: Range<u64>,
    dynamic: Range<u64>,
}

impl Image {
    pub(super) fn write(&self) -> File {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(self.endian, self.is_64, &mut bytes);
        writer.reserve_file_header();
        let headers = 4 + self.notes.len() + usize::from(self.has_eh_frame_hdr) + self.null_headers;
        writer.reserve_program_headers(u32::try_from(headers).unwrap());
        let notes: Vec<_> = self
            .notes
            .iter()
            .map(|(note, align)| writer.reserve(note.len() as u64, *align))
            .collect();
        let eh_frame_hdr = writer.reserve(12, 4);
        let soname = self.soname.as_ref();
        let soname = soname.map(|soname| writer.add_dynamic_string(soname.as_bytes()));
        writer.require_dynstr();
        let dynstr = writer.reserve_dynstr().unwrap();
        let constants = 0..writer.reserved_len();
        let code = writer.reserve(self.code_len as u64, PAGE as u64);
        let code = code..writer.reserved_len();
        writer.reserve_until(code.end.next_multiple_of(PAGE as u64) + 0x120);
        let dynamic = writer.reserve_dynamic(3 + usize::from(soname.is_some()));
        let dynamic = dynamic..writer.reserved_len();

        let parts = Parts {
            notes,
            eh_frame_hdr,
            constants,
            code,
            dynamic,
        };
        let headers = self.headers(&parts);

        let e_entry = if self.has_entry {
            self.file_vaddr(1, parts.code.start)
        } else {
            0
        };
        let file_header = FileHeader {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_type: self.e_type,
            e_machine: elf::EM_X86_64,
            e_entry,
            e_flags: elf::FileFlags(0),
        };
        writer.write_file_header(&file_header).unwrap();
        writer.write_align_program_headers();
        for header in &headers {
            writer.write_program_header(header);
        }
        for ((note, _), at) in self.notes.iter().zip(&parts.notes) {
            writer.pad_until(*at);
            writer.write(note);
        }
        writer.pad_until(eh_frame_hdr);
        writer.write(b"\x01\x1b\x03\x3b\0\0\0\0\0\0\0\0");
        writer.pad_until(dynstr);
        writer.write_dynstr();
        writer.pad_until(parts.code.start);
        writer.write(&vec![0xc3; self.code_len]);
        writer.pad_until(parts.dynamic.start);
        let size = u64::from(writer.dynstr_len());
        writer
            .write_dynamic(elf::DT_STRTAB, self.file_vaddr(0, dynstr))
            .unwrap();
        writer.write_dynamic(elf::DT_STRSZ, size).unwrap();
        if let Some(soname) = soname {
            writer.write_dynamic_string(elf::DT_SONAME, soname).unwrap();
        }
        writer.write_dynamic(DynamicTag(0), 0).unwrap();
        let value = if self.is_64 { 8 } else { 4 };
        File {
            bytes,
            headers,
            strtab: usize::try_from(self.file_vaddr(0, dynstr)).unwrap(),
            strtab_entry: usize::try_from(self.file_vaddr(2, parts.dynamic.start)).unwrap() + value,
        }
    }

    /// The address in the file of a part of a segment, from its offset.
    fn file_vaddr(&self, segment: usize, offset: u64) -> u64 {
        (self.base + segment * self.gap * PAGE) as u64 + offset
    }

    fn headers(&self, parts: &Parts) -> Vec<ProgramHeader> {
        let header = |p_type, p_flags, segment, range: &Range<u64>, bss: usize, p_align| {
            let p_vaddr = self.file_vaddr(segment, range.start);
            let p_filesz = range.end - range.start;
            ProgramHeader {
                p_type,
                p_flags,
                p_offset: range.start,
                p_vaddr,
                p_paddr: p_vaddr,
                p_filesz,
                p_memsz: p_filesz + bss as u64,
                p_align,
            }
        };
        let (r, w, x) = (elf::PF_R, elf::PF_W, elf::PF_X);
        let page = PAGE as u64;
        let mut headers = vec![
            header(elf::PT_LOAD, r, 0, &parts.constants, 0, page),
            header(elf::PT_LOAD, r | x, 1, &parts.code, 0, page),
            header(elf::PT_LOAD, r | w, 2, &parts.dynamic, self.bss_len, page),
            header(elf::PT_DYNAMIC, r | w, 2, &parts.dynamic, 0, 8),
        ];
        for ((note, align), at) in self.notes.iter().zip(&parts.notes) {
            let range = *at..at + note.len() as u64;
            headers.push(header(elf::PT_NOTE, r, 0, &range, 0, *align));
        }
        if self.has_eh_frame_hdr {
            let range = parts.eh_frame_hdr..parts.eh_frame_hdr + 12;
            headers.push(header(elf::PT_GNU_EH_FRAME, r, 0, &range, 0, 4));
        }
        for _ in 0..self.null_headers {
            headers.push(header(elf::PT_NULL, r, 0, &(0..0), 0, 0));
        }
        headers
    }

    /// The load bias.
    pub(super) fn bias(&self) -> usize {
        self.vaddr.wrapping_sub(self.base)
    }

    /// Maps the segments as a loader does.
    pub(super) fn load(&self, memory: &mut FakeMemory) -> File {
        let file = self.write();
        let loads = file
            .headers
            .iter()
            .filter(|header| header.p_type == elf::PT_LOAD);
        for header in loads {
            let size = |value: u64| usize::try_from(value).unwrap();
            let start = self.bias().wrapping_add(size(header.p_vaddr));
            let end = start + size(header.p_memsz);
            let vaddr = start / PAGE * PAGE;
            let offset = size(header.p_offset) / PAGE * PAGE;
            let mut bytes = vec![0; end.next_multiple_of(PAGE) - vaddr];
            let from = &file.bytes[offset..size(header.p_offset + header.p_filesz)];
            bytes[..from.len()].copy_from_slice(from);
            let is_cloned = self.is_variables_cloned && header.p_flags.0 & elf::PF_W.0 != 0;
            let flag = |flag: elf::ProgramFlags, bit| {
                if header.p_flags.0 & flag.0 == 0 {
                    0
                } else {
                    bit
                }
            };
            memory.regions.push(Region {
                vaddr,
                bytes,
                permissions: flag(elf::PF_R, 1) | flag(elf::PF_W, 2) | flag(elf::PF_X, 4),
                koid: if is_cloned { FILE + 1 } else { FILE },
                offset: if is_cloned { 0 } else { offset as u64 },
                name: "libtest.so",
                error: None,
            });
        }
        if self.is_relocated {
            let value = file.strtab.wrapping_add(self.bias());
            let len = if self.is_64 { 8 } else { 4 };
            let entry = file.strtab_entry.wrapping_add(self.bias());
            memory.bytes_mut(entry)[..len].copy_from_slice(&value.to_le_bytes()[..len]);
        }
        file
    }

    /// The module that must be found.
    pub(super) fn module(&self, file: &File) -> Module {
        let bias = self.bias();
        let range = |header: &ProgramHeader| {
            let start = bias.wrapping_add(usize::try_from(header.p_vaddr).unwrap());
            start..start + usize::try_from(header.p_memsz).unwrap()
        };
        let first = |p_type| file.headers.iter().find(|header| header.p_type == p_type);
        let loads = file
            .headers
            .iter()
            .filter(|header| header.p_type == elf::PT_LOAD);
        let [r, w, x] = [Permissions::READ, Permissions::WRITE, Permissions::EXECUTE];
        let segments: Vec<_> = loads
            .zip([r, r | x, r | w])
            .map(|(header, permissions)| Segment {
                range: range(header),
                permissions,
            })
            .collect();
        let (header, entry) = if self.is_64 { (64, 56) } else { (52, 32) };
        let is_build_id = |note: &&(Vec<u8>, u64)| note.0[8..16] == *b"\x03\0\0\0GNU\0";
        let build_id = self.notes.iter().find(is_build_id).map(|(note, _)| {
            let len = u32::from_le_bytes(note[4..8].try_into().unwrap());
            &note[16..][..usize::try_from(len).unwrap()]
        });
        Module {
            bias,
            soname: self.soname.clone(),
            build_id: build_id.and_then(BuildId::new),
            entry: self.has_entry.then(|| segments[1].range.start),
            program_headers: self.vaddr + header..self.vaddr + header + entry * file.headers.len(),
            dynamic: first(elf::PT_DYNAMIC).map(range),
            eh_frame_hdr: first(elf::PT_GNU_EH_FRAME).map(range),
            segments,
        }
    }
}
