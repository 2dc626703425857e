//! Lengths of one write: 1 byte to 64 MiB.

use super::debuggee::{Debuggee, Page, page_size};
use zx_process_memory::{MAX_WRITE_LEN, Status};

pub(crate) fn one_byte_is_written() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    assert_eq!(debuggee.process().write_memory(base, &[0xa5]), Ok(1));
    assert_eq!(debuggee.sees(base..base + 1), [0xa5]);
}

pub(crate) fn adjacent_bytes_are_unchanged() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    process.write_memory(base, &vec![1; page_size()]).unwrap();
    assert_eq!(process.write_memory(base + 100, &[2; 50]), Ok(50));
    let mut expected = vec![1; page_size()];
    expected[100..150].fill(2);
    assert_eq!(debuggee.sees(base..base + page_size()), expected);
}

pub(crate) fn unaligned_writes_cross_pages() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 4]);
    let process = debuggee.process();
    let mut expected = vec![0; 4 * page_size()];
    let mut byte = 0;
    for start in [
        0,
        1,
        page_size() - 2,
        page_size() - 1,
        page_size(),
        page_size() + 1,
    ] {
        for len in [
            1,
            2,
            3,
            page_size() - 1,
            page_size(),
            page_size() + 1,
            2 * page_size(),
        ] {
            byte = byte % 250 + 1;
            let written = process.write_memory(base + start, &vec![byte; len]);
            assert_eq!(written, Ok(len), "{len} bytes at offset {start}");
            expected[start..start + len].fill(byte);
            assert!(
                debuggee.sees(base..base + 4 * page_size()) == expected,
                "{len} bytes at offset {start}"
            );
        }
    }
}

pub(crate) fn zero_length_is_invalid_args() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = debuggee.process();
    assert_eq!(process.write_memory(base, &[]), Err(Status::InvalidArgs));
}

pub(crate) fn write_of_64_mib_succeeds() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(MAX_WRITE_LEN);
    let bytes = vec![0x5a; 67_108_864];
    assert_eq!(
        debuggee.process().write_memory(base, &bytes),
        Ok(67_108_864)
    );
    assert!(debuggee.sees_only(0x5a, base..base + MAX_WRITE_LEN));
}

pub(crate) fn length_above_64_mib_is_invalid_args() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(2 * MAX_WRITE_LEN);
    let bytes = vec![0x5a; 67_108_865];
    let refused = debuggee.process().write_memory(base, &bytes);
    assert_eq!(refused, Err(Status::InvalidArgs));
    assert!(debuggee.sees_only(0, base..base + 2 * MAX_WRITE_LEN));
}
