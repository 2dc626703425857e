//! The reader of `/proc/PID/maps`: any text is read to something sound, and a text such as
//! Linux writes is read to what it says.
//!
//! The input is taken twice: as a text, and as the description of one.

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

// The module is private to the crate.
#[allow(dead_code)]
#[path = "../../src/backend/linux/maps.rs"]
#[rustfmt::skip] // It would look for the module's tests here.
mod mapping;

fuzz_target!(|input: &[u8]| {
    any_text(input);
    if let Ok(described) = Described::arbitrary_take_rest(Unstructured::new(input)) {
        described.check();
    }
});

/// A file that can be written, in place of the one in `/proc`.
fn maps(text: &[u8]) -> Maps {
    static FILE: LazyLock<File> =
        LazyLock::new(|| memfd_create("maps", MemfdFlags::CLOEXEC).unwrap().into());
    ftruncate(&*FILE, 0).unwrap();
    FILE.write_all_at(text, 0).unwrap();
    Maps::from_file(FILE.try_clone().unwrap())
}

fn any_text(text: &[u8]) {
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

/// What is mapped, by address.
#[derive(Arbitrary, Debug)]
struct Described<'a> {
    entries: Vec<Entry<'a>>,
    has_vsyscall: bool,
    vaddr: usize,
}

#[derive(Arbitrary, Debug)]
struct Entry<'a> {
    /// In pages.
    gap: u32,
    pages: u32,
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
    fn shown(&self) -> Vec<u8> {
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
    /// The entries that fit below the end of addresses, with theirs.
    fn mapped<'s>(&'s self) -> Vec<(Mapping, &'s Entry<'s>)> {
        let mut end = 0;
        let place = |entry: &'s Entry<'s>| {
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
        self.entries
            .iter()
            .map(place)
            .take_while(is_below)
            .collect()
    }

    /// As `show_map_vma` of Linux writes it.
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
            let name = entry.name.shown();
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

        let around = |(mapping, _): &(Mapping, _)| {
            let Mapping { start, end, .. } = *mapping;
            [start.wrapping_sub(1), start, end - 1, end]
        };
        let vaddrs = mapped.iter().take(4).flat_map(around);
        for vaddr in vaddrs.chain([self.vaddr, VSYSCALL.start]) {
            let vsyscall = self.has_vsyscall.then_some(VSYSCALL);
            let all = mapped.iter().map(|(mapping, _)| *mapping).chain(vsyscall);
            let mut holds = all.filter(|mapping| (mapping.start..mapping.end).contains(&vaddr));
            let expected = if text.is_empty() {
                Err(Errno::SRCH)
            } else {
                Ok(holds.next())
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
        let place = (mapping.start, mapping.end - mapping.start);
        assert_eq!((record.base, record.size), place);
        assert_eq!(record.mapping.mmu_flags, u32::from(entry.flags & 7));
        assert_eq!(record.mapping.vmo_koid, entry.inode);
        assert_eq!(record.mapping.vmo_offset, entry.offset);
        let shown = entry.name.shown();
        let file_name = shown.rsplit(|byte| *byte == b'/').next().unwrap();
        let mut name = [0; 32];
        let kept = file_name.len().min(31);
        name[..kept].copy_from_slice(&file_name[..kept]);
        assert_eq!(record.name, name);
    }
}

/// The kernel's own pages, as far as both kinds have been seen.
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
