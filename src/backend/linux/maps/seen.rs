//! The mappings of a process that were looked up.

use super::text::Mapping;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The ranges of mappings that were looked up, so that a small access to one of them is a single system
/// call. The process can have unmapped them since.
///
/// The kernel's pages are not remembered: a write to them must be refused.
#[derive(Default)]
pub(crate) struct Seen {
    /// The range of the last access, because the next one is often in the same: see [`pack`].
    last: AtomicU64,
    ranges: Mutex<Ranges>,
}

/// The end of each range, by its start. No two overlap.
type Ranges = BTreeMap<usize, usize>;

/// The ranges of a process that maps and unmaps forever are forgotten at this number. Linux allows a
/// process 65,530 mappings by default.
const MAX_RANGES: usize = 1 << 18;

impl Seen {
    pub(crate) fn contains(&self, vaddr: usize) -> bool {
        if is_in_packed(self.last.load(Ordering::Relaxed), vaddr) {
            return true;
        }
        let ranges = self.lock();
        let before = ranges.range(..=vaddr).next_back();
        let Some((&start, &end)) = before.filter(|(_, end)| vaddr < **end) else {
            return false;
        };
        self.last.store(pack(start, end), Ordering::Relaxed);
        true
    }

    pub(crate) fn insert(&self, mapping: &Mapping) {
        if mapping.is_kernels {
            return;
        }
        let Mapping { start, end, .. } = *mapping;
        let mut ranges = self.lock();
        if ranges.get(&start) == Some(&end) {
            return;
        }
        self.remove(&mut ranges, start, end);
        if ranges.len() >= MAX_RANGES {
            ranges.clear();
        }
        ranges.insert(start, end);
    }

    /// Remembers these mappings and no others.
    pub(crate) fn replace(&self, mappings: &[Mapping]) {
        let mut ranges = self.lock();
        ranges.clear();
        for mapping in mappings.iter().filter(|mapping| !mapping.is_kernels) {
            self.remove(&mut ranges, mapping.start, mapping.end);
            ranges.insert(mapping.start, mapping.end);
        }
    }

    /// Forgets the range that contains the address.
    pub(crate) fn forget(&self, vaddr: usize) {
        self.remove(&mut self.lock(), vaddr, vaddr.saturating_add(1));
    }

    /// Removes every range that overlaps these addresses.
    fn remove(&self, ranges: &mut Ranges, start: usize, end: usize) {
        self.last.store(0, Ordering::Relaxed);
        let overlaps = |(_, other): &(&usize, &usize)| **other > start;
        while let Some((&other, _)) = ranges.range(..end).next_back().filter(overlaps) {
            ranges.remove(&other);
        }
    }

    /// No code that can panic runs under this lock.
    fn lock(&self) -> MutexGuard<'_, Ranges> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bits for the length of a packed range.
const LEN_BITS: u32 = 28;
const MAX_LEN: usize = (1 << LEN_BITS) - 1;

/// Packs a range into one word, so that it is read without a lock: the number of its first page, and its
/// length in pages of 4 KiB, or less if it is longer. A range above 2^48 becomes an empty one.
fn pack(start: usize, end: usize) -> u64 {
    let (page, len) = (start >> 12, (end - start) >> 12);
    if page >> (64 - LEN_BITS) != 0 {
        return 0;
    }
    (page as u64) << LEN_BITS | len.min(MAX_LEN) as u64
}

fn is_in_packed(packed: u64, vaddr: usize) -> bool {
    let (page, len) = (packed >> LEN_BITS, packed & MAX_LEN as u64);
    (vaddr as u64 >> 12).wrapping_sub(page) < len
}

#[cfg(test)]
mod tests {
    use super::{MAX_RANGES, Mapping, Seen, is_in_packed, pack};

    fn mapping(start: usize, end: usize) -> Mapping {
        Mapping {
            start,
            end,
            is_readable: true,
            is_writable: true,
            is_shared: false,
            is_file_backed: false,
            is_kernels: false,
        }
    }

    #[test]
    fn range_contains_its_first_and_last_byte() {
        let seen = Seen::default();
        seen.insert(&mapping(0x2000, 0x4000));
        for (vaddr, expected) in [
            (0x1fff, false),
            (0x2000, true),
            (0x3fff, true),
            (0x4000, false),
        ] {
            assert_eq!(seen.contains(vaddr), expected, "{vaddr:#x}");
        }
    }

    #[test]
    fn newer_range_replaces_those_that_it_overlaps() {
        let seen = Seen::default();
        for (start, end) in [(0x1000, 0x3000), (0x4000, 0x5000), (0x6000, 0x7000)] {
            seen.insert(&mapping(start, end));
        }
        assert!(seen.contains(0x1000));
        seen.insert(&mapping(0x2000, 0x5000));
        for (vaddr, expected) in [
            (0x1000, false),
            (0x2000, true),
            (0x4fff, true),
            (0x6000, true),
        ] {
            assert_eq!(seen.contains(vaddr), expected, "{vaddr:#x}");
        }
    }

    #[test]
    fn forgotten_range_is_forgotten_whole() {
        let seen = Seen::default();
        seen.insert(&mapping(0x1000, 0x3000));
        seen.insert(&mapping(0x3000, 0x4000));
        assert!(seen.contains(0x2fff));
        seen.forget(0x2fff);
        assert!(!seen.contains(0x2fff));
        assert!(!seen.contains(0x1000) && seen.contains(0x3000));
        seen.forget(usize::MAX);
    }

    #[test]
    fn pages_of_the_kernel_are_not_remembered() {
        let seen = Seen::default();
        let vdso = Mapping {
            is_kernels: true,
            ..mapping(0x1000, 0x2000)
        };
        seen.insert(&vdso);
        assert!(!seen.contains(0x1000));
        seen.replace(&[vdso, mapping(0x5000, 0x6000)]);
        assert!(!seen.contains(0x1000) && seen.contains(0x5000));
    }

    #[test]
    fn packed_range_contains_no_other_address() {
        for (start, end) in [
            (0x1000, 0x2000),
            (0x7fff_0000_0000, 0x7fff_0002_1000),
            ((1 << 48) - 0x1000, 1 << 48),
        ] {
            let contains = |vaddr| is_in_packed(pack(start, end), vaddr);
            assert!(contains(start) && contains(end - 1));
            assert!(!contains(start - 1) && !contains(end) && !contains(0));
        }
        // A long range is packed in part, and one above 2^48 not at all.
        let long = pack(0x1000, 1 << 46);
        assert!(is_in_packed(long, 0x1000) && !is_in_packed(long, 1 << 46));
        assert!(!is_in_packed(pack(1 << 48, (1 << 48) + 0x1000), 1 << 48));
        assert!(!is_in_packed(0, 0));
    }

    #[test]
    fn number_of_ranges_is_limited() {
        let seen = Seen::default();
        for index in 0..=MAX_RANGES {
            seen.insert(&mapping(index << 12, (index + 1) << 12));
        }
        assert_eq!(seen.lock().len(), 1);
        assert!(seen.contains(MAX_RANGES << 12));
    }
}
