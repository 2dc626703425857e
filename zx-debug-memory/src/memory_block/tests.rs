use super::{MemoryBlock, PAGE};
use crate::{MemoryMap, ReadMemory};
use std::cell::Cell;
use std::ops::Range;
use zx_process_memory::Status;
use zx_process_memory::sys::{ZX_INFO_MAPS_TYPE_MAPPING, zx_info_maps_v1_t};

/// Memory in which each byte is its page's number.
struct Pages {
    /// The mappings, in pages. One call reads one of them.
    mappings: Vec<Range<usize>>,
    /// A page that cannot be read, and the status.
    refused: Option<(usize, Status)>,
    /// Whether a call that contains the refused page reads the pages before it.
    is_short: bool,
    reads: Cell<usize>,
}

impl Pages {
    fn new<const N: usize>(mappings: [(usize, usize); N]) -> Self {
        Self {
            mappings: mappings.map(|(start, end)| start..end).to_vec(),
            refused: None,
            is_short: true,
            reads: Cell::new(0),
        }
    }

    fn map(&self) -> MemoryMap {
        let record = |mapping: &Range<usize>| zx_info_maps_v1_t {
            base: mapping.start * PAGE,
            size: mapping.len() * PAGE,
            type_: ZX_INFO_MAPS_TYPE_MAPPING,
            ..Default::default()
        };
        let records: Vec<_> = self.mappings.iter().map(record).collect();
        MemoryMap::from_records(records)
    }
}

impl ReadMemory for Pages {
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        self.reads.set(self.reads.get() + 1);
        assert!(!buffer.is_empty(), "a read of no bytes is InvalidArgs");
        let mut mappings = self.mappings.iter();
        let mapping = mappings.find(|mapping| mapping.contains(&(vaddr / PAGE)));
        let mut end = mapping.ok_or(Status::NoMemory)?.end * PAGE;
        if let Some((page, status)) = self.refused {
            if vaddr / PAGE == page {
                return Err(status);
            }
            if vaddr / PAGE < page && page * PAGE < vaddr + buffer.len() {
                if !self.is_short {
                    return Err(status);
                }
                end = end.min(page * PAGE);
            }
        }
        let count = buffer.len().min(end - vaddr);
        for (byte, vaddr) in buffer[..count].iter_mut().zip(vaddr..) {
            *byte = u8::try_from(vaddr / PAGE).unwrap();
        }
        Ok(count)
    }
}

/// The ranges of the blocks in bytes, and whether they exist. Checks the contents.
fn summary(blocks: &[MemoryBlock]) -> Vec<(Range<usize>, bool)> {
    let check = |block: &MemoryBlock| {
        if let Some(bytes) = &block.bytes {
            assert_eq!(bytes.len(), block.range.len());
            for (byte, vaddr) in bytes.iter().zip(block.range.clone()) {
                assert_eq!(usize::from(*byte), vaddr / PAGE);
            }
        }
        (block.range.clone(), block.bytes.is_some())
    };
    blocks.iter().map(check).collect()
}

#[test]
fn holes_before_between_and_after_mappings_are_blocks() {
    let pages = Pages::new([(2, 4), (4, 5), (100, 101)]);
    let range = PAGE + 5..102 * PAGE + 7;
    let blocks = pages.map().read_blocks(&pages, range.clone()).unwrap();
    assert_eq!(
        summary(&blocks),
        [
            (PAGE + 5..2 * PAGE, false),
            (2 * PAGE..5 * PAGE, true),
            (5 * PAGE..100 * PAGE, false),
            (100 * PAGE..101 * PAGE, true),
            (101 * PAGE..range.end, false),
        ]
    );
    assert_eq!(pages.reads.get(), 6, "one for each mapping and each hole");
}

#[test]
fn page_that_cannot_be_read_is_a_hole() {
    for is_short in [true, false] {
        let mut pages = Pages::new([(2, 6)]);
        pages.refused = Some((4, Status::AccessDenied));
        pages.is_short = is_short;
        let blocks = pages.map().read_blocks(&pages, 2 * PAGE..6 * PAGE).unwrap();
        assert_eq!(
            summary(&blocks),
            [
                (2 * PAGE..4 * PAGE, true),
                (4 * PAGE..5 * PAGE, false),
                (5 * PAGE..6 * PAGE, true)
            ]
        );
    }
}

#[test]
fn refused_read_is_an_error_if_nothing_was_read() {
    let mut pages = Pages::new([(2, 3)]);
    pages.refused = Some((2, Status::AccessDenied));
    let blocks = pages.map().read_blocks(&pages, 0..3 * PAGE);
    assert_eq!(blocks, Err(Status::AccessDenied));
}

#[test]
fn mapping_that_cannot_be_read_costs_two_reads() {
    let mut pages = Pages::new([(2, 100), (200, 201)]);
    pages.refused = Some((2, Status::BadState));
    let blocks = pages.map().read_blocks(&pages, 2 * PAGE..201 * PAGE);
    assert_eq!(
        summary(&blocks.unwrap()),
        [
            (2 * PAGE..200 * PAGE, false),
            (200 * PAGE..201 * PAGE, true)
        ]
    );
    assert_eq!(pages.reads.get(), 4);
}

#[test]
fn unmapped_memory_is_one_hole() {
    let pages = Pages::new([]);
    let blocks = pages.map().read_blocks(&pages, 0..usize::MAX).unwrap();
    assert_eq!(summary(&blocks), [(0..usize::MAX, false)]);
    assert_eq!(pages.reads.get(), 1);
}

#[test]
fn memory_that_is_mapped_later_is_read_at_the_start_of_a_hole() {
    let pages = Pages::new([(2, 4)]);
    let old = Pages::new([]).map();
    let blocks = old.read_blocks(&pages, 2 * PAGE..3 * PAGE).unwrap();
    assert_eq!(summary(&blocks), [(2 * PAGE..3 * PAGE, true)]);
}

#[test]
fn empty_range_has_no_blocks() {
    let pages = Pages::new([(0, 4)]);
    let map = pages.map();
    assert_eq!(map.read_blocks(&pages, 5..5), Ok(Vec::new()));
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = 5..4;
    assert_eq!(map.read_blocks(&pages, reversed), Ok(Vec::new()));
}

#[test]
fn debug_prints_no_contents() {
    let pages = Pages::new([(2, 3)]);
    let blocks = pages.map().read_blocks(&pages, 2 * PAGE..2 * PAGE + 16);
    let expected = "MemoryBlock { range: 0x2000..0x2010, bytes: Some(16) }";
    assert_eq!(format!("{:?}", blocks.unwrap()[0]), expected);
}
