//! The parser of `/proc/PID/maps` in the Linux backend.
//!
//! Each input is used twice:
//!
//! - As the text of the file. Whatever the text is, the parser must not panic, and its mappings must
//!   be consistent.
//! - As a description of mappings. The target writes their text in the format of Linux, and the
//!   parser must return these mappings.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use mapping::{Mapping, Maps};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;
use zx_process_memory::sys;

// The module is private in zx-process-memory, so it is included by path.
#[allow(dead_code)]
#[path = "../../src/backend/linux/maps.rs"]
#[rustfmt::skip] // rustfmt would search for the module's tests in this directory
mod mapping;

fuzz_target!(|input: &[u8]| {
    check_any_text(input);
    if let Ok(described) = Described::arbitrary_take_rest(Unstructured::new(input)) {
        described.check();
    }
});

/// Returns a parser for `text`. A file in memory replaces the one in `/proc`.
fn maps(text: &[u8]) -> Maps {
    static FILE: LazyLock<File> =
        LazyLock::new(|| memfd_create("maps", MemfdFlags::CLOEXEC).unwrap().into());
    ftruncate(&*FILE, 0).unwrap();
    FILE.write_all_at(text, 0).unwrap();
    Maps::from_file(FILE.try_clone().unwrap())
}

fn check_any_text(text: &[u8]) {
    let maps = maps(text);
    let protected = maps.protected().unwrap().pages;
    assert!(protected.start <= protected.end);
    let records = match maps.records() {
        Ok(records) => records,
        Err(error) => {
            assert_eq!(Errno::from_io_error(&error), Some(Errno::SRCH));
            Vec::new()
        }
    };
    for record in records.iter().skip(2) {
        assert!(record.size > 0);
        assert_eq!(record.name[31], 0);
        assert_eq!(
            (record.type_, record.depth),
            (sys::ZX_INFO_MAPS_TYPE_MAPPING, 2)
        );
        assert_eq!(record.mapping.mmu_flags & !7, 0);
    }
    let bases = records.iter().map(|record| record.base).take(4);
    for vaddr in bases.chain([0x1000]) {
        match maps.find(vaddr) {
            Ok(Some(mapping)) => assert!((mapping.start..mapping.end).contains(&vaddr)),
            Ok(None) => assert_ne!(text, b""),
            Err(errno) => assert_eq!((errno, text), (Errno::SRCH, &b""[..])),
        }
    }
}

/// Mappings in order of their addresses.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    entries: Vec<Entry<'a>>,
    has_vsyscall: bool,
    vaddr: usize,
}

#[derive(Arbitrary, Debug)]
struct Entry<'a> {
    /// The distance from the previous mapping, in pages.
    gap: u32,
    /// The size of the mapping in pages, minus one.
    pages: u32,
    /// Bits 0 to 2: read, write, execute. Bit 3: shared.
    flags: u8,
    offset: u64,
    device: (u8, u8),
    inode: u64,
    name: Name<'a>,
}

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    None,
    Vdso,
    Vvar,
    VvarClock,
    Heap,
    Path(&'a [u8]),
}

impl Name<'_> {
    /// The name as `/proc/PID/maps` has it.
    fn text(&self) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Vdso => b"[vdso]".to_vec(),
            Self::Vvar => b"[vvar]".to_vec(),
            Self::VvarClock => b"[vvar_vclock]".to_vec(),
            Self::Heap => b"[heap]".to_vec(),
            Self::Path(path) => {
                let escaped = path.iter().flat_map(|byte| match byte {
                    b'\n' => &b"\\012"[..],
                    0 => b"",
                    byte => std::slice::from_ref(byte),
                });
                b"/".iter().chain(escaped).copied().collect()
            }
        }
    }
}

const VSYSCALL: Mapping = Mapping {
    start: 0xffff_ffff_ff60_0000,
    end: 0xffff_ffff_ff60_1000,
    is_file_backed: false,
};

