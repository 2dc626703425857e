//! Programs that stop before their main function.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use zx_debug_memory::{MemoryMap, Module, Modules};
use zx_process_memory::Process;

/// A program that is ended on drop.
pub(crate) struct Stopped {
    child: Child,
    pub(crate) process: Process,
}

impl Stopped {
    /// Stops the program at its first instruction: it is loaded by Linux only, not by its loader.
    pub(crate) fn at_exec(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let trace_me = || {
            // SAFETY: this request has no other arguments.
            match unsafe { libc::ptrace(libc::PTRACE_TRACEME) } {
                0 => Ok(()),
                _ => Err(std::io::Error::last_os_error()),
            }
        };
        // SAFETY: the closure makes one system call, which is async-signal-safe.
        unsafe { command.pre_exec(trace_me) };
        let child = command.spawn().unwrap();
        let (pid, mut status) = (i32::try_from(child.id()).unwrap(), 0);
        // SAFETY: `status` is writable.
        let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
        assert!(
            waited == pid && libc::WIFSTOPPED(status),
            "{} {status:#x}",
            program.display()
        );
        Self::new(child)
    }

    /// Stops the program with the library `report.c`. Returns what dl_iterate_phdr reports.
    pub(crate) fn after_loading(
        program: &Path,
        library: &Path,
        report: &Path,
    ) -> (Self, Vec<Reported>) {
        let child = Command::new(program)
            .env("LD_PRELOAD", library)
            .env("MODULES_REPORT", report)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let stopped = Self::new(child);
        let start = Instant::now();
        loop {
            let text = fs::read_to_string(report).unwrap_or_default();
            if let Some(text) = text.strip_suffix("end\n") {
                return (stopped, text.lines().map(Reported::parse).collect());
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "{} does not start",
                program.display()
            );
            sleep(Duration::from_millis(5));
        }
    }

    fn new(child: Child) -> Self {
        let process = Process::from_child(&child).unwrap();
        Self { child, process }
    }

    pub(crate) fn map(&self) -> MemoryMap {
        MemoryMap::read(&self.process).unwrap()
    }

    pub(crate) fn modules(&self) -> Modules {
        Modules::read(&self.map(), &self.process).unwrap()
    }

    /// The file of a module. Memory of the vDSO is written to a file first.
    pub(crate) fn file(&self, module: &Module, directory: &Path) -> PathBuf {
        let vaddr = module.program_headers.start;
        let map = self.map();
        let mapping = map.find(vaddr).unwrap();
        if mapping.name != "[vdso]" {
            let start = format!("{:08x}-", mapping.range.start);
            let maps = fs::read_to_string(format!("/proc/{}/maps", self.child.id())).unwrap();
            let line = maps.lines().find(|line| line.starts_with(&start)).unwrap();
            return PathBuf::from(line.split_whitespace().nth(5).unwrap());
        }
        let mut bytes = vec![0; mapping.range.len()];
        self.process
            .read_exact_memory(mapping.range.start, &mut bytes)
            .unwrap();
        let file = directory.join("vdso");
        fs::write(&file, bytes).unwrap();
        file
    }

    pub(crate) fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The load bias, the address of the program headers and their number.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reported(pub(crate) usize, pub(crate) usize, pub(crate) usize);

impl Reported {
    fn parse(line: &str) -> Self {
        let mut words = line.split(' ');
        let mut number = |radix| usize::from_str_radix(words.next().unwrap(), radix).unwrap();
        Self(number(16), number(16), number(10))
    }
}
