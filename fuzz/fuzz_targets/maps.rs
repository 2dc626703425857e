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
use records::Records;
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;
use text::{Mapping, each_line};
use zx_process_memory::sys::{self, zx_info_maps_v1_t};

// The modules are private in zx-process-memory, so they are included by path.
#[path = "../../src/backend/linux/maps/records.rs"]
mod records;
#[allow(dead_code)]
#[path = "../../src/backend/linux/maps/text.rs"]
mod text;

fuzz_target!(|input: &[u8]| {
    check_any_text(input);
    if let Ok(described) = Described::arbitrary_take_rest(Unstructured::new(input)) {
        described.check();
    }
});

/// Parses the text. A file in memory replaces the one in `/proc`.
fn parse(text: &[u8]) -> (Vec<Mapping>, Vec<zx_info_maps_v1_t>) {
    static FILE: LazyLock<File> =
        LazyLock::new(|| memfd_create("maps", MemfdFlags::CLOEXEC).unwrap().into());
    ftruncate(&*FILE, 0).unwrap();
    FILE.write_all_at(text, 0).unwrap();
    let (mut mappings, mut records) = (Vec::new(), Records::new());
    each_line(&FILE, |line| {
        mappings.push(line.mapping());
        records.push(&line);
    })
    .unwrap();
    let records = records.into_vec().unwrap_or_default();
    (mappings, records.get(2..).unwrap_or_default().to_vec())
}

fn check_any_text(text: &[u8]) {
    let (mappings, records) = parse(text);
    assert_eq!(mappings.is_empty(), records.is_empty());
    for mapping in &mappings {
        assert!(mapping.start < mapping.end);
    }
    let mut end = 0;
    for record in &records {
        assert!(end <= record.base && record.size > 0);
        end = record.base + record.size;
        assert_eq!(record.name[31], 0);
        assert_eq!(
            (record.type_, record.depth),
            (sys::ZX_INFO_MAPS_TYPE_MAPPING, 2)
        );
        assert_eq!(record.mapping.mmu_flags & !7, 0);
    }
    // The last line takes precedence, so its mapping is listed whole.
    if let (Some(mapping), Some(record)) = (mappings.last(), records.last()) {
        assert_eq!((record.base, end), (mapping.start, mapping.end));
    }
}

/// Mappings in order of their addresses.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    entries: Vec<Entry<'a>>,
    has_vsyscall: bool,
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

impl Described<'_> {
    /// The entries that fit into the address space of a process, with their mappings.
    fn mapped<'s>(&'s self) -> Vec<(Mapping, &'s Entry<'s>)> {
        let mut end = 0;
        let map = |entry: &'s Entry<'s>| {
            let Entry { gap, pages, .. } = entry;
            let start = end + ((*gap as usize) << 12);
            end = start + ((*pages as usize + 1) << 12);
            let is_shared = entry.flags & 8 != 0;
            let mapping = Mapping {
                start,
                end,
                is_readable: entry.flags & 1 != 0,
                is_writable: entry.flags & 2 != 0,
                is_shared,
                is_file_backed: (entry.inode, entry.device) != (0, (0, 0)) || is_shared,
                is_kernels: matches!(entry.name, Name::Vdso | Name::Vvar | Name::VvarClock)
                    && entry.flags & 2 == 0,
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
        let (mappings, records) = parse(&self.text());
        let mapped = self.mapped();
        assert_eq!(
            (mappings.len(), records.len()),
            (mapped.len(), mapped.len())
        );
        for ((expected, entry), (mapping, record)) in
            mapped.iter().zip(mappings.iter().zip(&records))
        {
            assert_eq!(mapping, expected);
            check_record(record, expected, entry);
        }
    }
}

fn check_record(record: &zx_info_maps_v1_t, mapping: &Mapping, entry: &Entry<'_>) {
    let expected = (mapping.start, mapping.end - mapping.start);
    assert_eq!((record.base, record.size), expected);
    assert_eq!(record.mapping.mmu_flags, u32::from(entry.flags & 7));
    let koid = match entry.inode {
        0 if mapping.is_file_backed => 1 << 63,
        inode => inode,
    };
    assert_eq!(record.mapping.vmo_koid, koid);
    assert_eq!(record.mapping.vmo_offset, entry.offset);
    let text = entry.name.text();
    let expected = match &entry.name {
        Name::Path(_) if !text.starts_with(b"/memfd:") => {
            text.rsplit(|byte| *byte == b'/').next().unwrap()
        }
        Name::Path(_) => &text[1..],
        _ => &text,
    };
    let mut name = [0; 32];
    let len = expected.len().min(31);
    name[..len].copy_from_slice(&expected[..len]);
    assert_eq!(record.name, name);
}
