//! `write_all_memory`, which makes as many calls as it needs.

use super::debuggee::{Debuggee, PAGE, Page};
use proptest::prelude::*;
use std::cell::RefCell;
use zx_process_memory::{MAX_WRITE_LEN, Status};

pub(crate) fn write_all_continues_in_next_mapping() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[
        Page::ReadWrite,
        Page::ReadExecute,
        Page::Shared,
        Page::Shared,
    ]);
    let process = debuggee.process();
    assert_eq!(
        process.write_all_memory(base + 1, &[7; 4 * PAGE - 2]),
        Ok(())
    );
    let end = base + 4 * PAGE;
    assert_eq!(debuggee.sees(base..base + 2), [0, 7]);
    assert!(debuggee.sees_only(7, base + 8..end - 8));
    assert_eq!(debuggee.sees(end - 2..end), [7, 0]);
}

pub(crate) fn write_all_splits_more_than_64_mib() {
    let len = 2 * MAX_WRITE_LEN + PAGE;
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(len + PAGE);
    let process = debuggee.process();
    assert_eq!(process.write_all_memory(base, &vec![7; len]), Ok(()));
    assert!(debuggee.sees_only(7, base..base + len));
    assert!(debuggee.sees_only(0, base + len..base + len + PAGE));
}

pub(crate) fn write_all_stops_at_hole_and_reports_address() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::ReadOnly, Page::Hole, Page::ReadWrite]);
    let process = debuggee.process();
    let error = process
        .write_all_memory(base + 5, &[7; 4 * PAGE - 5])
        .unwrap_err();
    assert_eq!(error.transferred, 2 * PAGE - 5);
    assert_eq!(error.vaddr, base + 2 * PAGE);
    assert_eq!(error.status, Status::NoMemory);
    assert!(debuggee.sees_only(0, base + 3 * PAGE..base + 4 * PAGE));
}

pub(crate) fn write_all_to_ended_process_is_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.kill_and_wait();
    for len in [1, 2 * PAGE, MAX_WRITE_LEN + 1] {
        let error = process.write_all_memory(base, &vec![7; len]).unwrap_err();
        assert_eq!((error.transferred, error.vaddr), (0, base));
        assert_eq!(error.status, Status::BadState);
    }
    assert_eq!(process.write_all_memory(base, &[]), Ok(()));
}

/// The expected result of a write: the number of bytes, and the status that stops it.
fn model(pages: &[Page], start: usize, len: usize) -> (usize, Option<Status>) {
    let status_of = |index: usize| match pages.get(index) {
        None | Some(Page::Hole) => Some(Status::NoMemory),
        Some(Page::SharedReadOnly) => Some(Status::AccessDenied),
        Some(Page::PastFileEnd) => Some(Status::OutOfRange),
        Some(_) => None,
    };
    let mut at = start;
    while at < start + len {
        if let Some(status) = status_of(at / PAGE) {
            return (at - start, Some(status));
        }
        at = (at / PAGE + 1) * PAGE;
    }
    (len, None)
}

pub(crate) fn write_all_matches_model() {
    let debuggee = RefCell::new(Debuggee::start());
    let page = prop_oneof![
        6 => Just(Page::ReadWrite),
        3 => Just(Page::ReadOnly),
        3 => Just(Page::ReadExecute),
        3 => Just(Page::NoPermission),
        3 => Just(Page::Shared),
        1 => Just(Page::SharedReadOnly),
        1 => Just(Page::PastFileEnd),
        1 => Just(Page::Hole),
    ];
    let layout = prop::collection::vec(page, 1..10);
    let range = (0.0..1.0f64, 1..6 * PAGE);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(pages in layout, (start, len) in range, byte in 1u8..)| {
        let mut debuggee = debuggee.borrow_mut();
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let start = ((pages.len() * PAGE) as f64 * start) as usize;
        let base = debuggee.lay_out(&pages);

        let outcome = debuggee.process().write_all_memory(base + start, &vec![byte; len]);

        let (transferred, status) = model(&pages, start, len);
        match (outcome, status) {
            (Ok(()), None) => {}
            (Err(error), Some(status)) => {
                prop_assert_eq!(error.transferred, transferred);
                prop_assert_eq!(error.vaddr, base + start + transferred);
                prop_assert_eq!(error.status, status);
            }
            (outcome, expected) => prop_assert!(false, "{:?}, expected {:?}", outcome, expected),
        }
        for (index, page) in pages.iter().enumerate() {
            if matches!(page, Page::Hole | Page::PastFileEnd) {
                continue;
            }
            let offsets = index * PAGE..(index + 1) * PAGE;
            let written = start..start + transferred;
            let expected: Vec<u8> = offsets
                .clone()
                .map(|offset| if written.contains(&offset) { byte } else { 0 })
                .collect();
            let seen = debuggee.sees(base + offsets.start..base + offsets.end);
            prop_assert!(seen == expected, "page {} of {:?}", index, pages);
        }
        for index in 0..pages.len() {
            debuggee.unmap(base + index * PAGE);
        }
    });
}
