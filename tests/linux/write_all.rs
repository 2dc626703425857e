//! `write_all_memory`, which makes as many calls as it needs.

use super::debuggee::{Debuggee, Page, page_size};
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
        process.write_all_memory(base + 1, &vec![7; 4 * page_size() - 2]),
        Ok(())
    );
    let end = base + 4 * page_size();
    assert_eq!(debuggee.sees(base..base + 2), [0, 7]);
    assert!(debuggee.sees_only(7, base + 8..end - 8));
    assert_eq!(debuggee.sees(end - 2..end), [7, 0]);
}

pub(crate) fn write_all_splits_more_than_64_mib() {
    let len = 2 * MAX_WRITE_LEN + page_size();
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(len + page_size());
    let process = debuggee.process();
    assert_eq!(process.write_all_memory(base, &vec![7; len]), Ok(()));
    assert!(debuggee.sees_only(7, base..base + len));
    assert!(debuggee.sees_only(0, base + len..base + len + page_size()));
}

pub(crate) fn write_all_stops_at_hole_and_reports_address() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::ReadOnly, Page::Hole, Page::ReadWrite]);
    let process = debuggee.process();
    let error = process
        .write_all_memory(base + 5, &vec![7; 4 * page_size() - 5])
        .unwrap_err();
    assert_eq!(error.transferred, 2 * page_size() - 5);
    assert_eq!(error.vaddr, base + 2 * page_size());
    assert_eq!(error.status, Status::NoMemory);
    assert!(debuggee.sees_only(0, base + 3 * page_size()..base + 4 * page_size()));
}

pub(crate) fn write_all_to_ended_process_is_bad_state() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.kill_and_wait();
    for len in [1, 2 * page_size(), MAX_WRITE_LEN + 1] {
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
        if let Some(status) = status_of(at / page_size()) {
            return (at - start, Some(status));
        }
        at = (at / page_size() + 1) * page_size();
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
    let range = (0.0..1.0f64, 1..6 * page_size());
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(pages in layout, (start, len) in range, byte in 1u8..)| {
        let mut debuggee = debuggee.borrow_mut();
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let start = ((pages.len() * page_size()) as f64 * start) as usize;
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
            let offsets = index * page_size()..(index + 1) * page_size();
            let written = start..start + transferred;
            let expected: Vec<u8> = offsets
                .clone()
                .map(|offset| if written.contains(&offset) { byte } else { 0 })
                .collect();
            let seen = debuggee.sees(base + offsets.start..base + offsets.end);
            prop_assert!(seen == expected, "page {} of {:?}", index, pages);
        }
        for index in 0..pages.len() {
            debuggee.unmap(base + index * page_size());
        }
    });
}
