//! Breakpoints at the boundaries of mappings, and in memory that cannot be written. The Linux
//! backend refuses to write shared read-only mappings, so a write that crosses into one stops
//! part-way.

use super::debuggee::Debuggee;
use log::{LevelFilter, Log, Metadata, Record};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::cell::{Cell, RefCell};
use std::error::Error;
use std::ffi::c_void;
use zx_debug_memory::BreakInstruction::{Arm64Brk, Riscv64Ebreak, X86Int3};
use zx_debug_memory::{BreakpointError, Breakpoints, OnDrop, Removal};
use zx_process_memory::{Process, Status};

/// The size of a page, in bytes.
fn page_size() -> usize {
    rustix::param::page_size()
}

/// Two mapped pages of this process, filled with 7, before an unmapped page. A shared page is a
/// mapping of its own.
struct Pages(usize);

impl Pages {
    fn new(flags: [MapFlags; 2]) -> Self {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let (anywhere, private) = (std::ptr::null_mut(), MapFlags::PRIVATE);
        // SAFETY: a new mapping at an address that the kernel selects changes no memory in use.
        let base = unsafe { mmap_anonymous(anywhere, 3 * page_size(), protection, private) };
        let base = base.unwrap().addr();
        for (page, flags) in [base, base + page_size()].into_iter().zip(flags) {
            let (page, flags) = (page as *mut c_void, flags | MapFlags::FIXED);
            // SAFETY: the page is a part of the new mapping, which nothing else uses.
            unsafe { mmap_anonymous(page, page_size(), protection, flags) }.unwrap();
        }
        // SAFETY: the third page is a part of the new mapping, which nothing else uses.
        unsafe { munmap((base + 2 * page_size()) as *mut c_void, page_size()) }.unwrap();
        // SAFETY: both pages are mapped and writable, and there are no references to them.
        unsafe { (base as *mut u8).write_bytes(7, 2 * page_size()) };
        Self(base)
    }

    fn first(&self) -> usize {
        self.0
    }

    fn second(&self) -> usize {
        self.0 + page_size()
    }

    fn end(&self) -> usize {
        self.0 + 2 * page_size()
    }

    /// The two bytes before and the two bytes after the boundary of the pages.
    fn bytes_at_boundary(&self) -> [u8; 4] {
        // SAFETY: both pages are mapped and readable, and a byte array needs no alignment. The
        // read is volatile, because system calls change the bytes.
        unsafe { ((self.second() - 2) as *const [u8; 4]).read_volatile() }
    }
}

/// Makes the page read-only. If it is shared, writes by a debugger fail then.
fn lock(page: usize) {
    protect(page, MprotectFlags::READ);
}

fn unlock(page: usize) {
    protect(page, MprotectFlags::READ | MprotectFlags::WRITE);
}

fn protect(page: usize, flags: MprotectFlags) {
    // SAFETY: the page belongs to a `Pages`, to which there are no references.
    unsafe { mprotect(page as *mut c_void, page_size(), flags) }.unwrap();
}

fn unmap(page: usize) {
    // SAFETY: the page belongs to a `Pages`, to which there are no references.
    unsafe { munmap(page as *mut c_void, page_size()) }.unwrap();
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: `new` has mapped the pages, and there are no references to them.
        unsafe { munmap(self.0 as *mut c_void, 2 * page_size()) }.unwrap();
    }
}

fn breakpoints() -> Breakpoints<Process> {
    // SAFETY: only `Pages` are written, to which there are no references.
    let own = unsafe { Process::current() }.unwrap();
    Breakpoints::new(own, OnDrop::Remove)
}

/// The bytes of `Riscv64Ebreak`.
const EBREAK: [u8; 4] = [0x73, 0x00, 0x10, 0x00];

pub(crate) fn instruction_may_cross_into_another_mapping() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
    assert_eq!(pages.bytes_at_boundary(), EBREAK);
    let mut buffer = [0; 4];
    // One read ends at the boundary, within the instruction.
    assert_eq!(breakpoints.read_memory(vaddr, &mut buffer), Ok(2));
    assert_eq!(buffer[..2], [7, 7]);
    breakpoints.write_all_memory(vaddr + 1, &[8, 9]).unwrap();
    assert_eq!(pages.bytes_at_boundary(), EBREAK);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.bytes_at_boundary(), [7, 8, 9, 7]);
}