impl Described<'_> {
    /// The entries that fit into the address space of a process, with their mappings.
    fn mapped<'s>(&'s self) -> Vec<(Mapping, &'s Entry<'s>)> {
        let mut end = 0;
        let map = |entry: &'s Entry<'s>| {
            let Entry { gap, pages, .. } = entry;
            let start = end + ((*gap as usize) << 12);
            end = start + ((*pages as usize + 1) << 12);
            let mapping = Mapping {
                start,
                end,
                is_file_backed: entry.inode != 0,
            };
            (mapping, entry)
        };
        let is_below = |(mapping, _): &(Mapping, _)| mapping.end <= 1 << 47;
        self.entries.iter().map(map).take_while(is_below).collect()
    }

    /// The text in the format of `show_map_vma` in Linux.
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (Mapping { start, end, .. }, entry) in self.mapped() {
            let flag = |bit, letter| if entry.flags & bit == 0 { '-' } else { letter };
            let flags = [(1, 'r'), (2, 'w'), (4, 'x')].map(|(bit, letter)| flag(bit, letter));
            let flags = String::from_iter(flags);
            let sharing = if entry.flags & 8 == 0 { 'p' } else { 's' };
            let (offset, (major, minor), inode) = (entry.offset, entry.device, entry.inode);
            let mut line = format!(
                "{start:08x}-{end:08x} {flags}{sharing} {offset:08x} {major:02x}:{minor:02x} {inode} "
            );
            let name = entry.name.text();
            if !name.is_empty() {
                line = format!("{line:<73}");
            }
            text.extend(line.as_bytes());
            text.extend(name);
            text.push(b'\n');
        }
        if self.has_vsyscall {
            text.extend(b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0");
            text.extend(b"                  [vsyscall]\n");
        }
        text
    }

    fn check(&self) {
        let text = self.text();
        let (maps, mapped) = (maps(&text), self.mapped());
        check_records(&maps, &mapped);
        check_protected(&maps, &mapped);

        let boundaries = |(mapping, _): &(Mapping, _)| {
            let Mapping { start, end, .. } = *mapping;
            [start.wrapping_sub(1), start, end - 1, end]
        };
        let vaddrs = mapped.iter().take(4).flat_map(boundaries);
        for vaddr in vaddrs.chain([self.vaddr, VSYSCALL.start]) {
            let vsyscall = self.has_vsyscall.then_some(VSYSCALL);
            let all = mapped.iter().map(|(mapping, _)| *mapping).chain(vsyscall);
            let mut containing =
                all.filter(|mapping| (mapping.start..mapping.end).contains(&vaddr));
            let expected = if text.is_empty() {
                Err(Errno::SRCH)
            } else {
                Ok(containing.next())
            };
            assert_eq!(maps.find(vaddr), expected, "{vaddr:#x}");
        }
    }
}

fn check_records(maps: &Maps, mapped: &[(Mapping, &Entry<'_>)]) {
    if mapped.is_empty() {
        let error = maps.records().unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::SRCH));
        return;
    }
    let records = maps.records().unwrap();
    assert_eq!(records[0].type_, sys::ZX_INFO_MAPS_TYPE_ASPACE);
    assert_eq!(records[1].type_, sys::ZX_INFO_MAPS_TYPE_VMAR);
    assert_eq!(records.len(), 2 + mapped.len());
    for (record, (mapping, entry)) in records[2..].iter().zip(mapped) {
        let expected = (mapping.start, mapping.end - mapping.start);
        assert_eq!((record.base, record.size), expected);
        assert_eq!(record.mapping.mmu_flags, u32::from(entry.flags & 7));
        assert_eq!(record.mapping.vmo_koid, entry.inode);
        assert_eq!(record.mapping.vmo_offset, entry.offset);
        let path = entry.name.text();
        let file_name = path.rsplit(|byte| *byte == b'/').next().unwrap();
        let mut name = [0; 32];
        let len = file_name.len().min(31);
        name[..len].copy_from_slice(&file_name[..len]);
        assert_eq!(record.name, name);
    }
}

/// The protected range starts at the first vDSO or vvar mapping. It ends at the first one by which
/// both kinds have appeared.
fn check_protected(maps: &Maps, mapped: &[(Mapping, &Entry<'_>)]) {
    let (mut has_vdso, mut has_vvar) = (false, false);
    let mut pages: Option<(usize, usize)> = None;
    for (mapping, entry) in mapped {
        match entry.name {
            Name::Vdso => has_vdso = true,
            Name::Vvar => has_vvar = true,
            _ => continue,
        }
        let start = pages.map_or(mapping.start, |(start, _)| start);
        pages = Some((start, mapping.end));
        if has_vdso && has_vvar {
            break;
        }
    }
    let (start, end) = pages.unwrap_or_default();
    let protected = maps.protected().unwrap();
    assert_eq!(protected.pages, start..end);
    assert_eq!(protected.is_complete, has_vdso && has_vvar);
}
