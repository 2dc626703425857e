use super::records::record_name;
use super::{Errno, Line, Mapping, Maps};
use crate::sys::{
    ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_MAPPING, ZX_INFO_MAPS_TYPE_VMAR,
    zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};
use std::io::{Read, Write};
use std::string::String;
use std::{format, fs, vec::Vec};

/// Reads this text in place of `/proc/PID/maps`.
fn maps_of(text: &str) -> Maps {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Maps::from_file(file)
}

fn parse(line: &[u8]) -> Option<Mapping> {
    Line::take(&mut &line[..]).map(|line| line.mapping())
}

fn own() -> Maps {
    Maps::open(std::process::id()).unwrap()
}

/// Every file-backed mapping of this program. Others can change during the test.
fn listed() -> Vec<Mapping> {
    let text = fs::read("/proc/self/maps").unwrap();
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let is_file_backed = |mapping: &Mapping| mapping.is_file_backed;
    lines
        .map(|line| Line::take(&mut &line[..]).unwrap().mapping())
        .filter(is_file_backed)
        .collect()
}

#[test]
fn query_and_text_find_every_mapping() {
    let maps = own();
    let listed = listed();
    assert!(listed.len() >= 4, "{listed:?}");
    for mapping in listed {
        for vaddr in [mapping.start, mapping.end - 1] {
            assert_eq!(maps.find_in_text(vaddr), Ok(Some(mapping)));
            assert_eq!(maps.find(vaddr), Ok(Some(mapping)));
        }
    }
}

#[test]
fn query_and_text_find_nothing_at_unmapped_addresses() {
    let maps = own();
    for vaddr in [0, 1 << 62, (1 << 63) - 1] {
        assert_eq!(maps.find_in_text(vaddr), Ok(None));
        assert_eq!(maps.find(vaddr), Ok(None));
    }
}

