//! A process to write into. It lays out memory as it is told, and reads it itself, so
//! that what was written is seen without the call under test.

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap, mmap_anonymous, mprotect, munmap};
use rustix::process::{
    DumpableBehavior, Pid, WaitId, WaitIdOptions, set_dumpable_behavior, waitid,
};
use std::env;
use std::ffi::c_void;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Lines, Write};
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use zx_process_memory::{Process, sys::zx_vaddr_t};

pub(crate) const PAGE: usize = 4096;

/// One page of a layout. Two alike beside each other are one mapping, `Shared` ones
/// excepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    ReadWrite,
    ReadOnly,
    ReadExecute,
    NoPermission,
    Shared,
    SharedReadOnly,
    /// Mapped, but past the end of the file.
    PastTheEnd,
    Hole,
}

pub(crate) struct Debuggee {
    pub(crate) child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    unreadable: Vec<zx_vaddr_t>,
}

const WANTED: &str = "ZX_PROCESS_MEMORY_DEBUGGEE";

pub(crate) fn wanted() -> bool {
    env::var_os(WANTED).is_some()
}

/// By this name the file is found even by a user whom its folders are closed to.
fn program() -> Command {
    let mut program = Command::new("/proc/self/exe");
    program.env(WANTED, "1");
    program
}

impl Debuggee {
    pub(crate) fn spawn() -> Self {
        let mut child = program()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            commands,
            answers,
            unreadable: Vec::new(),
        }
    }

    /// Once it runs. Before that it may still be on its way through exec, for which
    /// `spawn` does not wait to the end.
    pub(crate) fn start() -> Self {
        let mut debuggee = Self::spawn();
        debuggee.ask("hello");
        debuggee
    }

    pub(crate) fn process(&self) -> Process {
        Process::from_child(&self.child).unwrap()
    }

    /// Lays these pages out beside each other, between two holes.
    pub(crate) fn lay_out(&mut self, pages: &[Page]) -> zx_vaddr_t {
        let base = self.number(format_args!("reserve {}", pages.len() + 2)) + PAGE;
        for (vaddr, page) in (base..).step_by(PAGE).zip(pages) {
            self.ask(format_args!("map {vaddr} {page:?}"));
            if *page == Page::NoPermission {
                self.unreadable.push(vaddr);
            }
        }
        base
    }

    pub(crate) fn unmap(&mut self, vaddr: zx_vaddr_t) {
        self.ask(format_args!("unmap {vaddr}"));
    }

    /// Private memory of any size in one mapping.
    pub(crate) fn lay_out_large(&mut self, len: usize) -> zx_vaddr_t {
        self.number(format_args!("large {len}"))
    }

    /// The same at an address, which must be free.
    pub(crate) fn lay_out_large_at(&mut self, vaddr: zx_vaddr_t, len: usize) -> zx_vaddr_t {
        self.number(format_args!("large-at {vaddr} {len}"))
    }

    /// The same at one address in both: what could be hit in the other one by mistake. (What
    /// was tried before stays, so that no address comes twice.)
    pub(crate) fn lay_out_large_in_both(&mut self, other: &mut Self, len: usize) -> zx_vaddr_t {
        loop {
            let base = self.lay_out_large(len);
            if other.lay_out_large_at(base, len) == base {
                return base;
            }
        }
    }

    /// What the debuggee itself sees.
    pub(crate) fn sees(&mut self, range: Range<zx_vaddr_t>) -> Vec<u8> {
        let in_range = |page: &zx_vaddr_t| *page < range.end && range.start < page + PAGE;
        let unreadable = std::mem::take(&mut self.unreadable);
        let (wanted, left): (Vec<_>, Vec<_>) = unreadable.into_iter().partition(in_range);
        self.unreadable = left;
        for page in wanted {
            self.ask(format_args!("allow {page}"));
        }
        let hex = self.ask(format_args!("read {} {}", range.start, range.len()));
        const_hex::decode(hex).unwrap()
    }

    /// Whether the debuggee sees this byte all over the range, which may be large.
    pub(crate) fn sees_only(&mut self, byte: u8, range: Range<zx_vaddr_t>) -> bool {
        self.ask(format_args!("only {} {} {byte}", range.start, range.len())) == "true"
    }

    /// Has the debuggee become another program, which answers as well.
    pub(crate) fn exec(&mut self) {
        self.ask("exec");
    }

    /// Has the debuggee end by itself.
    pub(crate) fn exit(&mut self) {
        writeln!(self.commands, "exit").unwrap();
        assert!(self.answers.next().is_none(), "the debuggee goes on");
    }

    pub(crate) fn kill_and_wait(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn wait_without_reaping(&self) {
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), ended).unwrap();
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The mapping of this name, such as `[vdso]`, as Linux shows it.
    pub(crate) fn mapping(&self, name: &str) -> Range<zx_vaddr_t> {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.child.id())).unwrap();
        let line = maps.lines().find(|line| line.ends_with(name)).unwrap();
        let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
        let address = |hex| zx_vaddr_t::from_str_radix(hex, 16).unwrap();
        address(start)..address(end)
    }

    fn number(&mut self, command: impl Display) -> usize {
        self.ask(command).parse().unwrap()
    }

    pub(crate) fn ask(&mut self, command: impl Display) -> String {
        writeln!(self.commands, "{command}").unwrap();
        self.answers.next().expect("the debuggee is gone").unwrap()
    }
}

