mod fake_memory;
mod image;

use super::Modules;
use crate::ReadMemory;
use fake_memory::{FILE, FakeMemory, PAGE, Region};
use image::{Image, note};
use object::{Endianness, elf};
use proptest::prelude::*;
use std::cell::Cell;
use zx_process_memory::Status;

/// The documented bound of reads for a mapping.
const MAX_READS: usize = 12;

fn read(memory: &FakeMemory) -> Modules {
    Modules::read(&memory.map(), memory).unwrap()
}

/// Loads the image, changes the memory, and returns what is found.
fn found(image: &Image, change: impl FnOnce(&mut FakeMemory)) -> Modules {
    let mut memory = FakeMemory::default();
    image.load(&mut memory);
    change(&mut memory);
    read(&memory)
}

/// Whatever the memory is, this holds.
fn check(modules: &Modules) {
    let mut segments = Vec::new();
    for module in modules {
        let vaddrs = [module.entry, Some(module.program_headers.start)];
        for vaddr in vaddrs.into_iter().flatten() {
            assert_eq!(modules.find(vaddr), Some(module));
        }
        let ranges = [&module.dynamic, &module.eh_frame_hdr];
        for range in ranges
            .into_iter()
            .flatten()
            .chain([&module.program_headers])
        {
            let is_in = |vaddr| {
                module
                    .find(vaddr)
                    .is_some_and(|found| found.range.end >= range.end)
            };
            assert!(is_in(range.start), "{module:?}");
        }
        for segment in &module.segments {
            let (start, last) = (segment.range.start, segment.range.end - 1);
            for vaddr in [start, last] {
                assert_eq!(modules.find(vaddr), Some(module));
                assert_eq!(module.find(vaddr), Some(segment));
                let relative = module.to_relative(vaddr).unwrap();
                assert_eq!(module.to_vaddr(relative), Some(vaddr));
            }
            segments.push(segment.range.clone());
        }
        assert!(module.segments.len() <= 64);
    }
    segments.sort_by_key(|segment| segment.start);
    for pair in segments.windows(2) {
        assert!(pair[0].end <= pair[1].start, "{modules:?}");
    }
}

