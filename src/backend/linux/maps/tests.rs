use super::{
    Errno, Line, Mapping, Maps, ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_MAPPING,
    ZX_INFO_MAPS_TYPE_VMAR, record_name, zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};
use std::io::Write;
use std::string::String;
use std::{format, fs, vec::Vec};

/// As if `/proc` had this text.
fn of(text: &str) -> Maps {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Maps::of(file)
}

fn own() -> Maps {
    Maps::open(std::process::id()).unwrap()
}

/// Each mapping of this program that is not about to move, as the text lists it.
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
fn both_ways_of_asking_find_every_mapping() {
    let maps = own();
    let listed = listed();
    assert!(listed.len() >= 4, "{listed:?}");
    for mapping in listed {
        for vaddr in [mapping.start, mapping.end - 1] {
            assert_eq!(maps.search(vaddr), Ok(Some(mapping)));
            assert_eq!(maps.at(vaddr), Ok(Some(mapping)));
        }
    }
}

#[test]
fn both_ways_of_asking_find_nothing_where_nothing_is() {
    let maps = own();
    for vaddr in [0, 1 << 62, (1 << 63) - 1] {
        assert_eq!(maps.search(vaddr), Ok(None));
        assert_eq!(maps.at(vaddr), Ok(None));
    }
}

#[test]
fn both_ways_of_asking_notice_that_the_process_is_gone() {
    let mut child = std::process::Command::new("cat")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let maps = Maps::open(child.id()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(maps.search(0x1000), Err(Errno::SRCH));
    assert_eq!(maps.at(0x1000), Err(Errno::SRCH));
}

#[test]
fn the_protected_range_holds_the_vdso() {
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
fn the_protected_range_holds_every_vvar() {
    let first = "1000-2000 r--p 00000000 00:00 0 [vvar]\n";
    let text = format!("{first}4000-5000 r--p 00000000 00:00 0 [vvar]\n");
    let protected = of(&text).protected().unwrap();
    assert_eq!(
        (protected.pages, protected.is_complete),
        (0x1000..0x5000, false)
    );
    let text = format!("{text}6000-7000 r-xp 00000000 00:00 0 [vdso]\n");
    let protected = of(&text).protected().unwrap();
    assert_eq!(
        (protected.pages, protected.is_complete),
        (0x1000..0x7000, true)
    );
    assert_eq!(of("").protected().unwrap().pages, 0..0);
}

#[test]
fn the_records_say_all_that_the_text_does() {
    let records = of("1000-3000 rwxp 00002000 fe:00 7 /a/b\n5000-6000 ---s 00000000 00:00 0 \n")
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
    let is_file_backed = zx_info_maps_v1_t {
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
    let nobodys = zx_info_maps_v1_t {
        base: 0x5000,
        size: 0x1000,
        depth,
        type_,
        ..Default::default()
    };
    let space = node(b"proc", 0, ZX_INFO_MAPS_TYPE_ASPACE);
    let root = node(b"root", 1, ZX_INFO_MAPS_TYPE_VMAR);
    assert_eq!(records, [space, root, is_file_backed, nobodys]);
    assert_eq!(
        Errno::from_io_error(&of("").records().unwrap_err()),
        Some(Errno::SRCH)
    );
}

#[test]
fn a_name_keeps_its_spaces() {
    let records = of("1000-3000 r-xp 00000000 fe:00 7   /a/b \t \n").records();
    assert_eq!(&records.unwrap()[2].name[..5], b"b \t \0");
}

#[test]
fn a_line_is_read_whatever_its_name_is() {
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
fn what_is_no_line_is_nothing() {
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
