//! Where memory ends, or cannot be written. Linux refuses to write shared read-only
//! mappings, so a write that crosses into one stops half-way.

use super::debuggee::Debuggee;
use log::{LevelFilter, Log, Metadata, Record};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::cell::Cell;
use std::ffi::c_void;
use zx_debug_memory::BreakInstruction::{Arm64Brk, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, OnDrop, Removal};
use zx_process_memory::{Process, Status};

const PAGE: usize = 4096;

/// Two pages of this process, full of 7s, and behind them a hole. One that is shared is a
/// mapping of its own.
struct Pages(usize);

impl Pages {
    fn new(flags: [MapFlags; 2]) -> Self {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let (anywhere, private) = (std::ptr::null_mut(), MapFlags::PRIVATE);
        // SAFETY: new memory, of which nothing else knows.
        let base = unsafe { mmap_anonymous(anywhere, 3 * PAGE, protection, private) };
        let base = base.unwrap().addr();
        for (at, flags) in [base, base + PAGE].into_iter().zip(flags) {
            let (at, flags) = (at as *mut c_void, flags | MapFlags::FIXED);
            // SAFETY: a part of what was just mapped.
            unsafe { mmap_anonymous(at, PAGE, protection, flags) }.unwrap();
        }
        // SAFETY: as above.
        unsafe { munmap((base + 2 * PAGE) as *mut c_void, PAGE) }.unwrap();
        // SAFETY: both pages are mapped and can be written.
        unsafe { (base as *mut u8).write_bytes(7, 2 * PAGE) };
        Self(base)
    }

    fn first(&self) -> usize {
        self.0
    }

    fn second(&self) -> usize {
        self.0 + PAGE
    }

    fn end(&self) -> usize {
        self.0 + 2 * PAGE
    }

    /// Four bytes, two on each side of the edge.
    fn around_the_edge(&self) -> [u8; 4] {
        // SAFETY: both pages are mapped and readable. What a system call wrote there is
        // seen, since the read is volatile.
        unsafe { ((self.second() - 2) as *const [u8; 4]).read_volatile() }
    }
}

/// From here on nobody writes this page, if it is shared.
fn lock(page: usize) {
    protect(page, MprotectFlags::READ);
}

fn unlock(page: usize) {
    protect(page, MprotectFlags::READ | MprotectFlags::WRITE);
}

fn protect(page: usize, flags: MprotectFlags) {
    // SAFETY: one of `Pages`, into which nothing in this program holds a reference.
    unsafe { mprotect(page as *mut c_void, PAGE, flags) }.unwrap();
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: it was mapped by `new`, and nothing else knows of it.
        unsafe { munmap(self.0 as *mut c_void, 2 * PAGE) }.unwrap();
    }
}

fn breakpoints() -> Breakpoints<Process> {
    // SAFETY: only `Pages` are written, to which Rust has no references.
    let own = unsafe { Process::current() }.unwrap();
    Breakpoints::new(own, OnDrop::Remove)
}

const EBREAK: [u8; 4] = [0x73, 0x00, 0x10, 0x00];

pub(crate) fn an_instruction_across_two_mappings_is_inserted_and_removed() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
    assert_eq!(pages.around_the_edge(), EBREAK);
    let mut seen = [0; 4];
    // One call ends at the edge, within the instruction.
    assert_eq!(breakpoints.read_memory(vaddr, &mut seen), Ok(2));
    assert_eq!(seen[..2], [7, 7]);
    breakpoints.write_all_memory(vaddr + 1, &[8, 9]).unwrap();
    assert_eq!(pages.around_the_edge(), EBREAK);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.around_the_edge(), [7, 8, 9, 7]);
}

pub(crate) fn an_instruction_across_two_mappings_stands_as_a_whole_or_not() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
    // By the program, in the second page. What is written into the first goes to memory then.
    let written = breakpoints.process().write_memory(pages.second(), &[9]);
    assert_eq!(written, Ok(1));
    breakpoints.write_all_memory(vaddr, &[8]).unwrap();
    assert_eq!(pages.around_the_edge(), [8, 0x00, 9, 0x00]);
    let mut seen = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut seen).unwrap();
    assert_eq!(seen, [8, 0x00, 9, 0x00]);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Overwritten));
}

