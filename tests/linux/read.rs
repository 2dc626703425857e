//! Reads. Writes, which the other modules test, put the bytes there.

use super::debuggee::{Debuggee, Page, page_size};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use zx_process_memory::{MAX_READ_LEN, Process, Rights, Status, TransferError, sys};

const CANARY: u8 = 0xaa;

/// A debuggee, a handle to it, and the address of its pages. Each page is filled with its number:
/// 1, 2, 3 and so on.
fn numbered_pages(pages: &[Page]) -> (Debuggee, Process, usize) {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(pages);
    let process = debuggee.process();
    for (number, page) in (1..).zip(pages) {
        let vaddr = base + (usize::from(number) - 1) * page_size();
        if !matches!(page, Page::Hole | Page::PastFileEnd | Page::SharedReadOnly) {
            assert_eq!(
                process.write_memory(vaddr, &vec![number; page_size()]),
                Ok(page_size())
            );
        }
    }
    (debuggee, process, base)
}

pub(crate) fn pages_of_all_permissions_are_read() {
    for page in [
        Page::ReadWrite,
        Page::ReadOnly,
        Page::ReadExecute,
        Page::NoPermission,
        Page::Shared,
    ] {
        let (_debuggee, process, base) = numbered_pages(&[page]);
        let mut buffer = [CANARY; 9];
        assert_eq!(process.read_memory(base + 77, &mut buffer[1..8]), Ok(7));
        assert_eq!(buffer, [CANARY, 1, 1, 1, 1, 1, 1, 1, CANARY], "{page:?}");
    }
    let (_debuggee, process, base) = numbered_pages(&[Page::SharedReadOnly]);
    assert_eq!(process.read_memory(base, &mut [CANARY; 9]), Ok(9));
}

pub(crate) fn read_stops_at_end_of_mapping() {
    let (_debuggee, process, base) = numbered_pages(&[Page::ReadWrite, Page::ReadOnly]);
    let mut buffer = vec![CANARY; 3 * page_size()];
    assert_eq!(
        process.read_memory(base + 1, &mut buffer),
        Ok(page_size() - 1)
    );
    assert!(buffer[..page_size() - 1].iter().all(|byte| *byte == 1));
    // The call changed nothing after the count, except some bytes that it zeroed.
    let rest = &buffer[page_size() - 1..];
    assert!(rest.iter().all(|byte| [0, CANARY].contains(byte)));
    assert_eq!((rest[1], buffer.last()), (0, Some(&0)));
    let mut long = vec![0; MAX_READ_LEN];
    assert_eq!(
        process.read_memory(base + 2 * page_size() - 1, &mut long),
        Ok(1)
    );
}

pub(crate) fn read_exact_continues_in_next_mapping_and_stops_at_hole() {
    let pages = [Page::ReadWrite, Page::ReadOnly, Page::Shared, Page::Hole];
    let (_debuggee, process, base) = numbered_pages(&pages);
    let mut buffer = vec![CANARY; 3 * page_size()];
    assert_eq!(process.read_exact_memory(base, &mut buffer), Ok(()));
    let expected: Vec<u8> = (1..=3)
        .flat_map(|number| vec![number; page_size()])
        .collect();
    assert!(buffer == expected);

    let TransferError {
        transferred,
        vaddr,
        status,
        ..
    } = process
        .read_exact_memory(base + page_size(), &mut buffer)
        .unwrap_err();
    assert_eq!(
        (transferred, vaddr, status),
        (2 * page_size(), base + 3 * page_size(), Status::NoMemory)
    );
    assert!(buffer[..transferred] == expected[page_size()..]);
}

pub(crate) fn read_exact_splits_more_than_64_mib() {
    let mut debuggee = Debuggee::start();
    let len = MAX_READ_LEN + 3 * page_size();
    let base = debuggee.lay_out_large(len);
    let process = debuggee.process();
    process.write_all_memory(base + len - 5, b"at it").unwrap();
    let mut buffer = vec![CANARY; len];
    process.read_exact_memory(base, &mut buffer).unwrap();
    assert_eq!(&buffer[len - 6..], b"\0at it");
}

