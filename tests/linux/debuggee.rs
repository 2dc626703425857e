//! The debuggee of these tests: this program, started again. It maps memory on command and
//! reads it itself, so that a test sees written bytes without the call under test.

mod refused;
#[path = "../debuggee/debuggee.rs"]
#[allow(dead_code)] // These tests do not use all of it.
mod shared;
mod sharer;

pub(crate) use shared::Debuggee;
#[allow(unused_imports)] // `linux` does not use it.
pub(crate) use sharer::Sharer;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};
use rustix::process::{DumpableBehavior, Pid, Signal, WaitId, WaitIdOptions};
use rustix::process::{kill_process, set_dumpable_behavior, waitid};
use std::env;
use std::ffi::{OsStr, c_void};
use std::fmt::Display;
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr::null_mut;
use zx_process_memory::sys::zx_vaddr_t;

/// The size of a page, in bytes.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// One page of a layout. Linux merges adjacent pages of the same kind into one mapping, except
/// `Shared` and `SharedReadOnly`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    ReadWrite,
    ReadOnly,
    ReadExecute,
    NoPermission,
    Shared,
    SharedReadOnly,
    /// Mapped past the end of its file.
    PastFileEnd,
    /// Grows down, as a stack does.
    GrowsDown,
    Hole,
}

/// Of `<linux/personality.h>`.
const ADDR_NO_RANDOMIZE: libc::c_ulong = 0x004_0000;

/// A page that its process has mapped, and that Linux refuses to other processes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    GuardRegion,
    GuardRegionOfFile,
    Secret,
    MissingInUserfaultfd,
}

/// If this environment variable is set, the program is a debuggee.
const IS_DEBUGGEE: &str = "ZX_PROCESS_MEMORY_DEBUGGEE";

pub(crate) fn is_debuggee() -> bool {
    env::var_os(IS_DEBUGGEE).is_some()
}

/// The debuggee's program. The path works even for a user who has no access to the directories
/// of the file.
pub(crate) fn program() -> Command {
    program_at("/proc/self/exe")
}

/// The debuggee's program, started by this link to it. Linux names the process after the link.
pub(crate) fn program_at(link: impl AsRef<OsStr>) -> Command {
    let mut program = Command::new(link);
    // `std::env::args` panics if an argument is not UTF-8.
    program.arg0("debuggee");
    program.env(IS_DEBUGGEE, "1");
    program
}

impl Debuggee {
    /// Starts a debuggee and waits until its program runs. (`spawn` may return while the child
    /// is still in `exec`.)
    pub(crate) fn start() -> Self {
        let mut debuggee = Self::spawn(&mut program());
        debuggee.ask("hello");
        debuggee
    }

    /// Starts a debuggee at the same addresses each time.
    pub(crate) fn start_without_randomization() -> Self {
        let mut program = program();
        let without_randomization = || {
            // SAFETY: the call takes no pointer.
            unsafe { libc::personality(ADDR_NO_RANDOMIZE) };
            Ok(())
        };
        // SAFETY: the closure makes one system call, which is allowed between fork and exec.
        unsafe { program.pre_exec(without_randomization) };
        let mut debuggee = Self::spawn(&mut program);
        debuggee.ask("hello");
        debuggee
    }

    /// Maps these pages next to each other, between two holes.
    pub(crate) fn lay_out(&mut self, pages: &[Page]) -> zx_vaddr_t {
        let base = self.ask_for_address(format_args!("reserve {}", pages.len() + 2)) + page_size();
        for (vaddr, page) in (base..).step_by(page_size()).zip(pages) {
            self.ask(format_args!("map {vaddr} {page:?}"));
        }
        base
    }

    /// Maps a page that Linux refuses to other processes, between two holes. Returns `None` if this
    /// Linux has no such pages.
    pub(crate) fn lay_out_refused(&mut self, refused: Refused) -> Option<zx_vaddr_t> {
        let base = self.ask_for_address("reserve 3") + page_size();
        let mapped = self.ask_for_address(format_args!("refuse {base} {refused:?}"));
        (mapped != 0).then_some(base)
    }

