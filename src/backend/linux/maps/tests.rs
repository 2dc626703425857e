use super::{
    Errno, Line, Mapping, Maps, ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_MAPPING,
    ZX_INFO_MAPS_TYPE_VMAR, record_name, zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};
use std::io::Write;
use std::string::String;
use std::{format, fs, vec::Vec};

/// Reads this text in place of `/proc/PID/maps`.
fn maps_of(text: &str) -> Maps {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Maps::from_file(file)
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
        .map(|line| Line(line).parse().unwrap())
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
        .spawn()
        .unwrap();
    let maps = Maps::open(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(maps.find_in_text(0x1000), Err(Errno::SRCH));
    assert_eq!(maps.find(0x1000), Err(Errno::SRCH));
}

#[test]
fn protected_range_contains_the_vdso() {
    let text = fs::read_to_string("/proc/self/maps").unwrap();
    let protected = own().protected().unwrap();
    assert!(protected.is_complete);
    let protected = protected.pages;
    for name in ["[vdso]", "[vvar]"] {
        let line = text.lines().find(|line| line.ends_with(name)).unwrap();
        let mapping = Line(line.as_bytes()).parse().unwrap();
        assert!(protected.start <= mapping.start && mapping.end <= protected.end);
    }
}

#[test]
fn protected_range_contains_every_vvar() {
    let first = "1000-2000 r--p 00000000 00:00 0 [vvar]\n";
    let text = format!("{first}4000-5000 r--p 00000000 00:00 0 [vvar]\n");
    let protected = maps_of(&text).protected().unwrap();
    assert_eq!(
        (protected.pages, protected.is_complete),
        (0x1000..0x5000, false)
    );
    let text = format!("{text}6000-7000 r-xp 00000000 00:00 0 [vdso]\n");
    let protected = maps_of(&text).protected().unwrap();
    assert_eq!(
        (protected.pages, protected.is_complete),
        (0x1000..0x7000, true)
    );
    assert_eq!(maps_of("").protected().unwrap().pages, 0..0);
}

#[test]
fn records_have_every_field_of_the_text() {
    let records =
        maps_of("1000-3000 rwxp 00002000 fe:00 7 /a/b\n5000-6000 ---s 00000000 00:00 0 \n")
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

#[test]
fn line_is_parsed_whatever_its_name() {
    let expected = Mapping {
        start: 0x1000,
        end: 0x3000,
        is_file_backed: true,
    };
    for name in ["", " /a b c", " [vdso]", " /x\u{fffd}\\012y (deleted)"] {
        let line = format!("1000-3000 r-xp 00000000 fe:00 7{name}\n");
        assert_eq!(Line(line.as_bytes()).parse(), Some(expected));
    }
    let not_utf8 = [
        b"1000-3000 r-xp 00000000 fe:00 7 /".as_slice(),
        &[0xff, b'\n'],
    ]
    .concat();
    assert_eq!(Line(&not_utf8).parse(), Some(expected));
    let anonymous = "1000-3000 rw-p 00000000 00:00 0 \n";
    let is_file_backed = Line(anonymous.as_bytes()).parse().unwrap().is_file_backed;
    assert!(!is_file_backed);
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
        "1000-1000 rw-p 00000000 00:00 0 ",
        "2000-1000 rw-p 00000000 00:00 0 ",
    ] {
        assert_eq!(
            Line(String::from(text).as_bytes()).parse(),
            None,
            "{text:?}"
        );
    }
}
