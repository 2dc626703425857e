//! Writes to addresses and mappings of each kind.

use super::debuggee::{Debuggee, Page, page_size, program};
use zx_process_memory::{Process, Status};

/// Writes into one page of this kind and checks what the debuggee reads.
fn write_into_page(page: Page) {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[page]);
    let process = debuggee.process();
    assert_eq!(process.write_memory(base + 10, &[1, 2]), Ok(2));
    assert_eq!(
        process.write_memory(base, &vec![9; page_size() + 1]),
        Ok(page_size())
    );
    assert_eq!(process.write_memory(base + 10, &[3, 4]), Ok(2));
    assert_eq!(debuggee.sees(base + 8..base + 14), [9, 9, 3, 4, 9, 9]);
}

pub(crate) fn read_only_pages_are_written() {
    write_into_page(Page::ReadOnly);
}

pub(crate) fn executable_pages_are_written() {
    write_into_page(Page::ReadExecute);
}

pub(crate) fn pages_without_permission_are_written() {
    write_into_page(Page::NoPermission);
}

pub(crate) fn shared_memory_is_written() {
    write_into_page(Page::Shared);
}

pub(crate) fn write_stops_at_end_of_mapping() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 4]);
    let process = debuggee.process();
    let long = vec![7; 64 << 20];
    assert_eq!(process.write_memory(base, &long), Ok(4 * page_size()));
    assert_eq!(
        process.write_memory(base + 4 * page_size() - 1, &long),
        Ok(1)
    );
    assert_eq!(
        process.write_memory(base + 5, &vec![8; 4 * page_size()]),
        Ok(4 * page_size() - 5)
    );
    assert_eq!(debuggee.sees(base..base + 7), [7, 7, 7, 7, 7, 8, 8]);
}

/// Linux keeps two mappings of each pair: the pages differ or are shared.
const ADJACENT_PAIRS: [[Page; 2]; 5] = [
    [Page::ReadWrite, Page::ReadOnly],
    [Page::ReadOnly, Page::ReadWrite],
    [Page::ReadWrite, Page::Shared],
    [Page::Shared, Page::Shared],
    [Page::ReadExecute, Page::NoPermission],
];

pub(crate) fn write_does_not_continue_in_adjacent_mapping() {
    for pages in ADJACENT_PAIRS {
        let mut debuggee = Debuggee::start();
        let base = debuggee.lay_out(&pages);
        let process = debuggee.process();
        // Each write ends after the first mapping: by three bytes, by one byte, and by one byte
        // after a full page.
        assert_eq!(
            process.write_memory(base + page_size() - 3, &[1; 6]),
            Ok(3),
            "{pages:?}"
        );
        assert_eq!(
            process.write_memory(base + page_size() - 1, &[2; 2]),
            Ok(1),
            "{pages:?}"
        );
        let seen = debuggee.sees(base + page_size() - 4..base + page_size() + 3);
        assert_eq!(seen, [0, 1, 1, 2, 0, 0, 0], "{pages:?}");
        assert_eq!(
            process.write_memory(base, &vec![3; page_size() + 1]),
            Ok(page_size()),
            "{pages:?}"
        );
        let seen = debuggee.sees(base + page_size() - 1..base + page_size() + 1);
        assert_eq!(seen, [3, 0], "{pages:?}");
    }
}

pub(crate) fn write_that_starts_in_adjacent_mapping_succeeds() {
    for pages in ADJACENT_PAIRS {
        let mut debuggee = Debuggee::start();
        let base = debuggee.lay_out(&pages);
        let written = debuggee.process().write_memory(base + page_size(), &[1; 6]);
        assert_eq!(written, Ok(6), "{pages:?}");
        let seen = debuggee.sees(base + page_size() - 1..base + page_size() + 7);
        assert_eq!(seen, [0, 1, 1, 1, 1, 1, 1, 0], "{pages:?}");
    }
}

pub(crate) fn write_to_hole_is_no_memory() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::Hole, Page::ReadWrite]);
    let process = debuggee.process();
    for (vaddr, len) in [
        (base + page_size(), 1),
        (base + 2 * page_size() - 1, 1),
        (base + 2 * page_size() - 1, 2),
        (base + page_size(), 2 * page_size()),
    ] {
        let refused = process.write_memory(vaddr, &vec![1; len]);
        assert_eq!(refused, Err(Status::NoMemory), "{len} bytes");
    }
    let after = base + 2 * page_size();
    assert!(debuggee.sees_only(0, base..base + page_size()));
    assert!(debuggee.sees_only(0, after..after + page_size()));
}

