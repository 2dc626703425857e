//! Threads that write and read a target with many lengths while something happens to it.

use super::debuggee::page_size;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use zx_process_memory::{MAX_WRITE_LEN, Process, Status, sys::zx_vaddr_t};

/// The byte that the threads write. Memory that they have not written is 0.
pub(crate) const TAG: u8 = 0xa5;

/// The byte in the memory of another process or program, which no call may return.
pub(crate) const OTHER: u8 = 0x3c;

fn lengths() -> [usize; 12] {
    let page = page_size();
    [
        1,
        2,
        8,
        63,
        page - 1,
        page,
        page + 1,
        3 * page,
        1 << 16,
        1 << 20,
        (8 << 20) - 1,
        MAX_WRITE_LEN,
    ]
}

/// Reads are compared in chunks of this size.
const CHUNK: usize = 4096;

const WRITERS: usize = 4;
const READERS: usize = 2;

/// Concurrent calls on one mapping of a target.
pub(crate) struct ConcurrentCalls<'a> {
    process: &'a Process,
    mapping: Range<zx_vaddr_t>,
    started: AtomicUsize,
    is_over: AtomicBool,
    results: Mutex<Results>,
}

/// The distinct results of the calls.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) writes: Vec<CallResult>,
    pub(crate) reads: Vec<CallResult>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallResult {
    /// The call reached the end of the buffer or of the mapping.
    Complete,
    Partial,
    Failed(Status),
}

impl<'a> ConcurrentCalls<'a> {
    pub(crate) fn new(process: &'a Process, mapping: Range<zx_vaddr_t>) -> Self {
        Self {
            process,
            mapping,
            started: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            results: Mutex::default(),
        }
    }

    /// Runs `event` while all threads make calls. After the event each thread makes a few more
    /// calls. All calls have returned when this returns.
    pub(crate) fn run_during(self, event: impl FnOnce(&Self)) -> Results {
        let bytes = vec![TAG; MAX_WRITE_LEN];
        thread::scope(|scope| {
            for number in 0..WRITERS + READERS {
                let (calls, bytes) = (&self, &bytes);
                scope.spawn(move || {
                    // Without this the main thread would wait forever for calls of a thread that
                    // panicked.
                    let _guard = StopOnPanic(&calls.is_over);
                    if number < WRITERS {
                        calls.repeat(number, |vaddr, len| calls.write(vaddr, &bytes[..len]));
                    } else {
                        let mut buffer = vec![0; MAX_WRITE_LEN];
                        calls.repeat(number, |vaddr, len| calls.read(vaddr, &mut buffer[..len]));
                    }
                });
            }
            // Without this the threads would run forever if the event panics.
            let _guard = StopOnPanic(&self.is_over);
            self.wait_for_calls(WRITERS + READERS);
            event(&self);
            self.is_over.store(true, Ordering::Release);
        });
        self.results.into_inner().unwrap()
    }

    /// Waits until this many more calls have started.
    pub(crate) fn wait_for_calls(&self, count: usize) {
        let total = self.started.load(Ordering::Relaxed) + count;
        wait_until(&self.is_over, || {
            self.started.load(Ordering::Relaxed) >= total
        });
    }

    /// Whether a write has had this result so far.
    pub(crate) fn has_write_result(&self, result: CallResult) -> bool {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.writes.contains(&result)
    }

    fn repeat(&self, number: usize, mut call: impl FnMut(zx_vaddr_t, usize)) {
        let mut calls_after_event = 0;
        for turn in number.. {
            calls_after_event += usize::from(self.is_over.load(Ordering::Acquire));
            if calls_after_event > lengths().len() {
                return;
            }
            // Every second call starts at the start of the mapping, the others somewhere in it.
            let scattered = turn.wrapping_mul(0x9e37_79b9) % self.mapping.len();
            let offset = if turn % 2 == 0 { 0 } else { scattered };
            self.started.fetch_add(1, Ordering::Relaxed);
            // Two calls in a row have the same length: one at the start, one not.
            call(
                self.mapping.start + offset,
                lengths()[turn / 2 % lengths().len()],
            );
        }
    }

    fn write(&self, vaddr: zx_vaddr_t, bytes: &[u8]) {
        let count = self.process.write_memory(vaddr, bytes);
        let result = self.result(vaddr, bytes.len(), count);
        self.record(|results| &mut results.writes, result);
    }

    fn read(&self, vaddr: zx_vaddr_t, buffer: &mut [u8]) {
        let count = self.process.read_memory(vaddr, buffer);
        // Also after an error: a buffer never has bytes of another process.
        for chunk in buffer[..count.unwrap_or(buffer.len())].chunks(CHUNK) {
            // The comparison of whole slices is fast, and most chunks are uniform.
            let len = chunk.len();
            let is_uniform = chunk == &[TAG; CHUNK][..len] || chunk == &[0; CHUNK][..len];
            let is_valid = is_uniform || chunk.iter().all(|byte| [0, TAG].contains(byte));
            assert!(is_valid, "a read returned bytes that no thread wrote");
        }
        let result = self.result(vaddr, buffer.len(), count);
        self.record(|results| &mut results.reads, result);
    }

    fn result(&self, vaddr: zx_vaddr_t, len: usize, count: Result<usize, Status>) -> CallResult {
        let complete = len.min(self.mapping.end - vaddr);
        match count {
            Ok(count) if count == complete => CallResult::Complete,
            Ok(count) => {
                assert!(
                    (1..complete).contains(&count),
                    "{count} of {complete} bytes"
                );
                CallResult::Partial
            }
            Err(status) => CallResult::Failed(status),
        }
    }

    fn record(&self, list: impl Fn(&mut Results) -> &mut Vec<CallResult>, result: CallResult) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let list = list(&mut results);
        if !list.contains(&result) {
            list.push(result);
        }
    }
}

impl Results {
    /// Asserts that the calls had no other results than these.
    pub(crate) fn assert_only(&self, of_writes: &[CallResult], of_reads: &[CallResult]) {
        let is_allowed = |result| of_writes.contains(result);
        assert!(self.writes.iter().all(is_allowed), "{self:?}");
        let is_allowed = |result| of_reads.contains(result);
        assert!(self.reads.iter().all(is_allowed), "{self:?}");
    }
}

/// Asserts that a write and a read of each length fail with this status.
pub(crate) fn assert_calls_fail(process: &Process, vaddr: zx_vaddr_t, expected: Status) {
    let mut bytes = vec![TAG; MAX_WRITE_LEN];
    for len in lengths() {
        let written = process.write_memory(vaddr, &bytes[..len]);
        assert_eq!(written, Err(expected), "write of {len} bytes");
        let read = process.read_memory(vaddr, &mut bytes[..len]);
        assert_eq!(read, Err(expected), "read of {len} bytes");
    }
}

/// Waits until the condition is true, or until `is_over`.
pub(crate) fn wait_until(is_over: &AtomicBool, condition: impl Fn() -> bool) {
    while !condition() && !is_over.load(Ordering::Relaxed) {
        // Sleeps, since the other threads need the processor.
        thread::sleep(Duration::from_micros(50));
    }
}

/// Sets the flag if its thread panics, so that no other thread waits for that thread.
pub(crate) struct StopOnPanic<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}
