//! `Modules`, on memory that is described by the input.
//!
//! Each input describes mappings. Their contents are any bytes, or headers of an ELF image with fields
//! that the input chooses, so that most images are nearly valid. Memory can change at a read.
//!
//! Whatever the memory is, the number and the sizes of the reads have bounds, and what is found is
//! consistent: the segments do not overlap, each field lies in a segment, and each address is found and
//! converted to a module-relative address and back.

#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use std::cell::Cell;
use std::ops::Range;
use zx_process_memory::Status;
use zx_process_memory::sys::{
    ZX_INFO_MAPS_TYPE_MAPPING, zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};

/// `Modules` needs memory maps that were not read from a process, so the files are included by path.
#[path = "../../zx-debug-memory/src"]
mod library {
    pub(crate) mod build_id;
    pub(crate) mod hex;
    pub(crate) mod mapping;
    pub(crate) mod memory_map;
    pub(crate) mod module;
    pub(crate) mod modules;
    pub(crate) mod permissions;
    pub(crate) mod read_memory;
    pub(crate) mod segment;
}

// The names by which the files refer to each other.
use library::build_id::BuildId;
use library::hex;
use library::mapping::{Mapping, MappingKind};
use library::memory_map::MemoryMap;
use library::module::Module;
use library::modules::Modules;
use library::permissions::Permissions;
use library::read_memory::ReadMemory;
use library::segment::Segment;
use zx_debug_memory::Breakpoints;

const PAGE: usize = 4096;
/// The documented bounds of a mapping that may begin a module.
const MAX_READS: usize = 12;
const MAX_READ_LEN: usize = 4096;

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    if let Ok(memory) = Memory::arbitrary(&mut input) {
        memory.check();
    }
});

/// The memory of a process.
struct Memory {
    regions: Vec<Region>,
    /// The number of the first read that returns other bytes, and the other byte.
    change: Option<(u8, u8)>,
    reads: Cell<usize>,
}

struct Region {
    range: Range<usize>,
    /// The rest of the mapping is zeros.
    bytes: Vec<u8>,
    permissions: u32,
    koid: u64,
    offset: u64,
    is_vdso: bool,
    is_readable: bool,
}

impl<'a> Arbitrary<'a> for Memory {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut end = usize::from(u16::arbitrary(input)?) * PAGE;
        let change = Option::arbitrary(input)?;
        let mut regions = Vec::new();
        for _ in 0..input.int_in_range(1..=8)? {
            let start = end + usize::from(input.int_in_range(0..=3_u8)?) * PAGE;
            end = start + input.int_in_range(1..=4_usize)? * PAGE;
            let flags = u8::arbitrary(input)?;
            regions.push(Region {
                range: start..end,
                bytes: contents(input, start)?,
                permissions: u32::from(flags & 7),
                koid: input.int_in_range(0..=3)?,
                offset: input.int_in_range(0..=4_u64)? * PAGE as u64,
                is_vdso: flags & 0x38 == 0x38,
                is_readable: flags & 0xc0 != 0xc0,
            });
        }
        let reads = Cell::new(0);
        Ok(Self {
            regions,
            change,
            reads,
        })
    }
}

/// Any bytes, or an image whose headers, notes and strings follow each other.
fn contents(input: &mut Unstructured<'_>, start: usize) -> arbitrary::Result<Vec<u8>> {
    if input.ratio(1, 4)? {
        let len = input.int_in_range(0..=0x180)?;
        return Ok(input.bytes(len.min(input.len()))?.to_vec());
    }
    let is_64 = input.ratio(3, 4)?;
    let number = |bytes: &mut Vec<u8>, value: u64| {
        bytes.extend(&value.to_le_bytes()[..if is_64 { 8 } else { 4 }]);
    };
    let phnum = match input.int_in_range(0..=15_u16)? {
        15 => u16::arbitrary(input)?,
        phnum => phnum,
    };
    let (header_len, entry_len) = if is_64 { (64, 56) } else { (52, 32) };
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(is_64), 1, 1];
    bytes.resize(16, 0);
    bytes.extend([input.int_in_range(2..=3_u8)?, 0, 62, 0, 1, 0, 0, 0]);
    number(&mut bytes, value(input, start)?);
    let phoff = if input.ratio(7, 8)? {
        header_len
    } else {
        value(input, start)?
    };
    number(&mut bytes, phoff);
    number(&mut bytes, 0);
    bytes.extend([0; 6]);
    bytes.extend((entry_len as u16).to_le_bytes());
    bytes.extend(phnum.to_le_bytes());
    bytes.resize(header_len as usize, 0);
    for index in 0..phnum.min(15) {
        // PT_LOAD, PT_DYNAMIC, PT_NOTE, PT_GNU_EH_FRAME.
        let kinds = [1, 1, 1, 2, 4, 0x6474_e550_u32];
        let kind = if index == 0 {
            1
        } else {
            *input.choose(&kinds)?
        };
        let flags = u32::from(input.int_in_range(0..=7_u8)?);
        let offset = if index == 0 { 0 } else { value(input, start)? };
        let vaddr = value(input, start)?;
        let (filesz, memsz) = (value(input, start)?, value(input, start)?);
        let align = *input.choose(&[0, 4, 8, 16, 4096])?;
        bytes.extend(kind.to_le_bytes());
        if is_64 {
            bytes.extend(flags.to_le_bytes());
        }
        for value in [offset, vaddr, vaddr, filesz, memsz] {
            number(&mut bytes, value);
        }
        if !is_64 {
            bytes.extend(flags.to_le_bytes());
        }
        number(&mut bytes, align);
    }
    // A dynamic section or notes.
    for _ in 0..input.int_in_range(0..=6_u8)? {
        if input.ratio(1, 2)? {
            number(&mut bytes, *input.choose(&[0, 5, 10, 14])?);
            number(&mut bytes, value(input, start)?);
        } else {
            let len = input.int_in_range(0..=70_u32)?;
            for field in [4, len, 3] {
                bytes.extend(u32::to_le_bytes(field));
            }
            bytes.extend(b"GNU\0");
            bytes.extend(input.bytes((len as usize).min(input.len()))?);
        }
    }
    let len = input.int_in_range(0..=32)?;
    bytes.extend(input.bytes(len.min(input.len()))?);
    Ok(bytes)
}