    /// Sets each byte in the range.
    pub(crate) fn fill(&mut self, byte: u8, range: Range<zx_vaddr_t>) {
        self.ask(format_args!("fill {} {} {byte}", range.start, range.len()));
    }

    /// Starts a process that shares the debuggee's memory, as one between `vfork` and exec does, and
    /// returns its PID.
    pub(crate) fn share_memory(&mut self) -> u32 {
        self.ask("share-memory").parse().unwrap()
    }

    /// Makes the process that shares the memory exec this program. The new program maps memory at the
    /// same address and sets each byte of it.
    pub(crate) fn exec_in_sharer(&mut self, byte: u8, range: Range<zx_vaddr_t>) {
        let (vaddr, len) = (range.start, range.len());
        self.ask(format_args!("exec-in-sharer {vaddr} {len} {byte}"));
    }

    pub(crate) fn unmap(&mut self, vaddr: zx_vaddr_t) {
        self.ask(format_args!("unmap {vaddr}"));
    }

    /// Maps private memory of any size between two guard pages: Linux keeps one mapping of exactly
    /// this size, and the guard pages show writes outside of it.
    pub(crate) fn lay_out_large(&mut self, len: usize) -> zx_vaddr_t {
        self.ask_for_address(format_args!("large {len}"))
    }

    /// Maps private memory at this address, without guard pages. Returns 0 if the range is not free.
    pub(crate) fn lay_out_large_at(&mut self, vaddr: zx_vaddr_t, len: usize) -> zx_vaddr_t {
        self.ask_for_address(format_args!("large-at {vaddr} {len}"))
    }

    /// Maps private memory at the same address in both processes, so that a call on the wrong
    /// process would succeed. After each failed attempt this process skips twice as many addresses:
    /// the other one can have a large mapping there, of a sanitizer for example.
    pub(crate) fn lay_out_large_in_both(&mut self, other: &mut Self, len: usize) -> zx_vaddr_t {
        for skip in (30..).map(|bits| 1_usize << bits) {
            let base = self.lay_out_large(len);
            if other.lay_out_large_at(base, len) == base {
                return base;
            }
            self.ask(format_args!("skip {skip}"));
        }
        unreachable!("a debuggee ends when it has no addresses left to skip");
    }

    /// The bytes in the range, as the debuggee reads them.
    pub(crate) fn sees(&mut self, range: Range<zx_vaddr_t>) -> Vec<u8> {
        let hex = self.ask(format_args!("read {} {}", range.start, range.len()));
        const_hex::decode(hex).unwrap()
    }

    /// Whether every byte that the debuggee reads in the range has this value. For large ranges.
    pub(crate) fn sees_only(&mut self, byte: u8, range: Range<zx_vaddr_t>) -> bool {
        self.ask(format_args!("only {} {} {byte}", range.start, range.len())) == "true"
    }

    /// Makes the debuggee exec this program again, as a debuggee with new memory.
    pub(crate) fn exec(&mut self) {
        self.ask("exec");
    }

    /// Makes the debuggee exit.
    pub(crate) fn exit(&mut self) {
        self.send("exit");
        assert_eq!(self.read_line(), None, "the debuggee still runs");
    }

    pub(crate) fn wait_without_reaping(&self) {
        self.wait(WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    }

    /// Stops the debuggee with a signal and waits until it has stopped.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
        self.wait(WaitIdOptions::STOPPED);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn wait(&self, event: WaitIdOptions) {
        waitid(WaitId::Pid(Pid::from_child(&self.child)), event).unwrap();
    }

    /// The mapping with this name, such as `[vdso]`, in `/proc/PID/maps`.
    pub(crate) fn mapping(&self, name: &str) -> Range<zx_vaddr_t> {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.pid())).unwrap();
        let line = maps.lines().find(|line| line.ends_with(name)).unwrap();
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let address = |hex| zx_vaddr_t::from_str_radix(hex, 16).unwrap();
        address(start)..address(end)
    }

    fn ask_for_address(&mut self, command: impl Display) -> zx_vaddr_t {
        self.ask(command).parse().unwrap()
    }
}

