//! `MemoryCursor`: `io::Read`, `io::Write` and `io::Seek` on a process's memory.

use super::debuggee::{Debuggee, Page, page_size};
use std::error::Error;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use zx_process_memory::{MAX_READ_LEN, MemoryCursor, ProcessRef, Status, TransferError};

/// The error of this library that the `io::Error` contains.
fn cause<T: Error + Copy + 'static>(error: &io::Error) -> Option<T> {
    error.get_ref()?.downcast_ref().copied()
}

pub(crate) fn written_text_is_read_back() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::ReadOnly]);
    let mut cursor = MemoryCursor::new(debuggee.process(), base + page_size() - 6);
    // The text crosses the end of a mapping, and one call does not.
    assert_eq!(cursor.write(b"first and second").unwrap(), 6);
    cursor.seek(SeekFrom::Current(-6)).unwrap();
    cursor.write_all(b"first and second").unwrap();
    write!(cursor, ", {}rd", 3).unwrap();
    cursor.flush().unwrap();
    assert_eq!(
        cursor.stream_position().unwrap(),
        (base + page_size() + 15) as u64
    );

    cursor
        .seek(SeekFrom::Start((base + page_size() - 6) as u64))
        .unwrap();
    let mut short = [0; 9];
    assert_eq!(cursor.read(&mut short).unwrap(), 6);
    assert_eq!(&short[..6], b"first ");
    let mut text = String::new();
    Read::by_ref(&mut cursor)
        .take(15)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "and second, 3rd");
    assert_eq!(cursor.vaddr(), base + page_size() + 15);
}

pub(crate) fn errors_contain_status_and_progress() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite, Page::Hole]);
    let mut cursor = MemoryCursor::new(debuggee.process(), base + page_size() - 3);

    let error = cursor.read_exact(&mut [0; 8]).unwrap_err();
    let partial: TransferError = cause(&error).unwrap();
    assert_eq!((partial.transferred, partial.status), (3, Status::NoMemory));
    assert_eq!(cursor.vaddr(), base + page_size());
    assert_eq!(
        cause(&cursor.read(&mut [0; 8]).unwrap_err()),
        Some(Status::NoMemory)
    );
    assert_eq!(
        cause(&cursor.write(&[0; 8]).unwrap_err()),
        Some(Status::NoMemory)
    );
    assert_eq!(cursor.vaddr(), base + page_size());

    cursor.seek(SeekFrom::Current(-2)).unwrap();
    let error = cursor.write_all(&[7; 8]).unwrap_err();
    assert_eq!(
        cause(&error).map(|partial: TransferError| partial.transferred),
        Some(2)
    );
    assert_eq!(
        debuggee.sees(base + page_size() - 3..base + page_size()),
        [0, 7, 7]
    );

    debuggee.kill_and_wait();
    cursor.seek(SeekFrom::Start(base as u64)).unwrap();
    assert_eq!(
        cause(&cursor.read(&mut [0]).unwrap_err()),
        Some(Status::BadState)
    );
}

pub(crate) fn empty_buffers_make_no_call() {
    let debuggee = Debuggee::start();
    let mut cursor = MemoryCursor::new(debuggee.process(), 0);
    assert_eq!(cursor.read(&mut []).unwrap(), 0);
    assert_eq!(cursor.write(&[]).unwrap(), 0);
    cursor.read_exact(&mut []).unwrap();
    cursor.write_all(&[]).unwrap();
}

pub(crate) fn seek_outside_address_space_is_invalid_input() {
    let debuggee = Debuggee::start();
    let mut cursor = MemoryCursor::new(debuggee.process(), 0x1000);
    let error = cursor.seek(SeekFrom::Current(-0x1001)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("0x1000"), "{error}");
    assert_eq!(
        cursor.seek(SeekFrom::End(0)).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    assert_eq!(cursor.vaddr(), 0x1000);

    assert_eq!(cursor.seek(SeekFrom::Start(u64::MAX)).unwrap(), u64::MAX);
    assert_eq!(
        cursor.seek(SeekFrom::Current(1)).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    // The cursor cannot advance past the last address.
    assert_eq!(
        cause(&cursor.read(&mut [0]).unwrap_err()),
        Some(Status::OutOfRange)
    );
    assert_eq!(
        cause(&cursor.write(&[0]).unwrap_err()),
        Some(Status::OutOfRange)
    );
    assert_eq!(
        cursor.read_exact(&mut [0; 2]).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(cursor.vaddr(), usize::MAX);
}

pub(crate) fn read_above_64_mib_is_short() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out_large(MAX_READ_LEN + page_size());
    let mut cursor = MemoryCursor::new(debuggee.process(), base);
    let mut buffer = vec![0; MAX_READ_LEN + page_size()];
    assert_eq!(cursor.read(&mut buffer).unwrap(), MAX_READ_LEN);
    assert_eq!(cursor.read(&mut buffer).unwrap(), page_size());
}

pub(crate) fn cursor_accepts_reference_arc_and_process_ref() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let process = Arc::new(debuggee.process());
    MemoryCursor::new(&*process, base).write_all(&[1]).unwrap();
    MemoryCursor::new(Arc::clone(&process), base + 1)
        .write_all(&[2])
        .unwrap();
    // SAFETY: `process` keeps the handle open, and it names another process than this one.
    let borrowed = unsafe { ProcessRef::borrow_raw(process.as_raw()) }.unwrap();
    MemoryCursor::new(borrowed, base + 2)
        .write_all(&[3])
        .unwrap();
    assert_eq!(debuggee.sees(base..base + 4), [1, 2, 3, 0]);
}
