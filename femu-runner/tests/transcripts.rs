//! Consoles recorded from booted kernels, each with its verdict. A fake emulator plays them.
#![allow(missing_docs, clippy::zombie_processes)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, complaint};

const OK: &str = "test result: ok. 3 passed; 0 failed";
const FAILED: &str = "test result: FAILED. 3 passed; 1 failed";
const DEREFERENCE: &str =
    "KERN: fatal page fault in user thread 'initial-thread' in process 'bin/abort'";

/// A console, and what is to be made of it.
struct Seen {
    transcript: &'static str,
    /// The program that was run, and its `e_machine`.
    program: (&'static str, u16),
    options: &'static [&'static str],
    /// How QEMU ended: its status, or not at all.
    end: &'static str,
    code: i32,
    verdict: &'static str,
    /// On stdout, if anything.
    shown: &'static str,
}

const X64: u16 = 62;
const ARM64: u16 = 183;
const BARE: &[&str] = &["--start", "userboot"];
const ENDLESS: &str = "exec sleep 1000";

#[rustfmt::skip]
const ALL: [Seen; 14] = [
    Seen { transcript: "x64-2019-passing", program: ("passing", X64), options: &[], end: "exit 31", code: 0,
           verdict: "passed: exit status 0, test result: ok. 3 passed", shown: OK },
    Seen { transcript: "x64-2019-failing", program: ("failing", X64), options: &[], end: "exit 31", code: 101,
           verdict: "failed: exit status 101, test result: FAILED.", shown: FAILED },
    Seen { transcript: "x64-2019-crash", program: ("abort", X64), options: &[], end: "exit 31", code: 3,
           verdict: "crashed: killed by the kernel (-1028: an exception); KERN: fatal page fault", shown: DEREFERENCE },
    Seen { transcript: "x64-2019-crash-after-ok", program: ("after", X64), options: &[], end: "exit 31", code: 3,
           verdict: "crashed: killed by the kernel (-1028: an exception), after \"test result: ok.", shown: "KERN: undefined instruction" },
    Seen { transcript: "x64-2019-status-7", program: ("status7", X64), options: &[], end: "exit 31", code: 7,
           verdict: "failed: exit status 7", shown: "leaving with 7\n" },
    Seen { transcript: "x64-2019-quiet", program: ("quiet", X64), options: &[], end: "exit 31", code: 0,
           verdict: "passed: exit status 0; it printed nothing", shown: "" },
    Seen { transcript: "x64-2019-endless", program: ("endless", X64), options: &["--timeout", "2"], end: ENDLESS, code: 6,
           verdict: "timeout: stopped at the limit, it was still running", shown: "waiting for ever\n" },
    Seen { transcript: "x64-2019-userboot-passing", program: ("passing", X64), options: BARE, end: "exit 31", code: 0,
           verdict: "passed: exit status 0; it printed nothing", shown: "" },
    Seen { transcript: "x64-2019-userboot-gave-up", program: ("quiet", X64), options: BARE, end: ENDLESS, code: 4,
           verdict: "kernel panic: userboot gave up: ZX_ERR_BAD_HANDLE: elf_load_prepare failed", shown: "" },
    Seen { transcript: "x64-2018-crash", program: ("abort", X64), options: &[], end: "exit 31", code: 3,
           verdict: "crashed: killed by the kernel (-1: an exception, or killed); KERN: fatal page fault", shown: DEREFERENCE },
    Seen { transcript: "x64-2018-panic", program: ("selfwrite", X64), options: &[], end: ENDLESS, code: 4,
           verdict: "kernel panic: panic (caller 0xffffffff001e94de", shown: "ZIRCON KERNEL PANIC\n" },
    Seen { transcript: "x64-2018-quiet-userboot", program: ("quiet", X64), options: BARE, end: "exit 31", code: 5,
           verdict: "no output: the machine was turned off, and the program said nothing", shown: "" },
    Seen { transcript: "arm64-2019-failing", program: ("failing", ARM64), options: &[], end: "exit 0", code: 101,
           verdict: "failed: exit status 101, test result: FAILED.", shown: FAILED },
    Seen { transcript: "arm64-2019-crash", program: ("abort", ARM64), options: &[], end: "exit 0", code: 3,
           verdict: "crashed: killed by the kernel (-1028: an exception); KERN: fatal page fault", shown: DEREFERENCE },
];

fn file(name: &str) -> String {
    format!(
        "{}/tests/transcripts/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn every_recorded_console_gets_its_verdict() {
    for seen in ALL {
        let fake = Fake::new();
        let name = seen.transcript;
        let emulator = fake.script("qemu", &format!("cat '{}'\n{}", file(name), seen.end));
        let mut runner = fake.boot(&emulator);
        runner
            .args(seen.options)
            .arg(fake.program(seen.program.0, seen.program.1));
        let output = runner.output().unwrap();
        let (said, shown) = (
            complaint(&output),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        );
        let last = said.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("femu-runner: {}", seen.verdict)),
            "{name}: {said}"
        );
        assert_eq!(output.status.code(), Some(seen.code), "{name}: {said}");
        assert!(shown.contains(seen.shown), "{name}: {shown}");
        assert!(
            !shown.contains("bootsvc: ") && !shown.contains("INIT: cpu"),
            "{name}: {shown}"
        );
        assert_eq!(fake.temporary_files(), 0, "{name}");
    }
}

#[test]
fn a_console_that_is_cut_off_is_no_pass() {
    let fake = Fake::new();
    for lines in [0, 1, 50, 150] {
        let emulator = fake.script(
            "qemu",
            &format!("head -n {lines} '{}'", file("x64-2019-passing")),
        );
        let output = fake
            .boot(&emulator)
            .arg(fake.program("passing", X64))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(5),
            "{lines}: {}",
            complaint(&output)
        );
    }
}

#[test]
fn raw_changes_nothing() {
    let fake = Fake::new();
    let recorded = file("x64-2019-passing");
    let emulator = fake.script("qemu", &format!("cat '{recorded}'; exit 31"));
    let output = fake
        .boot(&emulator)
        .arg("--raw")
        .arg(fake.program("passing", X64))
        .output()
        .unwrap();
    assert!(output.stdout == std::fs::read(recorded).unwrap());
}