fn any_image() -> impl Strategy<Value = Image> {
    let place = (
        any::<bool>(),
        0..0x1000_usize,
        0..0x1000_usize,
        0..4_usize,
        any::<bool>(),
    );
    let lens = (1..0x3000_usize, 0..0x3000_usize);
    let names = (
        proptest::option::of("[a-z]{1,40}\\.so"),
        proptest::option::of(proptest::collection::vec(any::<u8>(), 1..=64)),
    );
    let flags = (any::<[bool; 5]>(), 0..40_usize);
    (place, lens, names, flags).prop_map(|(place, lens, names, flags)| {
        let (is_64, base, vaddr, gap, is_program) = place;
        let (soname, build_id) = names;
        let (
            [
                has_entry,
                has_eh_frame_hdr,
                is_relocated,
                is_variables_cloned,
                is_wide,
            ],
            null_headers,
        ) = flags;
        let base = base * PAGE;
        // A file is never loaded at its own addresses plus a small bias, where the two values of
        // `DT_STRTAB` cannot be distinguished.
        let vaddr = 0x4000_0000 + vaddr * PAGE;
        let (e_type, vaddr) = if is_program {
            (elf::ET_EXEC, base)
        } else {
            (elf::ET_DYN, vaddr)
        };
        let align = if is_wide { 8 } else { 4 };
        let mut notes = vec![(note(align, b"GNU\0", 1, &[0; 16]), align as u64)];
        notes.extend(build_id.map(|id| (note(align, b"GNU\0", 3, &id), align as u64)));
        let (code_len, bss_len) = lens;
        Image {
            is_64,
            e_type,
            base,
            vaddr,
            gap,
            code_len,
            bss_len,
            soname,
            notes,
            has_entry,
            has_eh_frame_hdr,
            null_headers,
            is_relocated,
            is_variables_cloned,
            ..Image::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_image_is_found_with_all_fields(image in any_image()) {
        let mut memory = FakeMemory::default();
        let file = image.load(&mut memory);
        let modules = read(&memory);
        check(&modules);
        prop_assert_eq!(modules.modules, [image.module(&file)]);
        prop_assert!(memory.reads.get() <= MAX_READS);
    }

    #[test]
    fn each_image_of_several_is_found(images in proptest::collection::vec(any_image(), 1..5)) {
        let mut memory = FakeMemory::default();
        let mut expected = Vec::new();
        for (index, mut image) in images.into_iter().enumerate() {
            image.e_type = elf::ET_DYN;
            image.vaddr = 0x5000_0000 + index * 0x100_0000;
            let file = image.load(&mut memory);
            expected.push(image.module(&file));
        }
        let modules = read(&memory);
        check(&modules);
        prop_assert_eq!(modules.modules, expected);
    }

    /// Bytes of the headers, the notes, the strings and the dynamic section are replaced.
    #[test]
    fn malformed_image_is_missing_or_consistent(
        image in any_image(),
        changes in proptest::collection::vec((0..3_usize, 0..0x400_usize, any::<u8>()), 1..20),
        changed_read in 0..8_usize,
    ) {
        let mut memory = FakeMemory::default();
        image.load(&mut memory);
        let mut changed = memory.clone();
        for (region, at, byte) in changes {
            let bytes = &mut changed.regions[region].bytes;
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        check(&read(&changed));
        prop_assert!(changed.reads.get() <= 3 * MAX_READS);
        // The bytes change between two reads.
        let changing = Changing { memory: &memory, changed: &changed, changed_read, reads: Cell::new(0) };
        check(&Modules::read(&memory.map(), &changing).unwrap());
    }

    /// Each number of the headers is replaced by a number that is likely to overflow.
    #[test]
    fn extreme_numbers_do_not_overflow(
        image in any_image(),
        numbers in proptest::collection::vec((0..0x60_usize, 0..6_usize), 1..8),
    ) {
        let mut memory = FakeMemory::default();
        image.load(&mut memory);
        let bytes = &mut memory.regions[0].bytes;
        for (index, number) in numbers {
            let number = [0, 1, 1 << 31, u64::MAX, i64::MAX as u64, u64::MAX - 0xfff][number];
            let at = 0x18 + index * 8;
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        check(&read(&memory));
    }

    #[test]
    fn image_can_end_at_any_address(image in any_image(), region in 0..3_usize, len in 0..0x400_usize) {
        let mut memory = FakeMemory::default();
        let file = image.load(&mut memory);
        let map = memory.map();
        let bytes = &mut memory.regions[region].bytes;
        bytes.truncate(len);
        let module = image.module(&file);
        let modules = Modules::read(&map, &memory);
        // The segments are complete, or there is no module.
        for found in modules.iter().flatten() {
            prop_assert_eq!(&found.segments, &module.segments);
        }
    }

    #[test]
    fn any_memory_is_read(bytes in proptest::collection::vec(any::<u8>(), 1..0x1000), class in 0..3_u8) {
        let mut bytes = bytes;
        let ident = [0x7f, b'E', b'L', b'F', class, 1, 1];
        let len = ident.len().min(bytes.len());
        bytes[..len].copy_from_slice(&ident[..len]);
        let memory = FakeMemory { regions: vec![region(0x1000, bytes, 5)], ..FakeMemory::default() };
        check(&read(&memory));
    }
}

/// Memory that differs from one read on.
struct Changing<'a> {
    memory: &'a FakeMemory,
    changed: &'a FakeMemory,
    changed_read: usize,
    reads: Cell<usize>,
}

impl ReadMemory for Changing<'_> {
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        let reads = self.reads.replace(self.reads.get() + 1);
        let memory = if reads < self.changed_read {
            self.memory
        } else {
            self.changed
        };
        memory.read_memory(vaddr, buffer)
    }
}

fn region(vaddr: usize, bytes: Vec<u8>, permissions: u32) -> Region {
    let (koid, offset, name, error) = (FILE, 0, "file", None);
    Region {
        vaddr,
        bytes,
        permissions,
        koid,
        offset,
        name,
        error,
    }
}

#[test]
fn small_module_takes_two_reads() {
    let mut memory = FakeMemory::default();
    Image::default().load(&mut memory);
    assert_eq!(read(&memory).iter().count(), 1);
    // Its strings are in the first piece. Those of other modules take a third read.
    assert_eq!(memory.reads.get(), 2);
}

#[test]
fn module_takes_at_most_twelve_reads() {
    let notes = (0..20)
        .map(|_| (note(4, b"GNU\0", 1, &[0; 400]), 4))
        .collect();
    let mut memory = FakeMemory::default();
    // The variables are another VMO, so that they are no candidate.
    Image {
        notes,
        ..Image::default()
    }
    .load(&mut memory);
    let modules = read(&memory);
    assert_eq!(modules.modules[0].build_id, None);
    assert!(memory.reads.get() <= MAX_READS, "{}", memory.reads.get());
}

#[test]
fn program_is_loaded_without_a_bias() {
    let image = Image {
        e_type: elf::ET_EXEC,
        base: 0x40_0000,
        vaddr: 0x40_0000,
        ..Image::default()
    };
    let modules = found(&image, |_| {});
    assert_eq!(modules.modules[0].bias, 0);
    assert_eq!(modules.modules[0].soname.as_deref(), Some("libtest.so.1"));
}

#[test]
fn bias_wraps_around() {
    let image = Image {
        base: 0x7000_0000,
        vaddr: 0x1_0000,
        ..Image::default()
    };
    let modules = found(&image, |_| {});
    let module = &modules.modules[0];
    assert_eq!(module.bias, 0x1_0000_usize.wrapping_sub(0x7000_0000));
    assert_eq!(module.to_relative(0x1_0000), Some(0x7000_0000));
    assert_eq!(module.to_vaddr(0x7000_0000), Some(0x1_0000));
    assert_eq!(module.to_vaddr(0), None);
    assert_eq!(module.to_relative(0), None);
}

#[test]
fn display_has_extent_soname_and_build_id() {
    let modules = found(&Image::default(), |_| {});
    let build_id = "ab".repeat(20);
    let module = &modules.modules[0];
    let end = module.segments[2].range.end;
    assert_eq!(
        module.to_string(),
        format!("0x7f0000000000-{end:#x} libtest.so.1 {build_id}")
    );
    assert_eq!(
        module.segments[0].to_string(),
        format!("0x7f0000000000-{:#x} r--", module.segments[0].range.end)
    );
    let debug = format!("{modules:?}");
    assert!(
        debug.starts_with("Modules([Module { bias: 0x7f0000000000, segments: [Segment"),
        "{debug}"
    );
    assert!(
        debug.contains("program_headers: 0x7f0000000040..0x7f00"),
        "{debug}"
    );
    assert!(debug.contains("entry: Some(0x7f0000001000)"), "{debug}");
}

#[test]
fn file_that_is_mapped_as_data_is_not_a_module() {
    let file = Image::default().write().bytes;
    let whole = region(0x10_0000, file.clone(), 1);
    let first_page = region(0x10_0000, file[..PAGE].to_vec(), 1);
    let copy = Region {
        koid: 0,
        ..whole.clone()
    };
    for region in [whole, first_page, copy] {
        let memory = FakeMemory {
            regions: vec![region],
            ..FakeMemory::default()
        };
        assert_eq!(read(&memory).modules, []);
    }
}

#[test]
fn part_of_a_file_next_to_a_module_is_not_a_module() {
    // The code of the file would be in the code of the module.
    let image = Image {
        code_len: 0x4000,
        ..Image::default()
    };
    let file = Image {
        gap: 1,
        ..Image::default()
    }
    .write()
    .bytes;
    let data = Region {
        koid: FILE + 9,
        ..region(image.vaddr - PAGE, file[..PAGE].to_vec(), 1)
    };
    let modules = found(&image, |memory| memory.regions.push(data));
    assert_eq!(modules.modules.len(), 1);
    assert_eq!(modules.modules[0].bias, image.vaddr);
}

#[test]
fn variables_in_the_mapping_of_the_header_are_not_a_module() {
    let image = Image::default();
    let mut file = image.write();
    // The file has no code: the segment of the code loses its flag.
    let flags = 64 + 56 + 4;
    file.bytes[flags] = 4;
    let memory = FakeMemory {
        regions: vec![region(0x10_0000, file.bytes, 1)],
        ..FakeMemory::default()
    };
    assert_eq!(read(&memory).modules, []);
}

#[test]
fn code_with_a_vmo_of_its_own_is_a_module() {
    // As after a write to code on kernels since about 2025.
    let modules = found(&Image::default(), |memory| {
        memory.regions[1].koid = FILE + 5;
        memory.regions[1].offset = 0;
    });
    assert_eq!(modules.modules.len(), 1);
}

#[test]
fn code_from_another_offset_of_the_file_is_not_a_module() {
    let modules = found(&Image::default(), |memory| {
        memory.regions[1].offset += 0x1000;
    });
    assert_eq!(modules.modules, []);
}

#[test]
fn code_that_is_not_executable_is_not_a_module() {
    let modules = found(&Image::default(), |memory| {
        memory.regions[1].permissions = 1;
    });
    assert_eq!(modules.modules, []);
    let modules = found(&Image::default(), |memory| drop(memory.regions.remove(1)));
    assert_eq!(modules.modules, []);
}

#[test]
fn image_in_memory_without_a_file_is_a_module() {
    let modules = found(&Image::default(), |memory| {
        for region in &mut memory.regions {
            (region.koid, region.offset) = (0, 0);
        }
    });
    assert_eq!(modules.modules.len(), 1);
}

#[test]
fn vdso_is_a_module() {
    for (name, koid) in [("[vdso]", 0), ("vdso/stable", 3)] {
        let modules = found(&Image::default(), |memory| {
            for region in &mut memory.regions {
                (region.name, region.koid) = (name, koid);
            }
        });
        assert_eq!(modules.modules.len(), 1, "{name}");
    }
}

#[test]
fn data_of_the_vdso_is_not_read() {
    let vvar = Region {
        koid: 0,
        name: "[vvar_vclock]",
        ..region(0x1000, vec![0; PAGE], 1)
    };
    let memory = FakeMemory {
        regions: vec![vvar],
        ..FakeMemory::default()
    };
    assert_eq!(read(&memory).modules, []);
    assert_eq!(memory.reads.get(), 0);
}

#[test]
fn header_that_is_mapped_twice_is_one_module() {
    // The variables are in the same page of the file as the header, and are read-only now.
    let modules = found(&Image::default(), |memory| {
        let head = memory.regions[0].bytes.clone();
        let variables = &mut memory.regions[2];
        variables.bytes[..0x100].copy_from_slice(&head[..0x100]);
        (variables.offset, variables.permissions) = (0, 1);
    });
    assert_eq!(modules.modules.len(), 1);
}

#[test]
fn module_in_the_gap_of_another_one_is_found() {
    let outer = Image {
        gap: 16,
        ..Image::default()
    };
    let inner = Image {
        vaddr: outer.vaddr + 4 * PAGE,
        bss_len: 0,
        code_len: 16,
        ..Image::default()
    };
    let mut memory = FakeMemory::default();
    outer.load(&mut memory);
    inner.load(&mut memory);
    let modules = read(&memory);
    check(&modules);
    assert_eq!(modules.modules.len(), 2);
    assert_eq!(modules.find(inner.vaddr).unwrap().bias, inner.vaddr);
}

#[test]
fn module_in_the_segment_of_another_one_is_missing() {
    let outer = Image {
        bss_len: 0x1_0000,
        ..Image::default()
    };
    let mut memory = FakeMemory::default();
    outer.load(&mut memory);
    memory.regions[2].bytes.truncate(0x2000);
    let inner = Image {
        vaddr: memory.regions[2].vaddr + 0x2000,
        ..Image::default()
    };
    inner.load(&mut memory);
    let modules = read(&memory);
    check(&modules);
    assert_eq!(modules.modules.len(), 1);
}

#[test]
fn other_elf_files_are_not_modules() {
    for e_type in [elf::ET_REL, elf::ET_CORE, elf::ET_NONE] {
        let modules = found(
            &Image {
                e_type,
                ..Image::default()
            },
            |_| {},
        );
        assert_eq!(modules.modules, [], "{e_type:?}");
    }
    let big_endian = Image {
        endian: Endianness::Big,
        ..Image::default()
    };
    assert_eq!(found(&big_endian, |_| {}).modules, []);
    // The size of a program header, and the version.
    for at in [0x36, 6] {
        let modules = found(&Image::default(), |memory| memory.regions[0].bytes[at] += 1);
        assert_eq!(modules.modules, [], "{at:#x}");
    }
}

#[test]
fn image_has_at_most_64_program_headers() {
    let usual = Image::default().write().headers.len();
    for (null_headers, expected) in [(64 - usual, 1), (65 - usual, 0)] {
        let modules = found(
            &Image {
                null_headers,
                ..Image::default()
            },
            |_| {},
        );
        assert_eq!(modules.modules.len(), expected);
    }
}

#[test]
fn writable_mapping_is_no_candidate_unless_it_is_executable() {
    for (permissions, expected) in [(0, 0), (2, 0), (3, 0), (4, 1), (7, 1)] {
        let modules = found(&Image::default(), |memory| {
            memory.regions[0].permissions = permissions;
        });
        assert_eq!(modules.modules.len(), expected, "{permissions}");
    }
}

#[test]
fn segments_must_be_in_order() {
    // The addresses of the second and the third segment.
    for at in [64 + 56 + 16, 64 + 2 * 56 + 16] {
        let modules = found(&Image::default(), |memory| {
            memory.regions[0].bytes[at..at + 8].fill(0);
        });
        assert_eq!(modules.modules, []);
    }
}

#[test]
fn soname_must_be_in_the_string_table_and_end_there() {
    let soname = |len: usize| Some("x".repeat(len));
    for (len, is_found) in [(1, true), (255, true), (256, false)] {
        let modules = found(
            &Image {
                soname: soname(len),
                ..Image::default()
            },
            |_| {},
        );
        assert_eq!(
            modules.modules[0].soname,
            if is_found { soname(len) } else { None }
        );
    }
    // The entries are DT_STRTAB, DT_STRSZ and DT_SONAME. One byte less has no end.
    for (entry, value, expected) in [
        (1, 14, Some("libtest.so.1")),
        (1, 13, None),
        (1, 0, None),
        (2, 2, Some("ibtest.so.1")),
        (2, 0, None),
        (2, u64::MAX, None),
        (0, u64::MAX, None),
    ] {
        let modules = found(&Image::default(), |memory| {
            let at = 0x120 + entry * 16 + 8;
            memory.regions[2].bytes[at..at + 8].copy_from_slice(&u64::to_le_bytes(value));
        });
        assert_eq!(
            modules.modules[0].soname.as_deref(),
            expected,
            "{entry} {value}"
        );
    }
}

#[test]
fn soname_that_is_not_utf8_is_converted() {
    let modules = found(&Image::default(), |memory| {
        let bytes = &mut memory.regions[0].bytes;
        let at = bytes.windows(3).position(|bytes| bytes == b"lib").unwrap();
        bytes[at] = 0xff;
    });
    assert_eq!(
        modules.modules[0].soname.as_deref(),
        Some("\u{fffd}ibtest.so.1")
    );
}

#[test]
fn build_id_is_the_first_valid_note() {
    let id = |notes| {
        found(
            &Image {
                notes,
                ..Image::default()
            },
            |_| {},
        )
        .modules[0]
            .build_id
            .clone()
    };
    let build_id = |len: usize| note(4, b"GNU\0", 3, &vec![7; len]);
    let other = note(4, b"Go\0\0", 3, &[1; 20]);
    let len = |notes| id(notes).map(|id| id.as_bytes().len());
    assert_eq!(len(vec![]), None);
    assert_eq!(len(vec![(build_id(20), 4)]), Some(20));
    assert_eq!(
        len(vec![([other.clone(), build_id(8)].concat(), 4)]),
        Some(8)
    );
    assert_eq!(len(vec![(other, 4), (build_id(16), 4)]), Some(16));
    assert_eq!(len(vec![(build_id(0), 4), (build_id(65), 4)]), None);
    // An alignment that no note has. Alignments below 4 are 4.
    assert_eq!(len(vec![(build_id(20), 16)]), None);
    assert_eq!(len(vec![(build_id(20), 1)]), Some(20));
    // A note of alignment 8 before it, and the sizes of a note that is too short.
    let wide = [
        note(8, b"GNU\0", 5, &[0; 12]),
        note(8, b"GNU\0", 3, &[7; 20]),
    ]
    .concat();
    assert_eq!(len(vec![(wide, 8)]), Some(20));
    for at in [0, 4] {
        let mut malformed = build_id(20);
        malformed[at..at + 4].fill(0xff);
        assert_eq!(len(vec![(malformed, 4), (build_id(9), 4)]), Some(9));
    }
}

#[test]
fn field_outside_of_the_segments_is_missing() {
    let image = Image::default();
    let headers = image.write().headers;
    for (index, header) in headers.iter().enumerate().skip(3) {
        let modules = found(&image, |memory| {
            let at = 64 + index * 56 + 16;
            memory.regions[0].bytes[at + 3] = 0x70;
        });
        let module = &modules.modules[0];
        let missing = match header.p_type {
            elf::PT_DYNAMIC => module.dynamic.is_none() && module.soname.is_none(),
            elf::PT_NOTE => module.build_id.is_none(),
            _ => module.eh_frame_hdr.is_none(),
        };
        assert!(missing, "{header:?} {module:?}");
    }
    let modules = found(&image, |memory| memory.regions[0].bytes[0x1b] = 0x70);
    assert_eq!(modules.modules[0].entry, None);
}

#[test]
fn unreadable_parts_are_missing_fields() {
    let modules = found(&Image::default(), |memory| {
        memory.regions[2].error = Some(Status::OutOfRange);
    });
    let module = &modules.modules[0];
    assert_eq!(
        (module.soname.as_ref(), module.build_id.is_some()),
        (None, true)
    );
}

#[test]
fn error_is_returned_if_nothing_can_be_read() {
    let mut memory = FakeMemory::default();
    Image::default().load(&mut memory);
    memory.regions[0].error = Some(Status::AccessDenied);
    assert_eq!(
        Modules::read(&memory.map(), &memory),
        Err(Status::AccessDenied)
    );
    // Another mapping can be read.
    memory.regions.push(region(0x1000, vec![0; PAGE], 1));
    assert_eq!(read(&memory).modules, []);
    // Nothing has to be read.
    assert_eq!(read(&FakeMemory::default()).modules, []);
}
