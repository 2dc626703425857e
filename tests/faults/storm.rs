//! Many threads that write and read in all sizes while something happens to their target.

use super::debuggee::PAGE;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use zx_process_memory::{MAX_WRITE_LEN, Process, Status, sys::zx_vaddr_t};

/// What is written; memory that was not written yet is 0.
pub(crate) const TAG: u8 = 0xa5;

const SIZES: [usize; 12] = [
    1,
    2,
    8,
    63,
    PAGE - 1,
    PAGE,
    PAGE + 1,
    3 * PAGE,
    1 << 16,
    1 << 20,
    (8 << 20) - 1,
    MAX_WRITE_LEN,
];

const WRITERS: usize = 4;
const READERS: usize = 2;

/// A target and one mapping in it, outside of which nobody writes.
pub(crate) struct Storm<'a> {
    process: &'a Process,
    region: Range<zx_vaddr_t>,
    begun: AtomicUsize,
    is_over: AtomicBool,
    seen: Mutex<Seen>,
}

/// The answers, each once.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) writes: Vec<Answer>,
    pub(crate) reads: Vec<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// To the end of the bytes or of the mapping.
    Whole,
    Short,
    Refused(Status),
}

impl<'a> Storm<'a> {
    pub(crate) fn new(process: &'a Process, region: Range<zx_vaddr_t>) -> Self {
        Self {
            process,
            region,
            begun: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
            seen: Mutex::default(),
        }
    }

    /// Runs `event` while all threads are at it. They go on until each has made a call of
    /// every size after the event. None is under way any more when this returns.
    pub(crate) fn around(self, event: impl FnOnce(&Self)) -> Seen {
        let bytes = vec![TAG; MAX_WRITE_LEN];
        thread::scope(|scope| {
            for number in 0..WRITERS + READERS {
                let (storm, bytes) = (&self, &bytes);
                scope.spawn(move || {
                    // Nobody waits for the calls of a thread that panicked.
                    let _over = OnPanic(&storm.is_over);
                    if number < WRITERS {
                        storm.rounds(number, |at, len| storm.write(at, &bytes[..len]));
                    } else {
                        let mut buffer = vec![0; MAX_WRITE_LEN];
                        storm.rounds(number, |at, len| storm.read(at, &mut buffer[..len]));
                    }
                });
            }
            // So that they stop even if the event panics.
            let _over = OnPanic(&self.is_over);
            self.wait_for_calls(WRITERS + READERS);
            event(&self);
            self.is_over.store(true, Ordering::Release);
        });
        self.seen.into_inner().unwrap()
    }

    /// Returns when as many more calls have begun.
    pub(crate) fn wait_for_calls(&self, count: usize) {
        let enough = self.begun.load(Ordering::Relaxed) + count;
        wait_until(&self.is_over, || {
            self.begun.load(Ordering::Relaxed) >= enough
        });
    }

    /// What the writers and readers have been told up to now.
    pub(crate) fn has_seen(&self, told: impl Fn(&Seen) -> bool) -> bool {
        told(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn rounds(&self, number: usize, mut call: impl FnMut(zx_vaddr_t, usize)) {
        let mut last_round = 0;
        for turn in number.. {
            last_round += usize::from(self.is_over.load(Ordering::Acquire));
            if last_round > SIZES.len() {
                return;
            }
            // Every other call begins with the mapping, the rest anywhere.
            let anywhere = turn.wrapping_mul(0x9e37_79b9) % self.region.len();
            let offset = if turn % 2 == 0 { 0 } else { anywhere };
            self.begun.fetch_add(1, Ordering::Relaxed);
            // Twice each, for both places.
            call(self.region.start + offset, SIZES[turn / 2 % SIZES.len()]);
        }
    }

    fn write(&self, at: zx_vaddr_t, bytes: &[u8]) {
        let answer = self.answer(at, bytes.len(), self.process.write_memory(at, bytes));
        self.note(|seen| &mut seen.writes, answer);
    }

    fn read(&self, at: zx_vaddr_t, buffer: &mut [u8]) {
        let count = self.process.read_memory(at, buffer);
        for page in buffer[..count.unwrap_or(0)].chunks(PAGE) {
            // Whole pages first, for there are many.
            let len = page.len();
            let is_plain = page == &[TAG; PAGE][..len] || page == &[0; PAGE][..len];
            let is_known = is_plain || page.iter().all(|byte| [0, TAG].contains(byte));
            assert!(is_known, "bytes that nobody wrote");
        }
        let answer = self.answer(at, buffer.len(), count);
        self.note(|seen| &mut seen.reads, answer);
    }

    fn answer(&self, at: zx_vaddr_t, len: usize, count: Result<usize, Status>) -> Answer {
        let whole = len.min(self.region.end - at);
        match count {
            Ok(count) if count == whole => Answer::Whole,
            Ok(count) => {
                assert!((1..whole).contains(&count), "{count} of {whole} bytes");
                Answer::Short
            }
            Err(status) => Answer::Refused(status),
        }
    }

    fn note(&self, of: impl Fn(&mut Seen) -> &mut Vec<Answer>, answer: Answer) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = of(&mut seen);
        if !seen.contains(&answer) {
            seen.push(answer);
        }
    }
}

impl Seen {
    /// That each answer to a write and to a read is one of these.
    pub(crate) fn assert_only(&self, to_writes: &[Answer], to_reads: &[Answer]) {
        let is_allowed = |answer| to_writes.contains(answer);
        assert!(self.writes.iter().all(is_allowed), "{self:?}");
        let is_allowed = |answer| to_reads.contains(answer);
        assert!(self.reads.iter().all(is_allowed), "{self:?}");
    }
}

/// That each size of call has this answer, when nothing happens any more.
pub(crate) fn assert_all(process: &Process, at: zx_vaddr_t, expected: Status) {
    let mut bytes = vec![TAG; MAX_WRITE_LEN];
    for len in SIZES {
        let written = process.write_memory(at, &bytes[..len]);
        assert_eq!(written, Err(expected), "write of {len} bytes");
        let read = process.read_memory(at, &mut bytes[..len]);
        assert_eq!(read, Err(expected), "read of {len} bytes");
    }
}

/// Lets other threads go on, unless all is over.
pub(crate) fn wait_until(is_over: &AtomicBool, is_so: impl Fn() -> bool) {
    while !is_so() && !is_over.load(Ordering::Relaxed) {
        // Off the processor, which the others need.
        thread::sleep(Duration::from_micros(50));
    }
}

/// Ends it for all threads when one panics, so that none waits for it.
pub(crate) struct OnPanic<'a>(pub(crate) &'a AtomicBool);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}