pub(crate) fn instruction_is_overwritten_if_its_second_page_changes() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
    // A direct write overwrites the second page. So the next write to the first goes to memory.
    let written = breakpoints.process().write_memory(pages.second(), &[9]);
    assert_eq!(written, Ok(1));
    breakpoints.write_all_memory(vaddr, &[8]).unwrap();
    assert_eq!(pages.bytes_at_boundary(), [8, 0x00, 9, 0x00]);
    let mut buffer = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [8, 0x00, 9, 0x00]);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Overwritten));
}

pub(crate) fn partial_insert_is_rolled_back() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    lock(pages.second());
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    let error = breakpoints.insert(vaddr, Riscv64Ebreak).unwrap_err();
    let BreakpointError::Write { source, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (source.transferred, source.status),
        (2, Status::AccessDenied)
    );
    assert_eq!(pages.bytes_at_boundary(), [7; 4]);
    assert_eq!(breakpoints.iter().count(), 0);
    unlock(pages.second());
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
}

pub(crate) fn partial_removal_is_rolled_back() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
    lock(pages.second());
    let error = breakpoints.remove(vaddr).unwrap_err();
    assert!(matches!(error, BreakpointError::Write { .. }), "{error}");
    assert_eq!(pages.bytes_at_boundary(), EBREAK);
    assert_eq!(breakpoints.remove_all(), Err(error));
    let mut buffer = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [7; 4]);

    unlock(pages.second());
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.bytes_at_boundary(), [7; 4]);
}

/// A logger that changes mappings before a call returns: it locks a page when a write fails, so that
/// a page that was written cannot be written again, and unmaps a page when a read succeeds.
///
/// It also stores the warnings.
struct MappingChanger;

thread_local! {
    /// The page to lock, or 0. Tests on other threads have their own.
    static TO_LOCK: Cell<usize> = const { Cell::new(0) };
    /// The page to unmap, or 0.
    static TO_UNMAP: Cell<usize> = const { Cell::new(0) };
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Log for MappingChanger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        if record.level() == log::Level::Warn {
            WARNINGS.with_borrow_mut(|warnings| warnings.push(line));
        } else if line.contains("zx_process_write_memory(") {
            match TO_LOCK.take() {
                0 => {}
                page => lock(page),
            }
        } else if record.level() == log::Level::Trace {
            match TO_UNMAP.take() {
                0 => {}
                page => unmap(page),
            }
        }
    }

    fn flush(&self) {}
}

fn set_logger() {
    // It fails if an earlier test has set the same logger.
    let _ = log::set_logger(&MappingChanger);
    log::set_max_level(LevelFilter::Debug);
}

/// Two shared pages, and the logger that locks one of them.
fn lockable_pages() -> Pages {
    set_logger();
    Pages::new([MapFlags::SHARED; 2])
}

pub(crate) fn failed_rollback_of_an_insert_can_be_repaired() {
    let pages = lockable_pages();
    let mut breakpoints = breakpoints();
    let vaddr = pages.second() - 2;
    lock(pages.second());
    TO_LOCK.set(pages.first());
    let error = breakpoints.insert(vaddr, Riscv64Ebreak).unwrap_err();
    let BreakpointError::RollbackFailed {
        source, rollback, ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        (source.transferred, source.vaddr, source.status),
        (2, pages.second(), Status::AccessDenied)
    );
    // The rollback failed at the first page, which is locked by then.
    let rollback = rollback.unwrap();
    assert_eq!(
        (rollback.transferred, rollback.vaddr, rollback.status),
        (0, vaddr, Status::AccessDenied)
    );
    assert_eq!(
        (error.vaddr(), error.status()),
        (vaddr, Some(Status::AccessDenied))
    );
    assert_eq!(pages.bytes_at_boundary(), [0x73, 0x00, 7, 7]);

    // It is inserted, reads return the original bytes, and writes change them.
    assert!(breakpoints.iter().eq([(vaddr, Riscv64Ebreak)]));
    assert!(!breakpoints.is_intact(vaddr));
    let mut buffer = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [7; 4]);
    breakpoints.write_all_memory(vaddr + 1, &[8, 9]).unwrap();
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [7, 8, 9, 7]);
    assert_eq!(pages.bytes_at_boundary(), [0x73, 0x00, 7, 7]);

    // `remove` repairs it as soon as both pages are writable.
    let again = breakpoints.remove(vaddr).unwrap_err();
    assert!(
        matches!(again, BreakpointError::RollbackFailed { .. }),
        "{again}"
    );
    unlock(pages.first());
    unlock(pages.second());
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.bytes_at_boundary(), [7, 8, 9, 7]);
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn failed_rollback_of_a_removal_can_be_repaired() {
    let pages = lockable_pages();
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
    assert_eq!(pages.bytes_at_boundary(), [7, 7, 0x10, 0x00]);
    let mut buffer = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [7; 4]);

    unlock(pages.first());
    unlock(pages.second());
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
    assert_eq!(pages.bytes_at_boundary(), [7; 4]);
}

