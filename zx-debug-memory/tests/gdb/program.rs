//! C programs with symbols, for debuggers that load their files.

use super::ChildProcess;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use zx_process_memory::Process;

/// A running C program with the variable `marker`.
pub(crate) struct Program {
    child: ChildProcess,
    file: PathBuf,
    /// The address of `marker`.
    pub(crate) marker: usize,
    _folder: tempfile::TempDir,
}

impl Program {
    /// The value of `marker` at the start.
    pub(crate) const MARKER: i32 = 0x1122_3344;

    /// Starts a position-independent program, whose addresses its file does not have.
    pub(crate) fn start_position_independent() -> Self {
        let source = r#"
            int printf(const char *, ...);
            int fflush(void *);
            int pause(void);
            int marker = 0x11223344;
            int main(void) {
                printf("%p\n", (void *)&marker);
                fflush(0);
                for (;;) pause();
            }"#;
        Self::start(source, &["-pie", "-fPIE"]).expect("a program of this system starts")
    }

    /// Starts an i386 program. It has no C library, which machines without 32-bit development
    /// files lack. `None` if the kernel does not run i386 programs.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn start_32_bit() -> Option<Self> {
        // The system calls are write and pause.
        let source = r#"
            int marker = 0x11223344;
            static void call(int number, int a, const void *b, int c) {
                __asm__ volatile("int $0x80" : "+a"(number) : "b"(a), "c"(b), "d"(c) : "memory");
            }
            void _start(void) {
                char line[] = "0x12345678\n";
                for (int digit = 0; digit < 8; digit++)
                    line[9 - digit] = "0123456789abcdef"[(unsigned)&marker >> 4 * digit & 15];
                call(4, 1, line, 11);
                for (;;) call(29, 0, 0, 0);
            }"#;
        let flags = [
            "-m32",
            "-no-pie",
            "-fno-pie",
            "-nostdlib",
            "-ffreestanding",
            "-fno-stack-protector",
        ];
        match Self::start(source, &flags) {
            Ok(program) => Some(program),
            Err(error) => {
                println!("skipped: cannot start a 32-bit program: {error}");
                None
            }
        }
    }

    fn start(source: &str, flags: &[&str]) -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let [source_file, file] = ["program.c", "program"].map(|name| folder.path().join(name));
        fs::write(&source_file, source)?;
        let compiler = Command::new("cc")
            .args(["-g", "-O0"])
            .args(flags)
            .arg("-o")
            .args([&file, &source_file])
            .status();
        assert!(compiler.expect("a C compiler is installed").success());

        let child = Command::new(&file).stdout(Stdio::piped()).spawn()?;
        let mut child = ChildProcess(child);
        // The program prints the address when it is loaded.
        let mut line = String::new();
        BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line)?;
        let address = line.trim_end().trim_start_matches("0x");
        let marker = usize::from_str_radix(address, 16).expect("the program prints an address");
        Ok(Self {
            child,
            file,
            marker,
            _folder: folder,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The value of `marker` in the process.
    pub(crate) fn read_marker(&self) -> i32 {
        let process = Process::from_pid(self.pid()).unwrap();
        let mut bytes = [0; 4];
        process.read_exact_memory(self.marker, &mut bytes).unwrap();
        i32::from_ne_bytes(bytes)
    }
}
