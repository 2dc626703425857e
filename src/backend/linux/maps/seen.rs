//! The mappings of a process that were looked up.

use super::text::Mapping;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The ranges of mappings that were looked up, so that a small access to one of them is a single system
/// call. The process can have unmapped them since.
///
/// The kernel's pages are not remembered: a write to them must be refused.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Ranges>);

#[derive(Default)]
struct Ranges {
    /// The end of each range, by its start. No two overlap.
    ends: BTreeMap<usize, usize>,
    /// The range of the last access, because the next one is often in the same. Empty if it is not known.
    last: Range<usize>,
}

/// The ranges of a process that maps and unmaps forever are forgotten at this number. Linux allows a
/// process 65,530 mappings by default.
const MAX_RANGES: usize = 1 << 18;

impl Seen {
    pub(crate) fn contains(&self, vaddr: usize) -> bool {
        let mut ranges = self.lock();
        if ranges.last.contains(&vaddr) {
            return true;
        }
        let before = ranges.ends.range(..=vaddr).next_back();
        let Some((&start, &end)) = before.filter(|(_, end)| vaddr < **end) else {
            return false;
        };
        ranges.last = start..end;
        true
    }

    pub(crate) fn insert(&self, mapping: &Mapping) {
        if mapping.is_kernels {
            return;
        }
        let Mapping { start, end, .. } = *mapping;
        let mut ranges = self.lock();
        if ranges.last == (start..end) || ranges.ends.get(&start) == Some(&end) {
            return;
        }
        ranges.remove(start, end);
        if ranges.ends.len() >= MAX_RANGES {
            *ranges = Ranges::default();
        }
        ranges.ends.insert(start, end);
    }

    /// Remembers these mappings and no others.
    pub(crate) fn replace(&self, mappings: &[Mapping]) {
        let mut ranges = Ranges::default();
        for mapping in mappings.iter().filter(|mapping| !mapping.is_kernels) {
            ranges.remove(mapping.start, mapping.end);
            ranges.ends.insert(mapping.start, mapping.end);
        }
        *self.lock() = ranges;
    }

    /// Forgets the range that contains the address.
    pub(crate) fn forget(&self, vaddr: usize) {
        self.lock().remove(vaddr, vaddr.saturating_add(1));
    }

    /// No code that can panic runs under this lock.
    fn lock(&self) -> MutexGuard<'_, Ranges> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ranges {
    /// Removes every range that overlaps these addresses.
    fn remove(&mut self, start: usize, end: usize) {
        self.last = 0..0;
        let overlaps = |(_, other): &(&usize, &usize)| **other > start;
        while let Some((&other, _)) = self.ends.range(..end).next_back().filter(overlaps) {
            self.ends.remove(&other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_RANGES, Mapping, Seen};

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
    fn number_of_ranges_is_limited() {
        let seen = Seen::default();
        for index in 0..=MAX_RANGES {
            seen.insert(&mapping(index << 12, (index + 1) << 12));
        }
        assert_eq!(seen.lock().ends.len(), 1);
        assert!(seen.contains(MAX_RANGES << 12));
    }
}