/// A number that is probably an offset in the mapping, an address, or near an overflow.
fn value(input: &mut Unstructured<'_>, start: usize) -> arbitrary::Result<u64> {
    let small = u64::from(u16::arbitrary(input)?);
    Ok(match input.int_in_range(0..=9_u8)? {
        0 => small.wrapping_neg(),
        1 => start as u64 + small,
        2 => u64::arbitrary(input)?,
        3 | 4 => small % 16 * PAGE as u64,
        5 => small % 0x4000,
        _ => small % 0x400,
    })
}

impl Memory {
    fn map(&self) -> MemoryMap {
        let record = |region: &Region| {
            let mut record = zx_info_maps_v1_t {
                base: region.range.start,
                size: region.range.len(),
                type_: ZX_INFO_MAPS_TYPE_MAPPING,
                mapping: zx_info_maps_mapping_v1_t {
                    mmu_flags: region.permissions,
                    vmo_koid: region.koid,
                    vmo_offset: region.offset,
                    ..Default::default()
                },
                ..Default::default()
            };
            if region.is_vdso {
                record.name[..5].copy_from_slice(b"vdso/");
            }
            record
        };
        MemoryMap::from_records(self.regions.iter().map(record).collect())
    }

    fn check(&self) {
        let map = self.map();
        let modules = Modules::read(&map, self);
        assert!(self.reads.get() <= self.regions.len() * MAX_READS);
        match modules {
            Ok(modules) => check(&modules),
            Err(status) => assert_eq!(status, Status::NotFound),
        }
    }
}

impl ReadMemory for Memory {
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        assert!((1..=MAX_READ_LEN).contains(&buffer.len()));
        let read = self.reads.replace(self.reads.get() + 1);
        let mut regions = self.regions.iter();
        let region = regions.find(|region| region.range.contains(&vaddr) && region.is_readable);
        let region = region.ok_or(Status::NotFound)?;
        let at = vaddr - region.range.start;
        let len = buffer.len().min(region.range.end - vaddr);
        for (index, to) in buffer[..len].iter_mut().enumerate() {
            *to = region.bytes.get(at + index).copied().unwrap_or(0);
        }
        match self.change {
            Some((first, byte)) if read >= usize::from(first) => {
                buffer[usize::from(byte) % len] ^= byte;
            }
            _ => {}
        }
        Ok(len)
    }
}

fn check(modules: &Modules) {
    let mut ranges = Vec::new();
    for module in modules {
        let Module {
            segments,
            soname,
            build_id,
            program_headers,
            ..
        } = module;
        assert!((1..=64).contains(&segments.len()));
        assert!(
            soname
                .iter()
                .all(|soname| (1..=3 * 255).contains(&soname.len()))
        );
        let is_id = |id: &BuildId| (1..=BuildId::MAX_LEN).contains(&id.as_bytes().len());
        assert!(build_id.iter().all(is_id));
        let fields = [&module.dynamic, &module.eh_frame_hdr]
            .into_iter()
            .flatten();
        for range in fields.chain([program_headers]) {
            let segment = module.find(range.start).unwrap();
            assert!(range.end <= segment.range.end);
        }
        let vaddrs = module.entry.into_iter().chain([program_headers.start]);
        let ends = segments
            .iter()
            .flat_map(|Segment { range, .. }| [range.start, range.end - 1]);
        for vaddr in vaddrs.chain(ends) {
            assert_eq!(modules.find(vaddr), Some(module));
            let relative = module.to_relative(vaddr).unwrap();
            assert_eq!(module.to_vaddr(relative), Some(vaddr));
        }
        ranges.extend(segments.iter().map(|segment| segment.range.clone()));
        assert!(!module.to_string().is_empty());
    }
    ranges.sort_by_key(|range| range.start);
    assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
}
