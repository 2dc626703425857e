//! Checks the verdict on consoles that were recorded from real kernels. A fake emulator prints
//! them. The programs are small tests and crashing programs.
#![allow(missing_docs, clippy::zombie_processes)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, KERNEL_ARM64, image, stderr};

const OK: &str = "test result: ok. 3 passed; 0 failed";
const FAILED: &str = "test result: FAILED. 3 passed; 1 failed";
const PAGE_FAULT: &str =
    "KERN: fatal page fault in user thread 'initial-thread' in process 'bin/abort'";

/// A recorded console and the expected result.
struct Recording {
    transcript: &'static str,
    /// The program that was run, and its `e_machine`.
    program: (&'static str, u16),
    /// Options of the runner.
    options: &'static [&'static str],
    /// The shell command with which the fake emulator ends.
    end: &'static str,
    exit_code: i32,
    /// The start of the last line of the runner's stderr.
    verdict: &'static str,
    /// Part of the runner's stdout.
    stdout: &'static str,
}

const X64: u16 = 62;
const ARM64: u16 = 183;
const USERBOOT: &[&str] = &["--start", "userboot"];
const HANG: &str = "exec sleep 1000";

#[rustfmt::skip]
const RECORDINGS: [Recording; 18] = [
    Recording { transcript: "x64-2019-passing", program: ("passing", X64), options: &[], end: "exit 31", exit_code: 0,
           verdict: "passed: exit status 0, test result: ok. 3 passed", stdout: OK },
    Recording { transcript: "x64-2019-failing", program: ("failing", X64), options: &[], end: "exit 31", exit_code: 101,
           verdict: "failed: exit status 101, test result: FAILED.", stdout: FAILED },
    Recording { transcript: "x64-2019-crash", program: ("abort", X64), options: &[], end: "exit 31", exit_code: 3,
           verdict: "crashed: killed by the kernel (-1028: exception); KERN: fatal page fault", stdout: PAGE_FAULT },
    Recording { transcript: "x64-2019-crash-after-ok", program: ("after", X64), options: &[], end: "exit 31", exit_code: 3,
           verdict: "crashed: killed by the kernel (-1028: exception) after \"test result: ok.", stdout: "KERN: undefined instruction" },
    Recording { transcript: "x64-2019-status-7", program: ("status7", X64), options: &[], end: "exit 31", exit_code: 7,
           verdict: "failed: exit status 7", stdout: "leaving with 7\n" },
    Recording { transcript: "x64-2019-quiet", program: ("quiet", X64), options: &[], end: "exit 31", exit_code: 0,
           verdict: "passed: exit status 0, no output", stdout: "" },
    Recording { transcript: "x64-2019-endless", program: ("endless", X64), options: &["--timeout", "2"], end: HANG, exit_code: 6,
           verdict: "timeout: stopped at the time limit: bin/bootsvc of the boot image does not report the end", stdout: "waiting for ever\n" },
    Recording { transcript: "x64-2019-stock-passing", program: ("passing", X64), options: &[], end: HANG, exit_code: 0,
           verdict: "passed: test result: ok. 1 passed", stdout: "test tests::addition_works ... ok\n" },
    Recording { transcript: "x64-2019-launchpad-failed", program: ("asan", X64), options: &[], end: HANG, exit_code: 2,
           verdict: "not run: bootsvc: launchpad bin/asan failed: elf_load: handle_interp failed: ZX_ERR_NOT_FOUND", stdout: "" },
    Recording { transcript: "x64-2019-linker-error", program: ("badsym", X64), options: &[], end: HANG, exit_code: 2,
           verdict: "not run: Error relocating bin/badsym: ", stdout: "" },
    Recording { transcript: "x64-2019-userboot-passing", program: ("passing", X64), options: USERBOOT, end: "exit 31", exit_code: 0,
           verdict: "passed: exit status 0, no output", stdout: "" },
    Recording { transcript: "x64-2019-userboot-gave-up", program: ("quiet", X64), options: USERBOOT, end: HANG, exit_code: 2,
           verdict: "not run: userboot failed: ZX_ERR_BAD_HANDLE: elf_load_prepare failed", stdout: "" },
    Recording { transcript: "x64-2021-userboot-passing", program: ("bare", X64), options: USERBOOT, end: "exit 31", exit_code: 0,
           verdict: "passed: exit status 0, test result: ok. 1 passed; 0 failed; 1 ignored", stdout: "test skipped ... ignored\n" },
    Recording { transcript: "x64-2018-crash", program: ("abort", X64), options: &[], end: "exit 31", exit_code: 3,
           verdict: "crashed: killed by the kernel (-1: exception or kill); KERN: fatal page fault", stdout: PAGE_FAULT },
    Recording { transcript: "x64-2018-panic", program: ("selfwrite", X64), options: &[], end: HANG, exit_code: 4,
           verdict: "kernel panic: panic (caller 0xffffffff001e94de", stdout: "ZIRCON KERNEL PANIC\n" },
    Recording { transcript: "x64-2018-quiet-userboot", program: ("quiet", X64), options: USERBOOT, end: "exit 31", exit_code: 5,
           verdict: "no output: the machine powered off, and the program printed nothing", stdout: "" },
    Recording { transcript: "arm64-2019-failing", program: ("failing", ARM64), options: &[], end: "exit 0", exit_code: 101,
           verdict: "failed: exit status 101, test result: FAILED.", stdout: FAILED },
    Recording { transcript: "arm64-2019-crash", program: ("abort", ARM64), options: &[], end: "exit 0", exit_code: 3,
           verdict: "crashed: killed by the kernel (-1028: exception); KERN: fatal page fault", stdout: PAGE_FAULT },
];