/// Runs the debuggee: executes commands from stdin until `exit` or the end of stdin.
pub(crate) fn serve() {
    match env::args().nth(1).as_deref() {
        // The reply to "exec".
        Some("after-exec") => println!(),
        Some("sharer") => return sharer::run(),
        _ => {}
    }
    let mut unreadable = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words[index].parse::<usize>().unwrap();
        match words[0] {
            "hello" => println!(),
            "reserve" => println!("{}", reserve(number(1))),
            "map" => {
                println!("{}", map(number(1), page_size(), words[2]));
                if words[2] == "NoPermission" {
                    unreadable.push(number(1));
                }
            }
            "remap" => {
                remap(number(1), number(2), words[3], number(4));
                println!();
            }
            "unmap" => {
                // SAFETY: this page was mapped for a test, and this program holds no reference
                // to it.
                unsafe { munmap(number(1) as *mut c_void, page_size()) }.unwrap();
                unreadable.retain(|page| *page != number(1));
                println!();
            }
            "large" => println!("{}", map_between_guards(number(1))),
            "skip" => println!("{}", skip(number(1))),
            "large-at" => println!("{}", map_private_at(number(1), number(2)).unwrap_or(0)),
            "read" => {
                let range = number(1)..number(1) + number(2);
                make_readable(&mut unreadable, &range);
                println!("{}", const_hex::encode(read(range)));
            }
            "only" => {
                let range = number(1)..number(1) + number(2);
                make_readable(&mut unreadable, &range);
                println!("{}", contains_only(range, words[3].parse().unwrap()));
            }
            "undumpable" => {
                set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap();
                println!();
            }
            "refuse" => println!("{}", refused::map(number(1), words[2]).unwrap_or(0)),
            "fill" => {
                fill(number(1)..number(1) + number(2), words[3].parse().unwrap());
                println!();
            }
            "share-memory" => println!("{}", Sharer::start()),
            // The new program replies.
            "exec-in-sharer" => Sharer::exec(&words[1..]),
            "exec" => panic!("cannot exec: {}", program().arg("after-exec").exec()),
            "exit" => return,
            _ => panic!("unknown command: {line}"),
        }
    }
}

/// Finds an address range of this many pages that is free.
fn reserve(pages: usize) -> usize {
    let (anywhere, len) = (null_mut(), pages * page_size());
    // SAFETY: this maps new memory at an address that the kernel picks.
    let base = unsafe { mmap_anonymous(anywhere, len, ProtFlags::empty(), MapFlags::PRIVATE) };
    let base = base.unwrap();
    // SAFETY: the memory was just mapped, and nothing refers to it.
    unsafe { munmap(base, len) }.unwrap();
    // This program has one thread, so the range stays free until the next `map`.
    base.addr()
}

fn map(vaddr: usize, len: usize, page: &str) -> usize {
    let fixed = MapFlags::FIXED;
    let (at, read_write) = (vaddr as *mut c_void, ProtFlags::READ | ProtFlags::WRITE);
    let (flags, protection) = match page {
        "ReadWrite" | "PastFileEnd" => (MapFlags::PRIVATE | fixed, read_write),
        "ReadOnly" => (MapFlags::PRIVATE | fixed, ProtFlags::READ),
        "ReadExecute" => (MapFlags::PRIVATE | fixed, ProtFlags::READ | ProtFlags::EXEC),
        "NoPermission" => (MapFlags::PRIVATE | fixed, ProtFlags::empty()),
        "Shared" => (MapFlags::SHARED | fixed, read_write),
        "SharedReadOnly" => (MapFlags::SHARED | fixed, ProtFlags::READ),
        "GrowsDown" => (MapFlags::PRIVATE | MapFlags::GROWSDOWN | fixed, read_write),
        "Hole" => return vaddr,
        _ => panic!("unknown kind of page: {page}"),
    };
    let mapped = if page == "PastFileEnd" {
        let empty = memfd_create("empty", MemfdFlags::CLOEXEC).unwrap();
        // SAFETY: the range was reserved for a test, and this program holds no reference to it.
        unsafe { mmap(at, len, protection, flags, &empty, 0) }
    } else {
        // SAFETY: the range was reserved for a test, and this program holds no reference to it.
        unsafe { mmap_anonymous(at, len, protection, flags) }
    };
    mapped.unwrap().addr()
}