pub(crate) fn instruction_at_the_end_of_a_mapping_is_a_read_error() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    let error = breakpoints
        .insert(pages.end() - 2, Riscv64Ebreak)
        .unwrap_err();
    let BreakpointError::Read { source, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(source.transferred, 2);
    assert!(source.status.may_mean_unmapped(), "{source:?}");
    let mut buffer = [0; 2];
    breakpoints
        .read_exact_memory(pages.end() - 2, &mut buffer)
        .unwrap();
    assert_eq!(buffer, [7, 7]);
}

pub(crate) fn write_over_a_breakpoint_stops_at_the_end_of_the_mapping() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.end() - 4;
    breakpoints.insert(vaddr + 1, X86Int3).unwrap();
    let error = breakpoints
        .write_all_memory(vaddr, &[1, 2, 3, 4, 5])
        .unwrap_err();
    assert_eq!((error.transferred, error.vaddr), (4, pages.end()));
    let mut buffer = [0; 4];
    breakpoints.read_exact_memory(vaddr, &mut buffer).unwrap();
    assert_eq!(buffer, [1, 2, 3, 4]);
    breakpoints
        .process()
        .read_exact_memory(vaddr, &mut buffer)
        .unwrap();
    assert_eq!(buffer, [1, 0xcc, 3, 4]);
}

pub(crate) fn write_past_the_last_address_is_out_of_range() {
    let error = breakpoints()
        .write_all_memory(usize::MAX, &[0; 2])
        .unwrap_err();
    assert_eq!((error.transferred, error.status), (0, Status::OutOfRange));
}

pub(crate) fn short_read_hides_the_breakpoint() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    breakpoints.insert(pages.end() - 4, Arm64Brk).unwrap();
    let mut buffer = [0; 8];
    let error = breakpoints
        .read_exact_memory(pages.end() - 3, &mut buffer)
        .unwrap_err();
    assert_eq!((error.transferred, error.vaddr), (3, pages.end()));
    assert_eq!(buffer[..3], [7; 3]);
}

pub(crate) fn removal_from_unmapped_memory_is_unmapped() {
    let pages = Pages::new([MapFlags::PRIVATE; 2]);
    let mut breakpoints = breakpoints();
    let vaddr = pages.end() - 4;
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    drop(pages);
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Unmapped));
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn removal_restores_the_page_that_is_still_mapped() {
    for first_is_unmapped in [false, true] {
        let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
        let mut breakpoints = breakpoints();
        let vaddr = pages.second() - 2;
        breakpoints.insert(vaddr, Riscv64Ebreak).unwrap();
        // The addresses of the pages, and of the instruction's two bytes in the mapped one.
        let (unmapped, mapped, half) = if first_is_unmapped {
            (pages.first(), pages.second(), pages.second())
        } else {
            (pages.second(), pages.first(), vaddr)
        };
        unmap(unmapped);

        let mut buffer = [0; 2];
        breakpoints.read_exact_memory(half, &mut buffer).unwrap();
        assert_eq!(buffer, [7, 7]);
        breakpoints.write_all_memory(half, &[8]).unwrap();
        let error = breakpoints.write_all_memory(vaddr, &[8; 4]).unwrap_err();
        let (transferred, expected) = if first_is_unmapped {
            (0, [8, 7])
        } else {
            (2, [8, 8])
        };
        assert_eq!(error.transferred, transferred);
        assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Restored));
        breakpoints
            .process()
            .read_exact_memory(half, &mut buffer)
            .unwrap();
        assert_eq!(buffer, expected);
        // Another thread may have mapped something at the unmapped page, so `Pages` must not
        // unmap it again.
        std::mem::forget(pages);
        unmap(mapped);
    }
}

