//! The loop, on real memory.

use super::debuggee::{Debuggee, PAGE, Page};
use proptest::prelude::*;
use std::cell::RefCell;
use zx_process_memory::{MAX_WRITE_LEN, Status};

pub(crate) fn goes_on_into_the_next_mapping() {
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

pub(crate) fn takes_more_than_64_mib() {
    let len = 2 * MAX_WRITE_LEN + PAGE;
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(len + PAGE);
    let process = debuggee.process();
    assert_eq!(process.write_all_memory(base, &vec![7; len]), Ok(()));
    assert!(debuggee.sees_only(7, base..base + len));
    assert!(debuggee.sees_only(0, base + len..base + len + PAGE));
}

pub(crate) fn stops_at_a_hole_and_says_where() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::ReadOnly, Page::Hole, Page::ReadWrite]);
    let process = debuggee.process();
    let stopped = process
        .write_all_memory(base + 5, &[7; 4 * PAGE - 5])
        .unwrap_err();
    assert_eq!(stopped.transferred, 2 * PAGE - 5);
    assert_eq!(stopped.vaddr, base + 2 * PAGE);
    assert_eq!(stopped.status, Status::NoMemory);
    assert!(debuggee.sees_only(0, base + 3 * PAGE..base + 4 * PAGE));
}

pub(crate) fn ends_when_the_process_is_gone() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    debuggee.kill_and_wait();
    for len in [1, 2 * PAGE, MAX_WRITE_LEN + 1] {
        let stopped = process.write_all_memory(base, &vec![7; len]).unwrap_err();
        assert_eq!((stopped.transferred, stopped.vaddr), (0, base));
        assert_eq!(stopped.status, Status::BadState);
    }
    assert_eq!(process.write_all_memory(base, &[]), Ok(()));
}

/// What a write from `start` of `len` bytes does: how far it comes, and why it stops.
fn model(pages: &[Page], start: usize, len: usize) -> (usize, Option<Status>) {
    let status_of = |index: usize| match pages.get(index) {
        None | Some(Page::Hole) => Some(Status::NoMemory),
        Some(Page::SharedReadOnly) => Some(Status::AccessDenied),
        Some(Page::PastTheEnd) => Some(Status::OutOfRange),
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

pub(crate) fn equals_the_model() {
    let debuggee = RefCell::new(Debuggee::start());
    let page = prop_oneof![
        6 => Just(Page::ReadWrite),
        3 => Just(Page::ReadOnly),
        3 => Just(Page::ReadExecute),
        3 => Just(Page::NoPermission),
        3 => Just(Page::Shared),
        1 => Just(Page::SharedReadOnly),
        1 => Just(Page::PastTheEnd),
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

        let (done, status) = model(&pages, start, len);
        match (outcome, status) {
            (Ok(()), None) => {}
            (Err(stopped), Some(status)) => {
                prop_assert_eq!(stopped.transferred, done);
                prop_assert_eq!(stopped.vaddr, base + start + done);
                prop_assert_eq!(stopped.status, status);
            }
            (outcome, expected) => prop_assert!(false, "{:?}, not {:?}", outcome, expected),
        }
        for (index, page) in pages.iter().enumerate() {
            if matches!(page, Page::Hole | Page::PastTheEnd) {
                continue;
            }
            let offsets = index * PAGE..(index + 1) * PAGE;
            let written = start..start + done;
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