pub(crate) fn uninitialized_buffer_is_split_at_count() {
    let (_debuggee, process, base) = numbered_pages(&[Page::ReadWrite]);
    let mut buffer = vec![MaybeUninit::uninit(); 100];
    let (read, rest) = process
        .read_memory_uninit(base + page_size() - 30, &mut buffer)
        .unwrap();
    assert_eq!((&*read, rest.len()), (&[1; 30][..], 70));
    let refused = process.read_memory_uninit(base, &mut []);
    assert_eq!(refused.unwrap_err(), Status::InvalidArgs);
}

pub(crate) fn lengths_zero_and_above_64_mib_are_invalid_args() {
    let (_debuggee, process, base) = numbered_pages(&[Page::ReadWrite]);
    assert_eq!(process.read_memory(base, &mut []), Err(Status::InvalidArgs));
    let mut buffer = vec![0; MAX_READ_LEN + 1];
    let refused = process.read_memory(base, &mut buffer);
    assert_eq!(refused, Err(Status::InvalidArgs));
    assert_eq!(process.read_exact_memory(0, &mut []), Ok(()));
}

pub(crate) fn read_requires_read_and_write_rights() {
    let (_debuggee, process, base) = numbered_pages(&[Page::ReadWrite]);
    let denied = Err(Status::AccessDenied);
    for rights in [Rights::READ, Rights::WRITE, Rights::all() & !Rights::READ] {
        let rights = rights & process.rights().unwrap();
        let weak = process.duplicate(rights).unwrap();
        assert_eq!(weak.read_memory(base, &mut [0]), denied, "{rights:?}");
    }
    let sufficient = process.duplicate(Rights::READ_MEMORY).unwrap();
    assert_eq!(sufficient.read_memory(base, &mut [0]), Ok(1));
}

pub(crate) fn reads_of_holes_file_ends_and_ended_processes_fail() {
    let pages = [Page::ReadWrite, Page::Hole, Page::PastFileEnd];
    let (mut debuggee, process, base) = numbered_pages(&pages);
    let read = |vaddr, len: usize| process.read_memory(vaddr, &mut vec![0; len]);
    for len in [1, 2 * page_size()] {
        assert_eq!(read(0, len), Err(Status::NoMemory));
        assert_eq!(read(base + page_size(), len), Err(Status::NoMemory));
        assert_eq!(read(usize::MAX, len), Err(Status::NoMemory));
        assert_eq!(read(1 << 63, len), Err(Status::NoMemory));
        assert_eq!(read(base + 2 * page_size(), len), Err(Status::OutOfRange));
    }
    debuggee.kill_and_wait();
    for len in [1, 2 * page_size()] {
        assert_eq!(read(base, len), Err(Status::BadState));
    }
}

pub(crate) fn vdso_is_read_and_vvar_is_access_denied() {
    let debuggee = Debuggee::start();
    let vdso = debuggee.mapping("[vdso]");
    let mut magic = [0; 4];
    assert_eq!(
        debuggee.process().read_memory(vdso.start, &mut magic),
        Ok(4)
    );
    assert_eq!(magic, *b"\x7fELF");
    let vvar = debuggee.mapping("[vvar]");
    let refused = debuggee.process().read_memory(vvar.start, &mut magic);
    assert_eq!(refused, Err(Status::AccessDenied));
}

pub(crate) fn null_buffer_and_null_actual_are_invalid_args() {
    let (_debuggee, process, base) = numbered_pages(&[Page::ReadWrite]);
    let (mut byte, mut actual, null) = (CANARY, 0x5eed, std::ptr::null_mut());
    let handle = process.as_raw();
    // SAFETY: the call rejects a null buffer, and `actual` is valid for a write.
    let raw = unsafe { sys::zx_process_read_memory(handle, base, null, 1, &raw mut actual) };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    assert_eq!(actual, 0x5eed);
    // SAFETY: `byte` is valid for a write of 1 byte, and the Linux backend rejects a null `actual`.
    let raw = unsafe {
        sys::zx_process_read_memory(handle, base, &raw mut byte, 1, std::ptr::null_mut())
    };
    assert_eq!(Status::ok(raw), Err(Status::InvalidArgs));
    assert_eq!(byte, 1);
}