pub(crate) fn a_write_that_stops_half_way_is_taken_back() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    lock(pages.second());
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    let error = breakpoints.insert(vaddr, Riscv64Ebreak).unwrap_err();
    let BreakpointError::Write { stopped, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (stopped.transferred, stopped.status),
        (2, Status::AccessDenied)
    );
    assert_eq!(pages.around_the_edge(), [7; 4]);
    assert_eq!(breakpoints.iter().count(), 0);
    // Nothing was in the way of another attempt.
    unlock(pages.second());
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
}

pub(crate) fn a_removal_that_stops_half_way_keeps_the_breakpoint() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
    lock(pages.second());
    let error = breakpoints.remove(vaddr).unwrap_err();
    assert!(matches!(error, BreakpointError::Write { .. }), "{error}");
    assert_eq!(pages.around_the_edge(), EBREAK);
    assert_eq!(breakpoints.remove_all(), Err(error));
    let mut seen = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut seen).unwrap();
    assert_eq!(seen, [7; 4]);

    unlock(pages.second());
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.around_the_edge(), [7; 4]);
}

/// Locks a page as soon as a write fails, which the crate tells its logger before it returns:
/// so a write that worked once does not work again.
struct LockOnFailure;

thread_local! {
    /// The page, or 0. Told on the thread that writes, so other tests have nothing to do with it.
    static TO_LOCK: Cell<usize> = const { Cell::new(0) };
}

impl Log for LockOnFailure {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        if line.starts_with("zx_process_write_memory(") {
            match TO_LOCK.take() {
                0 => {}
                page => lock(page),
            }
        }
    }

    fn flush(&self) {}
}

/// Pages of which the first is locked once a write to the second has failed.
fn pages_that_lock() -> Pages {
    let pages = Pages::new([MapFlags::SHARED; 2]);
    // Whoever was the first set the same one.
    let _ = log::set_logger(&LockOnFailure);
    log::set_max_level(LevelFilter::Debug);
    pages
}

pub(crate) fn a_write_that_cannot_be_taken_back_is_told_and_mended() {
    let pages = pages_that_lock();
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    lock(pages.second());
    TO_LOCK.set(pages.first());
    let error = breakpoints.insert(vaddr, Riscv64Ebreak).unwrap_err();
    let BreakpointError::RollbackFailed { stopped, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (stopped.transferred, stopped.status),
        (2, Status::AccessDenied)
    );
    assert_eq!(
        (error.vaddr(), error.status()),
        (vaddr, Some(Status::AccessDenied))
    );
    assert_eq!(pages.around_the_edge(), [0x73, 0x00, 7, 7]);

    // It is known, is not shown, and what is written over it is not lost.
    assert!(breakpoints.iter().eq([(vaddr, Riscv64Ebreak)]));
    assert!(!breakpoints.is_intact(vaddr));
    let mut seen = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut seen).unwrap();
    assert_eq!(seen, [7; 4]);
    breakpoints.write_all_memory(vaddr + 1, &[8, 9]).unwrap();
    breakpoints.read_exact_memory(vaddr, &mut seen).unwrap();
    assert_eq!(seen, [7, 8, 9, 7]);
    assert_eq!(pages.around_the_edge(), [0x73, 0x00, 7, 7]);

    // Removing it tries again: in vain, and then not.
    let again = breakpoints.remove(vaddr).unwrap_err();
    assert!(
        matches!(again, BreakpointError::RollbackFailed { .. }),
        "{again}"
    );
    unlock(pages.first());
    unlock(pages.second());
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.around_the_edge(), [7, 8, 9, 7]);
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn a_removal_that_cannot_be_taken_back_is_told_and_mended() {
    let pages = pages_that_lock();
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
    lock(pages.second());
    TO_LOCK.set(pages.first());
    let error = breakpoints.remove(vaddr).unwrap_err();
    assert!(
        matches!(error, BreakpointError::RollbackFailed { .. }),
        "{error}"
    );
    assert_eq!(pages.around_the_edge(), [7, 7, 0x10, 0x00]);
    let mut seen = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut seen).unwrap();
    assert_eq!(seen, [7; 4]);

    unlock(pages.first());
    unlock(pages.second());
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.around_the_edge(), [7; 4]);
}