/// Calls `operation`, with the first page unmapped after the first read.
fn unmapping_the_first_page<T>(pages: Pages, operation: impl FnOnce() -> T) -> T {
    set_logger();
    TO_UNMAP.set(pages.first());
    log::set_max_level(LevelFilter::Trace);
    let result = operation();
    log::set_max_level(LevelFilter::Debug);
    assert_eq!(TO_UNMAP.get(), 0, "no read succeeded");
    // Another thread may have mapped something at the unmapped page, so `Pages` must not unmap it
    // again.
    let mapped = pages.second();
    std::mem::forget(pages);
    unmap(mapped);
    result
}

pub(crate) fn insert_fails_if_the_mapping_disappears_after_the_read() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let (mut breakpoints, vaddr) = (breakpoints(), pages.first());
    let result = unmapping_the_first_page(pages, || breakpoints.insert(vaddr, Arm64Brk));
    let Err(BreakpointError::Write { source, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(source.transferred, 0);
    assert!(source.status.may_mean_unmapped(), "{source:?}");
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn removal_is_unmapped_if_the_mapping_disappears_after_the_comparison() {
    let pages = Pages::new([MapFlags::PRIVATE, MapFlags::SHARED]);
    let (mut breakpoints, vaddr) = (breakpoints(), pages.first());
    breakpoints.insert(vaddr, Arm64Brk).unwrap();
    let result = unmapping_the_first_page(pages, || breakpoints.remove(vaddr));
    assert_eq!(result, Ok(Removal::Unmapped));
    assert_eq!(breakpoints.iter().count(), 0);
}

pub(crate) fn removal_from_an_ended_process_is_unmapped() {
    let debuggee = Debuggee::start();
    let (vaddr, process) = (debuggee.vaddr, debuggee.process());
    let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
    breakpoints.insert(vaddr, X86Int3).unwrap();
    debuggee.end();
    assert_eq!(breakpoints.remove(vaddr), Ok(Removal::Unmapped));
    let error = breakpoints.insert(vaddr + 4, X86Int3).unwrap_err();
    // The status depends on the kernel that the backend behaves like.
    let ended = breakpoints.process().read_memory(vaddr, &mut [0]);
    let ended = ended.unwrap_err();
    assert_eq!((error.vaddr(), error.status()), (vaddr + 4, Some(ended)));
    let chain = chain(&error);
    assert!(chain.ends_with(&ended.to_string()), "{chain}");
}

/// The messages of the error and of all its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |&error| error.source());
    let messages: Vec<_> = errors.map(ToString::to_string).collect();
    messages.join(": ")
}

/// Breakpoints that cannot be removed: one of the two pages is locked.
fn locked_breakpoints(pages: &Pages) -> Breakpoints<Process> {
    let mut breakpoints = breakpoints();
    breakpoints.insert(pages.first(), X86Int3).unwrap();
    breakpoints.insert(pages.second(), X86Int3).unwrap();
    lock(pages.second());
    WARNINGS.take();
    breakpoints
}

/// Checks that one breakpoint was removed, the other was not, and the warning has the address and
/// the cause.
fn check_warning(pages: &Pages) {
    let memory = |vaddr: usize| {
        let mut byte = [0];
        let breakpoints = breakpoints();
        breakpoints.read_exact_memory(vaddr, &mut byte).unwrap();
        byte[0]
    };
    assert_eq!((memory(pages.first()), memory(pages.second())), (7, 0xcc));
    let warnings = WARNINGS.take();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains(&format!("{:#x}", pages.second()))
            && warnings[0].contains(&Status::AccessDenied.to_string()),
        "{warnings:?}"
    );
}

pub(crate) fn drop_logs_breakpoints_that_it_cannot_remove() {
    let pages = lockable_pages();
    drop(locked_breakpoints(&pages));
    check_warning(&pages);
}

pub(crate) fn into_inner_logs_breakpoints_that_it_cannot_remove() {
    let pages = lockable_pages();
    let process = locked_breakpoints(&pages).into_inner();
    check_warning(&pages);
    assert!(process.koid().is_ok());
}
