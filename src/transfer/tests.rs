//! The loop against a kernel that is played by a script.

use super::transfer;
use crate::{MAX_WRITE_LEN, Status, TransferError};
use proptest::prelude::*;
use std::vec::Vec;

proptest! {
    /// Whatever counts a kernel answers, the calls are contiguous, no call is over
    /// the limit, and the outcome adds up.
    #[test]
    fn covers_the_range_without_gap_or_overlap(
        vaddr in 0usize..1 << 47,
        len in 0usize..5000,
        answers in prop::collection::vec(prop_oneof![
            9 => (1usize..700).prop_map(Ok),
            1 => Just(Err(Status::NoMemory)),
        ], 1..40),
    ) {
        let mut answers = answers.into_iter().cycle();
        let mut at = 0;
        let mut refused = false;
        let outcome = transfer(vaddr, len, |to, part| {
            assert!(!refused, "called again after an error");
            assert_eq!((to, &part), (vaddr + at, &(at..len)));
            match answers.next().unwrap() {
                Ok(count) => {
                    let count = count.min(part.len());
                    at += count;
                    Ok(count)
                }
                Err(status) => {
                    refused = true;
                    Err(status)
                }
            }
        });
        let expected = if refused {
            Err(TransferError { transferred: at, vaddr: vaddr + at, status: Status::NoMemory })
        } else {
            prop_assert_eq!(at, len);
            Ok(())
        };
        prop_assert_eq!(outcome, expected);
    }

    #[test]
    fn a_count_beyond_the_part_or_of_nothing_ends_it(extra in 1usize..1000, first in 1usize..8) {
        for wrong in [0, 8 - first + extra] {
            let mut counts = [first, wrong].into_iter();
            let outcome = transfer(0x1000, 8, |_, _| Ok(counts.next().unwrap()));
            prop_assert_eq!(outcome, Err(TransferError {
                transferred: first,
                vaddr: 0x1000 + first,
                status: Status::Internal,
            }));
        }
    }
}

#[test]
fn splits_at_64_mib() {
    for (len, calls) in [
        (MAX_WRITE_LEN - 1, &[MAX_WRITE_LEN - 1][..]),
        (MAX_WRITE_LEN, &[MAX_WRITE_LEN]),
        (MAX_WRITE_LEN + 1, &[MAX_WRITE_LEN, 1]),
        (2 * MAX_WRITE_LEN + 5, &[MAX_WRITE_LEN, MAX_WRITE_LEN, 5]),
    ] {
        let mut seen = Vec::new();
        let outcome = transfer(0x1000, len, |_, part| {
            seen.push(part.len());
            Ok(part.len())
        });
        assert_eq!((outcome, &seen[..]), (Ok(()), calls));
    }
}

#[test]
fn a_count_over_the_limit_is_refused_even_if_bytes_remain() {
    let outcome = transfer(0, MAX_WRITE_LEN + 8, |_, part| Ok(part.len() + 1));
    assert_eq!(outcome.unwrap_err().status, Status::Internal);
}

#[test]
fn nothing_to_do_makes_no_call() {
    assert_eq!(transfer(usize::MAX, 0, |_, _| unreachable!()), Ok(()));
}

#[test]
fn the_address_never_wraps() {
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