pub(crate) fn an_instruction_over_the_end_leaves_nothing() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    let error = breakpoints
        .insert(pages.end() - 2, Riscv64Ebreak)
        .unwrap_err();
    let BreakpointError::Read { stopped, .. } = error else {
        panic!("{error}");
    };
    assert_eq!((stopped.transferred, stopped.status), (2, Status::NoMemory));
    let mut seen = [0; 2];
    breakpoints
        .read_exact_memory(pages.end() - 2, &mut seen)
        .unwrap();
    assert_eq!(seen, [7, 7]);
}

pub(crate) fn a_write_over_a_breakpoint_stops_where_memory_ends() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    let at = pages.end() - 4;
    breakpoints.insert(at + 1, X86Int3).unwrap();
    let stopped = breakpoints
        .write_all_memory(at, &[1, 2, 3, 4, 5])
        .unwrap_err();
    assert_eq!((stopped.transferred, stopped.vaddr), (4, pages.end()));
    let mut seen = [0; 4];
    breakpoints.read_exact_memory(at, &mut seen).unwrap();
    assert_eq!(seen, [1, 2, 3, 4]);
    breakpoints
        .process()
        .read_exact_memory(at, &mut seen)
        .unwrap();
    assert_eq!(seen, [1, 0xcc, 3, 4]);

    let wrapped = breakpoints
        .write_all_memory(usize::MAX, &[0; 2])
        .unwrap_err();
    assert_eq!(
        (wrapped.transferred, wrapped.status),
        (0, Status::OutOfRange)
    );
}

pub(crate) fn a_read_stops_where_memory_ends_and_hides_what_it_has() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    breakpoints.insert(pages.end() - 4, Arm64Brk).unwrap();
    let mut seen = [0; 8];
    let stopped = breakpoints
        .read_exact_memory(pages.end() - 3, &mut seen)
        .unwrap_err();
    assert_eq!((stopped.transferred, stopped.vaddr), (3, pages.end()));
    assert_eq!(seen[..3], [7; 3]);
}

pub(crate) fn what_was_unmapped_is_gone() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.end() - 4;
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    drop(pages);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Unmapped));
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn half_an_instruction_is_removed_where_the_rest_is_gone() {
    for first_is_gone in [false, true] {
        let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
        let mut breakpoints = breakpoints();
        let vaddr = pages.second() - 2;
        breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
        let (gone, left) = if first_is_gone {
            (pages.first(), pages.second())
        } else {
            (pages.second(), pages.second() - 2)
        };
        // SAFETY: a page of these, to which nothing has references.
        unsafe { munmap(gone as *mut c_void, PAGE) }.unwrap();

        let mut seen = [0; 2];
        breakpoints.read_exact_memory(left, &mut seen).unwrap();
        assert_eq!(seen, [7, 7]);
        breakpoints.write_all_memory(left, &[8]).unwrap();
        let stopped =
            breakpoints.write_all_memory(if first_is_gone { vaddr } else { left }, &[8; 4]);
        let done = if first_is_gone { 0 } else { 2 };
        assert_eq!(stopped.unwrap_err().transferred, done);
        assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
        breakpoints
            .process()
            .read_exact_memory(left, &mut seen)
            .unwrap();
        assert_eq!(seen, if first_is_gone { [8, 7] } else { [8, 8] });
        // What is left of the two; the other's place may be somebody's by now.
        let left = if first_is_gone {
            pages.second()
        } else {
            pages.first()
        };
        std::mem::forget(pages);
        // SAFETY: mapped by `new`, and nothing else knows of it.
        unsafe { munmap(left as *mut c_void, PAGE) }.unwrap();
    }
}

pub(crate) fn a_process_that_is_gone_has_no_breakpoints() {
    let debuggee = Debuggee::start();
    let (vaddr, process) = (debuggee.vaddr, debuggee.process());
    let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    debuggee.ends();
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Unmapped));
    let error = breakpoints.insert(vaddr + 4, X86Int3).unwrap_err();
    assert_eq!(
        (error.vaddr(), error.status()),
        (vaddr + 4, Some(Status::BadState))
    );
    assert!(error.to_string().contains("ZX_ERR_BAD_STATE"), "{error}");
}