pub(crate) fn write_stops_at_hole() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::Hole, Page::ReadWrite]);
    let written = debuggee
        .process()
        .write_memory(base, &vec![1; 3 * page_size()]);
    assert_eq!(written, Ok(page_size()));
    let after = base + 2 * page_size();
    assert!(debuggee.sees_only(0, after..after + page_size()));
}

pub(crate) fn null_kernel_and_noncanonical_addresses_are_no_memory() {
    let debuggee = Debuggee::start();
    let process = debuggee.process();
    for vaddr in [
        0,
        1,
        4095,
        1 << 62,
        (1 << 63) - 4096,
        (1 << 63) - 1,
        1 << 63,
        (1 << 63) + 1,
        0xffff_8000_0000_0000,
        // The vsyscall page of x86-64. /proc/PID/maps lists it, but it belongs to no process.
        0xffff_ffff_ff60_0000,
        usize::MAX - 4095,
        usize::MAX,
    ] {
        for len in [1, 2, 4096, 8193] {
            let refused = process.write_memory(vaddr, &vec![1; len]);
            assert_eq!(refused, Err(Status::NoMemory), "{len} bytes at {vaddr:#x}");
        }
    }
}

pub(crate) fn write_to_vdso_is_access_denied() {
    let debuggee = Debuggee::start();
    assert_vdso_is_access_denied(&debuggee, &debuggee.process());
}

/// `spawn` may return before the child has a vDSO.
pub(crate) fn write_to_vdso_by_handle_opened_during_exec_is_access_denied() {
    for _ in 0..50 {
        let mut debuggee = Debuggee::spawn(&mut program());
        let process = debuggee.process();
        debuggee.ask("hello");
        assert_vdso_is_access_denied(&debuggee, &process);
    }
}

fn assert_vdso_is_access_denied(debuggee: &Debuggee, process: &Process) {
    for name in ["[vdso]", "[vvar]"] {
        let pages = debuggee.mapping(name);
        for (vaddr, len) in [
            (pages.start, 1),
            (pages.start, page_size()),
            (pages.start + page_size() - 1, 2),
            (pages.start, 16 * page_size()),
            (pages.end - 1, 1),
            (pages.end - 1, 2 * page_size()),
        ] {
            let refused = process.write_memory(vaddr, &vec![1; len]);
            assert_eq!(refused, Err(Status::AccessDenied), "{name} {len} bytes");
        }
    }
}

pub(crate) fn write_stops_before_vdso() {
    let debuggee = Debuggee::start();
    let before = debuggee.mapping("[vvar]").start - 1;
    // Linux decides whether memory is mapped directly below.
    match debuggee
        .process()
        .write_memory(before, &vec![0; 2 * page_size()])
    {
        Ok(written) => assert_eq!(written, 1),
        Err(status) => assert_eq!(status, Status::NoMemory),
    }
}

pub(crate) fn shared_read_only_memory_is_access_denied() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::SharedReadOnly]);
    let process = debuggee.process();
    for len in [1, page_size(), 2 * page_size()] {
        let refused = process.write_memory(base, &vec![1; len]);
        assert_eq!(refused, Err(Status::AccessDenied), "{len} bytes");
    }
    assert!(debuggee.sees_only(0, base..base + page_size()));
}

pub(crate) fn memory_past_file_end_is_out_of_range() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::PastFileEnd]);
    let process = debuggee.process();
    for len in [1, page_size(), 2 * page_size()] {
        let refused = process.write_memory(base, &vec![1; len]);
        assert_eq!(refused, Err(Status::OutOfRange), "{len} bytes");
    }
}

pub(crate) fn page_unmapped_after_open_is_no_memory() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 3]);
    let process = debuggee.process();
    assert_eq!(
        process.write_memory(base, &vec![1; 3 * page_size()]),
        Ok(3 * page_size())
    );
    debuggee.unmap(base + page_size());
    assert_eq!(
        process.write_memory(base, &vec![2; 3 * page_size()]),
        Ok(page_size())
    );
    let refused = process.write_memory(base + page_size(), &[2; 1]);
    assert_eq!(refused, Err(Status::NoMemory));
    assert!(debuggee.sees_only(1, base + 2 * page_size()..base + 3 * page_size()));
}