impl Drop for Debuggee {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The debuggee's side.
pub(crate) fn serve() {
    if env::args().nth(1).as_deref() == Some("again") {
        println!("another program");
    }
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words[index].parse::<usize>().unwrap();
        match words[0] {
            "reserve" => println!("{}", reserve(number(1))),
            "map" => println!("{}", map(number(1), PAGE, words[2])),
            "guarded" => println!("{}", guarded(number(1))),
            "remap" => {
                remap(number(1), number(2), words[3], number(4));
                println!();
            }
            "undumpable" => {
                set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap();
                println!();
            }
            "hello" => println!(),
            "unmap" => {
                // SAFETY: the page was mapped for the tests and is used by nothing here.
                unsafe { munmap(number(1) as *mut c_void, PAGE) }.unwrap();
                println!();
            }
            "large" => println!("{}", large(0, number(1))),
            "large-at" => println!("{}", large(number(1), number(2))),
            "read" => println!("{}", const_hex::encode(read(number(1), number(2)))),
            "only" => println!("{}", only(number(1), number(2), words[3].parse().unwrap())),
            "allow" => {
                allow(number(1));
                println!();
            }
            "exec" => panic!("{}", program().arg("again").exec()),
            "exit" => return,
            _ => panic!("{line}"),
        }
    }
}

/// Finds room for as many pages.
fn reserve(pages: usize) -> usize {
    let len = pages * PAGE;
    // SAFETY: new memory, of which nothing here knows.
    let base = unsafe {
        mmap_anonymous(
            std::ptr::null_mut(),
            len,
            ProtFlags::empty(),
            MapFlags::PRIVATE,
        )
    };
    let base = base.unwrap();
    // SAFETY: as above. Nothing is mapped in between, for nothing else runs.
    unsafe { munmap(base, len) }.unwrap();
    base.addr()
}

fn map(vaddr: usize, len: usize, page: &str) -> usize {
    let fixed = MapFlags::FIXED;
    let (at, read_write) = (vaddr as *mut c_void, ProtFlags::READ | ProtFlags::WRITE);
    let (flags, protection) = match page {
        "ReadWrite" | "PastTheEnd" => (MapFlags::PRIVATE | fixed, read_write),
        "ReadOnly" => (MapFlags::PRIVATE | fixed, ProtFlags::READ),
        "ReadExecute" => (MapFlags::PRIVATE | fixed, ProtFlags::READ | ProtFlags::EXEC),
        "NoPermission" => (MapFlags::PRIVATE | fixed, ProtFlags::empty()),
        "Shared" => (MapFlags::SHARED | fixed, read_write),
        "SharedReadOnly" => (MapFlags::SHARED | fixed, ProtFlags::READ),
        "Hole" => return vaddr,
        _ => panic!("{page}"),
    };
    let mapped = if page == "PastTheEnd" {
        let file = memfd_create("short", MemfdFlags::CLOEXEC).unwrap();
        // SAFETY: the room was reserved, and nothing here knows of it.
        unsafe { mmap(at, len, protection, flags, &file, 0) }
    } else {
        // SAFETY: as above.
        unsafe { mmap_anonymous(at, len, protection, flags) }
    };
    mapped.unwrap().addr()
}

/// What stands in the pages around guarded memory.
pub(crate) const GUARD: u8 = 0xee;

/// Private memory between two pages of another permission, which are full of `GUARD`.
fn guarded(len: usize) -> usize {
    let base = large(0, len + 2 * PAGE);
    for guard in [base, base + PAGE + len] {
        for at in guard..guard + PAGE {
            // SAFETY: new memory, of which nothing here knows.
            unsafe { (at as *mut u8).write_volatile(GUARD) };
        }
        let read_execute = MprotectFlags::READ | MprotectFlags::EXEC;
        // SAFETY: as above; it is not written again from here.
        unsafe { mprotect(guard as *mut c_void, PAGE, read_execute) }.unwrap();
    }
    base + PAGE
}

/// Takes memory away and puts new memory of this kind in its place, many times.
fn remap(vaddr: usize, len: usize, page: &str, times: usize) {
    for _ in 0..times {
        // SAFETY: mapped for the tests, and used by nothing here.
        unsafe { munmap(vaddr as *mut c_void, len) }.unwrap();
        map(vaddr, len, page);
    }
}

/// An address is a wish only, and Linux grants it where there is room.
fn large(vaddr: usize, len: usize) -> usize {
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: new memory, of which nothing here knows.
    let base = unsafe { mmap_anonymous(vaddr as *mut c_void, len, protection, MapFlags::PRIVATE) };
    base.unwrap().addr()
}

/// Makes a page readable that was not.
fn allow(vaddr: usize) {
    // SAFETY: to be allowed to read more breaks nothing.
    unsafe { mprotect(vaddr as *mut c_void, PAGE, MprotectFlags::READ) }.unwrap();
}

/// Reads volatilely, so that no compiler can know better.
fn read(vaddr: usize, len: usize) -> Vec<u8> {
    let byte = |at| {
        // SAFETY: mapped for the tests, and readable by now.
        unsafe { (at as *const u8).read_volatile() }
    };
    (vaddr..vaddr + len).map(byte).collect()
}

/// Reads words, for this is for much memory. It is whole words.
fn only(vaddr: usize, len: usize, byte: u8) -> bool {
    let word = u64::from_ne_bytes([byte; 8]);
    (vaddr..vaddr + len).step_by(8).all(|at| {
        // SAFETY: mapped for the tests, readable and aligned.
        let seen = unsafe { (at as *const u64).read_volatile() };
        seen == word
    })
}
