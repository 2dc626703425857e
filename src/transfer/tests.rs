//! The loop, with a scripted kernel.

use super::{checked_count, transfer};
use crate::{MAX_WRITE_LEN, Status, TransferError};
use proptest::prelude::*;
use std::vec::Vec;

proptest! {
    /// For all counts that a kernel returns, the calls are contiguous, no call exceeds the limit,
    /// and the result is consistent with the counts.
    #[test]
    fn calls_cover_the_range_without_gap_or_overlap(
        vaddr in 0usize..1 << 47,
        len in 0usize..5000,
        counts in prop::collection::vec(prop_oneof![
            9 => (1usize..700).prop_map(Ok),
            1 => Just(Err(Status::NoMemory)),
        ], 1..40),
    ) {
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

    #[test]
    fn count_of_0_or_more_than_the_part_is_internal(extra in 1usize..1000, first in 1usize..8) {
        for wrong in [0, 8 - first + extra] {
            let mut counts = [first, wrong].into_iter();
            let result = transfer(0x1000, 8, |_, _| Ok(counts.next().unwrap()));
            prop_assert_eq!(result, Err(TransferError {
                transferred: first,
                vaddr: 0x1000 + first,
                status: Status::Internal,
            }));
        }
    }
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