pub(crate) fn integers_round_trip_in_both_byte_orders() {
    let (_debuggee, process, base) = numbered_pages(&[Page::ReadWrite, Page::ReadOnly]);
    macro_rules! round_trip {
        ($($integer:ident)*) => {$(
            // Unaligned, and across the end of a mapping if it has more than one byte.
            let vaddr = base + page_size() - 1;
            for value in [$integer::MIN, $integer::MAX, 1, 0x5a] {
                process.write_le(vaddr, value).unwrap();
                assert_eq!(process.read_le(vaddr), Ok(value));
                assert_eq!(process.read_be(vaddr), Ok(value.swap_bytes()));
                process.write_be(vaddr, value).unwrap();
                assert_eq!(process.read_be(vaddr), Ok(value));
                assert_eq!(process.read_le(vaddr), Ok(value.swap_bytes()));
            }
        )*};
    }
    round_trip!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
    process.write_le(base, 0x0102_0304u32).unwrap();
    let mut bytes = [0; 5];
    process.read_exact_memory(base, &mut bytes).unwrap();
    assert_eq!(bytes, [4, 3, 2, 1, 1]);

    let error = process
        .read_le::<u64>(base + 2 * page_size() - 3)
        .unwrap_err();
    assert_eq!(
        (error.transferred, error.vaddr),
        (3, base + 2 * page_size())
    );
}

/// Reads of any range that starts anywhere return the written bytes, up to the first hole.
pub(crate) fn read_exact_matches_model() {
    let pages = [Page::ReadWrite, Page::ReadOnly, Page::Hole, Page::Shared];
    let (_debuggee, process, base) = numbered_pages(&pages);
    let model = |at: usize| [Some(1u8), Some(2), None, Some(4)][at / page_size()];
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let end = pages.len() * page_size();
    let ranges = (0..end).prop_flat_map(|from| (Just(from), from..end));
    runner
        .run(&ranges, |(from, to)| {
            let expected: Vec<u8> = (from..to).map_while(model).collect();
            let mut buffer = vec![CANARY; to - from];
            let outcome = process.read_exact_memory(base + from, &mut buffer);
            let transferred = outcome.err().map_or(to - from, |error| error.transferred);
            prop_assert_eq!(transferred, expected.len());
            prop_assert!(buffer[..transferred] == expected);
            Ok(())
        })
        .unwrap();
}

pub(crate) fn rest_of_the_buffer_after_a_short_read_is_unchanged() {
    // Sizes below and above the one from which the backend reads in another way.
    for in_file in [page_size(), 64 << 10] {
        let file = tempfile::tempfile().unwrap();
        file.set_len(in_file as u64).unwrap();
        let len = 2 * in_file;
        let (anywhere, fd) = (std::ptr::null_mut(), file.as_raw_fd());
        // SAFETY: the kernel chooses the address, so no memory in use is replaced.
        let mapped = unsafe { libc::mmap(anywhere, len, libc::PROT_READ, libc::MAP_SHARED, fd, 0) };
        assert_ne!(mapped, libc::MAP_FAILED);
        // SAFETY: nothing is written.
        let own = unsafe { Process::current() }.unwrap();
        let mut buffer = vec![CANARY; len];
        assert_eq!(own.read_memory(mapped.addr(), &mut buffer), Ok(in_file));
        assert!(buffer[..in_file].iter().all(|byte| *byte == 0));
        // The backend can behave like a kernel that writes zeros to the first byte of each 4 KiB and to
        // the last byte.
        let rest = buffer[in_file..len - 1].chunks(4096);
        let mut unchanged = rest.flat_map(|page| &page[1..]);
        assert!(
            unchanged.all(|byte| *byte == CANARY),
            "{in_file} bytes in the file"
        );
        // SAFETY: this unmaps the memory that this function has mapped.
        assert_eq!(unsafe { libc::munmap(mapped, len) }, 0);
    }
}