#[test]
fn query_and_text_return_esrch_after_the_process_has_ended() {
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Until its exec is complete, the child shares this process's memory. An answer proves that it is.
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let maps = Maps::open(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(maps.find_in_text(0x1000), Err(Errno::SRCH));
    assert_eq!(maps.find(0x1000), Err(Errno::SRCH));
    assert!(maps.is_gone() && maps.text_is_gone());
}

#[test]
fn live_process_is_not_gone() {
    let own = own();
    assert!(!own.is_gone() && !own.text_is_gone());
    assert!(maps_of("").is_gone());
}

#[test]
fn only_vdso_and_vvar_are_pages_of_the_kernel() {
    let text = fs::read_to_string("/proc/self/maps").unwrap();
    let maps = own();
    let mut kernels = 0;
    for line in text.lines() {
        let line = Line::take(&mut line.as_bytes()).unwrap();
        let is_kernels = line.name == b"[vdso]" || line.name.starts_with(b"[vvar");
        assert_eq!(line.mapping().is_kernels, is_kernels);
        if is_kernels {
            kernels += 1;
            let found = maps.find(line.start).unwrap().unwrap();
            assert!(found.is_kernels);
            assert_eq!(maps.find_in_text(line.start), Ok(Some(found)));
            assert!(!maps.was_seen(line.start));
        }
    }
    assert!(kernels >= 2, "{text}");
}

/// Linux before 6.11 returns the text only. A second look-up would read all of it again.
#[test]
fn look_up_in_the_text_remembers_every_mapping() {
    let maps = maps_of(
        "1000-3000 rw-p 00000000 00:00 0 \n5000-6000 rw-p 00000000 00:00 0 \n\
         8000-9000 r-xp 00000000 00:00 0 [vdso]\n",
    );
    assert!(!maps.was_seen(0x5fff));
    assert!(maps.find(0x1000).unwrap().is_some());
    let seen = [0xfff, 0x1000, 0x3000, 0x5fff, 0x8000].map(|vaddr| maps.was_seen(vaddr));
    assert_eq!(seen, [false, true, false, true, false]);
}

#[test]
fn mapping_has_the_name_of_its_line() {
    let own = own();
    let text = fs::read_to_string("/proc/self/maps").unwrap();
    let vdso = text.lines().find(|line| line.ends_with("[vdso]")).unwrap();
    let vdso = Line::take(&mut vdso.as_bytes()).unwrap().start;
    assert!(own.name_is(vdso, b"[vdso]"));
    assert!(!own.name_is(vdso, b"[vds") && !own.name_is(vdso, b"[vdso]x"));
    assert!(!own.name_is(0, b"") && !own.name_is(0, b"[vdso]"));
    let text = maps_of("1000-2000 rw-s 00000000 00:0b 5 /secretmem (deleted)\n");
    assert!(text.name_is(0x1fff, b"/secretmem (deleted)"));
    assert!(!text.name_is(0x2000, b"/secretmem (deleted)"));
}

#[test]
fn records_have_every_field_of_the_text() {
    let records =
        maps_of("1000-3000 rwxp 00002000 fe:00 7 /a/b\n5000-6000 ---p 00000000 00:00 0 \n")
            .records()
            .unwrap();
    let node = |name, depth, type_| zx_info_maps_v1_t {
        name: record_name(name),
        size: 0x8000_0000_0000,
        depth,
        type_,
        ..Default::default()
    };
    let (depth, type_) = (2, ZX_INFO_MAPS_TYPE_MAPPING);
    let file_backed = zx_info_maps_v1_t {
        name: record_name(b"b"),
        base: 0x1000,
        size: 0x2000,
        depth,
        type_,
        mapping: zx_info_maps_mapping_v1_t {
            mmu_flags: 7,
            vmo_koid: 7,
            vmo_offset: 0x2000,
            ..Default::default()
        },
        ..Default::default()
    };
    let anonymous = zx_info_maps_v1_t {
        base: 0x5000,
        size: 0x1000,
        depth,
        type_,
        ..Default::default()
    };
    let space = node(b"proc", 0, ZX_INFO_MAPS_TYPE_ASPACE);
    let root = node(b"root", 1, ZX_INFO_MAPS_TYPE_VMAR);
    assert_eq!(records, [space, root, file_backed, anonymous]);
    assert_eq!(
        Errno::from_io_error(&maps_of("").records().unwrap_err()),
        Some(Errno::SRCH)
    );
}

#[test]
fn name_keeps_its_spaces() {
    let records = maps_of("1000-3000 r-xp 00000000 fe:00 7   /a/b \t \n").records();
    assert_eq!(&records.unwrap()[2].name[..5], b"b \t \0");
}

#[test]
fn only_a_path_is_cut_to_its_last_component() {
    for (name, expected) in [
        ("/usr/lib/libc.so.6", "libc.so.6"),
        ("/usr/lib/gone (deleted)", "gone (deleted)"),
        ("/memfd:pool/a b (deleted)", "memfd:pool/a b (deleted)"),
        ("/SYSV00000000 (deleted)", "SYSV00000000 (deleted)"),
        ("/tmp/line\\012feed", "line\\012feed"),
        ("[anon:dalvik-/system/x]", "[anon:dalvik-/system/x]"),
        ("[anon_shmem:pool/a]", "[anon_shmem:pool/a]"),
        ("anon_inode:[io_uring]", "anon_inode:[io_uring]"),
        ("[heap]", "[heap]"),
        ("", ""),
    ] {
        let maps = maps_of(&format!("1000-3000 rw-p 00000000 fe:00 7 {name}\n"));
        let records = maps.records().unwrap();
        assert_eq!(records[2].name, record_name(expected.as_bytes()), "{name}");
    }
}

/// The inode of System V memory is its segment ID. The first one of an IPC namespace has 0.
#[test]
fn shared_memory_with_inode_0_has_a_koid() {
    for (line, has_koid) in [
        (
            "1000-3000 rw-s 00000000 00:01 0 /SYSV00000000 (deleted)",
            true,
        ),
        ("1000-3000 rw-s 00000000 00:00 0 ", true),
        ("1000-3000 rw-p 00000000 00:2a 0 /mnt/file", true),
        ("1000-3000 rw-p 00000000 00:00 0 [heap]", false),
        ("1000-3000 rw-p 00000000 00:00 0 ", false),
    ] {
        let records = maps_of(line).records().unwrap();
        assert_eq!(records[2].mapping.vmo_koid != 0, has_koid, "{line}");
        let mapping = Line::take(&mut line.as_bytes()).unwrap().mapping();
        assert_eq!(mapping.is_file_backed, has_koid, "{line}");
    }
}

/// Addresses of arm64 have 48 bits, and those of five-level paging have 56.
#[test]
fn root_vmar_contains_every_mapping() {
    for end in [0x2000_usize, 1 << 47, 1 << 48, 1 << 56] {
        let start = end - 0x1000;
        let text = format!("{start:x}-{end:x} rw-p 00000000 00:00 0 \n");
        let records = maps_of(&text).records().unwrap();
        for node in &records[..2] {
            assert_eq!((node.base, node.size), (0, end.max(1 << 47)));
        }
    }
}

/// The process has changed its mappings while Linux wrote the text.
#[test]
fn later_line_takes_precedence_over_those_that_it_overlaps() {
    let lines = |ranges: &[&str]| {
        let line = |range: &&str| format!("{range} rw-p 00000000 00:00 0 \n");
        ranges.iter().map(line).collect::<String>()
    };
    for (text, expected) in [
        (&["1000-3000", "2000-4000"][..], &[(1, 2), (2, 4)][..]),
        (&["1000-3000", "1000-2000"], &[(1, 2)]),
        (&["1000-2000", "2000-3000", "1000-4000"], &[(1, 4)]),
        (
            &["1000-2000", "3000-9000", "4000-5000"],
            &[(1, 2), (3, 4), (4, 5)],
        ),
        (&["5000-6000", "1000-2000"], &[(1, 2)]),
    ] {
        let records = maps_of(&lines(text)).records().unwrap();
        let ranges = records[2..]
            .iter()
            .map(|record| (record.base >> 12, (record.base + record.size) >> 12));
        assert_eq!(ranges.collect::<Vec<_>>(), expected, "{text:?}");
    }
}

#[test]
fn line_is_parsed_whatever_its_name() {
    let expected = Mapping {
        start: 0x1000,
        end: 0x3000,
        is_readable: true,
        is_writable: false,
        is_shared: false,
        is_file_backed: true,
        is_kernels: false,
    };
    for name in ["", " /a b c", " [heap]", " /x\u{fffd}\\012y (deleted)"] {
        let line = format!("1000-3000 r-xp 00000000 fe:00 7{name}\n");
        assert_eq!(parse(line.as_bytes()), Some(expected));
    }
    let not_utf8 = [
        b"1000-3000 r-xp 00000000 fe:00 7 /".as_slice(),
        &[0xff, b'\n'],
    ]
    .concat();
    assert_eq!(parse(&not_utf8), Some(expected));
    let anonymous = "1000-3000 rw-p 00000000 00:00 0 \n";
    assert!(!parse(anonymous.as_bytes()).unwrap().is_file_backed);
}

#[test]
fn malformed_line_is_skipped() {
    for text in [
        "",
        "\n",
        "1000",
        "1000-",
        "-",
        "x-y r",
        "1000-2000",
        "1000-2000 r 0 0",
        "+1000-2000 rw-p 00000000 00:00 0",
        "1000-2000 rw-p 00000000 00:00 -1",
        "1000-10000000000000000 rw-p 00000000 00:00 0",
        "1000-1000 rw-p 00000000 00:00 0 ",
        "2000-1000 rw-p 00000000 00:00 0 ",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text:?}");
    }
}