fn fill(range: Range<usize>, byte: u8) {
    // SAFETY: the range was mapped read-write for a test, and this program holds no reference to it.
    unsafe { (range.start as *mut u8).write_bytes(byte, range.len()) };
}

/// The value of every byte in guard pages.
pub(crate) const GUARD: u8 = 0xee;

/// Maps private memory between two guard pages. The guard pages have other permissions, so Linux
/// keeps three mappings, and merges the memory with no other mapping.
fn map_between_guards(len: usize) -> usize {
    let base = map_private(len + 2 * page_size());
    for guard in [base, base + page_size() + len] {
        for at in guard..guard + page_size() {
            // SAFETY: this byte was just mapped read-write, and nothing refers to it.
            unsafe { (at as *mut u8).write_volatile(GUARD) };
        }
        let read_execute = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: the page was just mapped, and this program does not write it again.
        unsafe { mprotect(guard as *mut c_void, page_size(), read_execute) }.unwrap();
    }
    base + page_size()
}

/// Unmaps the memory and maps new memory of this kind at the same address, many times.
fn remap(vaddr: usize, len: usize, page: &str, times: usize) {
    for _ in 0..times {
        // SAFETY: the range was mapped for a test, and this program holds no reference to it.
        unsafe { munmap(vaddr as *mut c_void, len) }.unwrap();
        map(vaddr, len, page);
    }
}

/// Maps private memory at an address that Linux chooses.
fn map_private(len: usize) -> usize {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: without MAP_FIXED this maps new memory only, to which nothing refers.
    let base = unsafe { mmap_anonymous(null_mut(), len, protection, MapFlags::PRIVATE) };
    base.unwrap().addr()
}

/// Reserves addresses without permission, so that later mappings get others.
fn skip(len: usize) -> usize {
    // SAFETY: without MAP_FIXED this maps new memory only, to which nothing refers.
    let base = unsafe { mmap_anonymous(null_mut(), len, ProtFlags::empty(), MapFlags::PRIVATE) };
    base.unwrap().addr()
}

/// Maps private memory at this address, if the range is free.
fn map_private_at(vaddr: usize, len: usize) -> Option<usize> {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::FIXED_NOREPLACE;
    // SAFETY: MAP_FIXED_NOREPLACE replaces no mapping, so this maps new memory only.
    let base = unsafe { mmap_anonymous(vaddr as *mut c_void, len, protection, flags) };
    base.ok().map(<*mut c_void>::addr)
}

/// Makes those of these pages readable that are in the range.
fn make_readable(unreadable: &mut Vec<usize>, range: &Range<usize>) {
    unreadable.retain(|page| {
        let is_in_range = *page < range.end && range.start < page + page_size();
        if is_in_range {
            // SAFETY: the page was mapped for a test, and more permissions break no reference.
            unsafe { mprotect(*page as *mut c_void, page_size(), MprotectFlags::READ) }.unwrap();
        }
        !is_in_range
    });
}

/// Reads volatilely, since another process writes this memory.
fn read(range: Range<usize>) -> Vec<u8> {
    let byte = |at| {
        // SAFETY: the test reads only mapped memory, and `make_readable` made it readable.
        unsafe { (at as *const u8).read_volatile() }
    };
    range.map(byte).collect()
}

/// Reads words, which is faster than bytes. The range must consist of whole words.
fn contains_only(range: Range<usize>, byte: u8) -> bool {
    let word = u64::from_ne_bytes([byte; 8]);
    range.step_by(8).all(|at| {
        // SAFETY: the test reads only mapped memory, `make_readable` made it readable, and `at`
        // is a multiple of 8.
        let seen = unsafe { (at as *const u64).read_volatile() };
        seen == word
    })
}