fn transcript_path(name: &str) -> String {
    format!(
        "{}/tests/transcripts/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    )
}

#[test]
fn recorded_consoles_have_expected_verdicts() {
    for recording in RECORDINGS {
        let fake = Fake::new();
        let name = recording.transcript;
        let emulator = fake.script(
            "qemu",
            &format!("cat '{}'\n{}", transcript_path(name), recording.end),
        );
        if recording.program.1 == ARM64 {
            std::fs::write(
                fake.path("zbi"),
                image(KERNEL_ARM64, &[("bin/bootsvc", b"")]),
            )
            .unwrap();
        }
        let mut runner = fake.boot(&emulator);
        runner
            .args(recording.options)
            .arg(fake.program(recording.program.0, recording.program.1));
        let output = runner.output().unwrap();
        let stderr = stderr(&output);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let last = stderr.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("femu-runner: {}", recording.verdict)),
            "{name}: {stderr}"
        );
        assert_eq!(
            output.status.code(),
            Some(recording.exit_code),
            "{name}: {stderr}"
        );
        assert!(stdout.contains(recording.stdout), "{name}: {stdout}");
        assert!(
            ["bootsvc: ", "INIT: cpu", "halt_helper"]
                .iter()
                .all(|boot_log| !stdout.contains(boot_log)),
            "{name}: {stdout}"
        );
        assert_eq!(fake.temporary_files(), 0, "{name}");
    }
}

#[test]
fn truncated_console_is_not_passed() {
    let fake = Fake::new();
    for lines in [1, 50, 150, 167] {
        let emulator = fake.script(
            "qemu",
            &format!("head -n {lines} '{}'", transcript_path("x64-2019-passing")),
        );
        let output = fake
            .boot(&emulator)
            .arg(fake.program("passing", X64))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(if lines == 167 { 5 } else { 2 }),
            "{lines}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn raw_prints_console_unmodified() {
    let fake = Fake::new();
    let recorded = transcript_path("x64-2019-passing");
    let emulator = fake.script("qemu", &format!("cat '{recorded}'; exit 31"));
    let output = fake
        .boot(&emulator)
        .arg("--raw")
        .arg(fake.program("passing", X64))
        .output()
        .unwrap();
    assert!(output.stdout == std::fs::read(recorded).unwrap());
}
