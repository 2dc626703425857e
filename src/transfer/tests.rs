//! The loop, with a scripted kernel.

use super::{MAX_ZERO_COUNTS, ZeroCounts, checked_count, transfer};
use crate::{MAX_WRITE_LEN, Status, TransferError};
use proptest::prelude::*;
use std::vec::Vec;

proptest! {
    /// For all counts that a kernel returns, the calls are contiguous, no call exceeds the limit,
    /// and the result is consistent with the counts. A call that returned 0 is repeated.
    #[test]
    fn calls_cover_the_range_without_gap_or_overlap(
        vaddr in 0usize..1 << 47,
        len in 0usize..5000,
        steps in prop::collection::vec((
            prop_oneof![3 => Just(0), 1 => 0..MAX_ZERO_COUNTS],
            prop_oneof![
                9 => (1usize..700).prop_map(Ok),
                1 => Just(Err(Status::NoMemory)),
            ],
        ), 1..40),
    ) {
        let counts: Vec<_> = steps
            .into_iter()
            .flat_map(|(zeros, last)| (0..zeros).map(|_| Ok(0)).chain([last]))
            .collect();
        let mut counts = counts.into_iter().cycle();
        let mut at = 0;
        let mut failed = false;
        let result = transfer(vaddr, len, |to, part| {
            assert!(!failed, "called again after an error");
            assert_eq!((to, &part), (vaddr + at, &(at..len)));
            match counts.next().unwrap() {
                Ok(count) => {
                    let count = count.min(part.len());
                    at += count;
                    Ok(count)
                }
                Err(status) => {
                    failed = true;
                    Err(status)
                }
            }
        });
        let expected = if failed {
            Err(TransferError { transferred: at, vaddr: vaddr + at, status: Status::NoMemory })
        } else {
            prop_assert_eq!(at, len);
            Ok(())
        };
        prop_assert_eq!(result, expected);
    }

    /// The bytes before the zeros were transferred in calls that had zeros between them, too.
    #[test]
    fn too_many_counts_of_0_are_internal(
        vaddr in 0usize..1 << 47,
        before in prop::collection::vec((0..MAX_ZERO_COUNTS, 1usize..100), 0..5),
    ) {
        let transferred: usize = before.iter().map(|(_, count)| count).sum();
        let mut calls = 0;
        let mut counts = before
            .iter()
            .flat_map(|&(zeros, count)| (0..zeros).map(|_| 0).chain([count]))
            .chain((0..MAX_ZERO_COUNTS).map(|_| 0));
        let result = transfer(vaddr, transferred + 8, |_, _| {
            calls += 1;
            Ok(counts.next().expect("no call after too many zeros"))
        });
        prop_assert_eq!(counts.next(), None, "{} calls", calls);
        prop_assert_eq!(result, Err(TransferError {
            transferred,
            vaddr: vaddr + transferred,
            status: Status::Internal,
        }));
    }

    #[test]
    fn count_of_more_than_the_part_is_internal(extra in 1usize..1000, first in 1usize..8) {
        let mut counts = [first, 0, 8 - first + extra].into_iter();
        let result = transfer(0x1000, 8, |_, _| Ok(counts.next().unwrap()));
        prop_assert_eq!(result, Err(TransferError {
            transferred: first,
            vaddr: 0x1000 + first,
            status: Status::Internal,
        }));
    }
}

/// A kernel of 2019 or 2021, when a mapping disappears or the process is killed during a call.
#[test]
fn status_after_a_count_of_0_is_returned() {
    for status in [Status::NoMemory, Status::NotFound, Status::BadState] {
        let mut results = [Ok(3), Ok(0), Err(status)].into_iter();
        let error = transfer(0x1000, 8, |_, _| results.next().unwrap()).unwrap_err();
        let expected = TransferError {
            transferred: 3,
            vaddr: 0x1003,
            status,
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn thousandth_count_of_0_in_a_row_is_internal() {
    assert_eq!(MAX_ZERO_COUNTS, 1000, "the number in the documentation");
    let mut zero_counts = ZeroCounts::default();
    for _ in 0..3 {
        for _ in 0..999 {
            assert_eq!(zero_counts.check(0, 8), Ok(0));
        }
        assert_eq!(zero_counts.check(8, 8), Ok(8));
    }
    assert_eq!(zero_counts.check(9, 8), Err(Status::Internal));
    for _ in 0..999 {
        assert_eq!(zero_counts.check(0, 8), Ok(0));
    }
    assert_eq!(zero_counts.check(0, 8), Err(Status::Internal));
}

#[test]
fn long_transfers_are_split_at_64_mib() {
    for (len, calls) in [
        (MAX_WRITE_LEN - 1, &[MAX_WRITE_LEN - 1][..]),
        (MAX_WRITE_LEN, &[MAX_WRITE_LEN]),
        (MAX_WRITE_LEN + 1, &[MAX_WRITE_LEN, 1]),
        (2 * MAX_WRITE_LEN + 5, &[MAX_WRITE_LEN, MAX_WRITE_LEN, 5]),
    ] {
        let mut seen = Vec::new();
        let result = transfer(0x1000, len, |_, part| {
            seen.push(part.len());
            Ok(part.len())
        });
        assert_eq!((result, &seen[..]), (Ok(()), calls));
    }
}

#[test]
fn count_larger_than_the_limit_is_internal() {
    let result = transfer(0, MAX_WRITE_LEN + 8, |_, part| Ok(part.len() + 1));
    assert_eq!(result.unwrap_err().status, Status::Internal);
}

#[test]
fn empty_transfer_makes_no_call() {
    assert_eq!(transfer(usize::MAX, 0, |_, _| unreachable!()), Ok(()));
}

#[test]
fn range_past_the_last_address_is_out_of_range() {
    let past_the_end = transfer(usize::MAX, 2, |_, _| unreachable!());
    let expected = TransferError {
        transferred: 0,
        vaddr: usize::MAX,
        status: Status::OutOfRange,
    };
    assert_eq!(past_the_end, Err(expected));
    assert_eq!(
        transfer(usize::MAX - 1, 2, |_, part| Ok(part.len())),
        Ok(())
    );
}

#[test]
fn count_larger_than_the_length_is_internal() {
    assert_eq!(checked_count(0, 8), Ok(0));
    assert_eq!(checked_count(8, 8), Ok(8));
    assert_eq!(checked_count(9, 8), Err(Status::Internal));
    assert_eq!(checked_count(usize::MAX, 8), Err(Status::Internal));
}
