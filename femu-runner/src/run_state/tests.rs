use super::*;
use crate::boot_image::Bootsvc;

/// One that does not report the end of the program.
const BOOTSVC: Launcher = Launcher::Bootsvc(Bootsvc {
    drops_environment: true,
    reports_end: false,
});
const POWERED_OFF: ProcessEnd = ProcessEnd::Exited(Some(31));
const OK: &str = "test result: ok. 1 passed; 0 failed; 0 ignored";
const FAILED: &str = "test result: FAILED. 0 passed; 1 failed; 0 ignored";
const CRASH: &str = "KERN: fatal page fault in user thread 'main' in process 'bin/t'";

/// The runner's exit code for a console that shows the start of bin/t and then `lines`.
fn exit_code_at(launcher: Launcher, lines: &[&str], end: ProcessEnd) -> u8 {
    let mut state = RunState::new(launcher, "bin/t");
    let start_messages = match launcher {
        Launcher::Bootsvc(_) => [
            "[0.1] 1:2> userboot: process bin/bootsvc started.",
            "[0.1] 3:4> bootsvc: Launched bin/t",
        ],
        Launcher::Userboot => ["[0.1] 1:2> userboot: process bin/t started.", ""],
    };
    for line in start_messages.iter().chain(lines) {
        // Lines that name no component are the program's.
        let with_prefix = match line.split_once(": ") {
            _ if line.starts_with('[') => line.to_string(),
            Some(("userboot", _)) => format!("[0.2] 1:2> {line}"),
            Some(("bootsvc", _)) => format!("[0.2] 3:4> {line}"),
            _ => format!("[0.2] 5:6> {line}"),
        };
        state.observe(&Line::parse(with_prefix.as_bytes()));
    }
    state.verdict(end, 31).exit_code()
}

fn exit_code(lines: &[&str]) -> u8 {
    exit_code_at(BOOTSVC, lines, POWERED_OFF)
}

#[test]
fn test_result_decides_without_exit_status() {
    assert_eq!(exit_code(&["running 1 test", OK]), 0);
    assert_eq!(exit_code(&["running 1 test", FAILED]), 1);
    assert_eq!(exit_code(&[FAILED, OK]), 1);
    assert_eq!(exit_code(&[OK, FAILED]), 1);
}

#[test]
fn nonzero_exit_status_overrides_test_result_ok() {
    assert_eq!(exit_code(&[OK, "bootsvc: NEXT EXITED code=9"]), 9);
    assert_eq!(
        exit_code(&[OK, "userboot: *** Exit status 9 ***"]),
        1,
        "the exit status of bootsvc is not the program's"
    );
    assert_eq!(
        exit_code_at(
            Launcher::Userboot,
            &[OK, "userboot: *** Exit status 9 ***"],
            POWERED_OFF
        ),
        9
    );
    assert_eq!(exit_code(&["bootsvc: NEXT EXITED code=300"]), 1);
    assert_eq!(exit_code(&["bootsvc: NEXT EXITED code=-7"]), 1);
}

#[test]
fn test_result_failed_overrides_exit_status_0() {
    assert_eq!(exit_code(&[FAILED, "bootsvc: NEXT EXITED code=0"]), 1);
}

#[test]
fn exit_status_0_of_bootsvc_is_ignored() {
    assert_eq!(exit_code(&["userboot: *** Exit status 0 ***"]), 5);
    assert_eq!(exit_code(&["hello", "userboot: *** Exit status 0 ***"]), 7);
    assert_eq!(exit_code(&[OK, "userboot: *** Exit status 0 ***"]), 0);
}

#[test]
fn crash_after_test_result_ok_is_crashed() {
    assert_eq!(exit_code(&[OK, CRASH]), 3);
    assert_eq!(exit_code(&[OK, "bootsvc: NEXT EXITED code=-1028"]), 3);
    assert_eq!(
        exit_code(&[OK, "<== fatal exception: process bin/t[5] thread main[6]"]),
        3
    );
}

#[test]
fn crash_of_child_process_is_ignored() {
    assert_eq!(exit_code(&[CRASH, OK]), 0);
    assert_eq!(
        exit_code(&[
            "KERN: fatal page fault in user thread 'x' in process 'other'",
            OK
        ]),
        0
    );
    assert_eq!(exit_code(&[CRASH, "bootsvc: NEXT EXITED code=0"]), 0);
}

#[test]
fn panic_overrides_everything() {
    assert_eq!(
        exit_code(&[
            OK,
            "bootsvc: NEXT EXITED code=0",
            "[0.2] 0:0> ZIRCON KERNEL PANIC"
        ]),
        4
    );
}

#[test]
fn program_that_is_not_started_is_not_run() {
    for line in [
        "userboot: ZX_ERR_BAD_HANDLE: elf_load_prepare failed",
        "userboot: uncompressed BOOTFS not supported",
        "bootsvc: launchpad bin/t failed: cannot load: ZX_ERR_NOT_FOUND",
        "[0.2] 5:6> libc.so: bin/t: Not a valid dynamic program (ZX_ERR_INVALID_ARGS)",
        "[0.2] 5:6> Error relocating bin/t: zx_no_such_call: symbol not found",
    ] {
        assert_eq!(exit_code(&[line]), 2, "{line}");
        assert_eq!(exit_code_at(BOOTSVC, &[line], ProcessEnd::Stopped), 2);
    }
}

#[test]
fn program_that_prints_an_error_of_the_linker_was_started() {
    let error = "[0.2] 5:6> Error relocating bin/t: x: symbol not found";
    assert_eq!(exit_code(&["running 1 test", error, OK]), 0);
}

/// The exit code for a console whose last line is from bootsvc before it starts the program.
fn exit_code_before_launch(lines: &[&str], end: ProcessEnd) -> u8 {
    let mut state = RunState::new(BOOTSVC, "bin/t");
    for line in lines {
        state.observe(&Line::parse(line.as_bytes()));
    }
    state.verdict(end, 31).exit_code()
}

#[test]
fn machine_that_ends_before_the_program_is_started_is_not_run() {
    let bootsvc = "[0.1] 3:4> bootsvc: Creating loader service...";
    let crash = "[0.2] 1:2> userboot: *** Exit status -1028 ***";
    let halt = ["platform_halt suggested_action 0 reason 2", "Halting..."];
    assert_eq!(exit_code_before_launch(&[bootsvc, crash], POWERED_OFF), 2);
    assert_eq!(
        exit_code_before_launch(&[bootsvc], ProcessEnd::Exited(Some(0))),
        2
    );
    assert_eq!(
        exit_code_before_launch(&[bootsvc, halt[0], halt[1]], ProcessEnd::Stopped),
        2
    );
    // Some kernels do not print that they start the program.
    assert_eq!(exit_code_before_launch(&[bootsvc], POWERED_OFF), 5);
}

#[test]
fn halted_machine_is_not_passed() {
    let halt = [
        "[0.3] 0:0> platform_halt suggested_action 0 reason 2",
        "[0.3] 0:0> Halting...",
    ];
    let lines = [OK, halt[0], halt[1]];
    assert_eq!(exit_code_at(BOOTSVC, &lines, ProcessEnd::Stopped), 7);
}

#[test]
fn silence_after_the_test_result_ends_the_run() {
    let action_after = |lines: &[&str]| {
        let mut state = RunState::new(BOOTSVC, "bin/t");
        for line in lines {
            state.observe(&Line::parse(format!("[0.2] 5:6> {line}").as_bytes()));
        }
        state.next_action()
    };
    let silence = LineAction::StopAfterSilence(SILENCE_AFTER_TEST_RESULT);
    assert_eq!(action_after(&["running 1 test"]), LineAction::Continue);
    assert_eq!(action_after(&["running 1 test", OK]), silence);
    assert_eq!(action_after(&["running 1 test", FAILED, "after"]), silence);
    assert_eq!(
        action_after(&["running 1 test", OK, "running 1 test"]),
        LineAction::Continue
    );
    assert_eq!(exit_code_at(BOOTSVC, &[OK], ProcessEnd::Stopped), 0);
    assert_eq!(exit_code_at(BOOTSVC, &[FAILED], ProcessEnd::Stopped), 1);
}

#[test]
fn program_cannot_imitate_the_kernel_or_the_linker() {
    for line in ["KERNEL PANIC is a text of this test", "libc.so: I like it"] {
        assert_eq!(exit_code(&[&format!("[0.2] 5:6> {line}"), OK]), 0, "{line}");
    }
}

#[test]
fn list_of_tests_is_passed() {
    assert_eq!(exit_code(&["t: test", "", "1 test, 0 benchmarks"]), 0);
}

#[test]
fn silence_is_long_if_bootsvc_reports_the_end() {
    let launcher = Launcher::Bootsvc(Bootsvc {
        drops_environment: false,
        reports_end: true,
    });
    let mut state = RunState::new(launcher, "bin/t");
    state.observe(&Line::parse(format!("[0.2] 5:6> {OK}").as_bytes()));
    assert_eq!(
        state.next_action(),
        LineAction::StopAfterSilence(SHUTDOWN_GRACE)
    );
}

#[test]
fn program_cannot_imitate_userboot_or_bootsvc() {
    assert_eq!(
        exit_code(&["[0.2] 5:6> userboot: *** Exit status 0 ***"]),
        7
    );
    assert_eq!(exit_code(&["[0.2] 5:6> bootsvc: NEXT EXITED code=0"]), 7);
}

#[test]
fn time_limit_after_test_result_ok_is_timeout() {
    for lines in [&[OK][..], &["hello"], &[]] {
        assert_eq!(exit_code_at(BOOTSVC, lines, ProcessEnd::TimedOut), 6);
    }
    assert_eq!(exit_code_at(BOOTSVC, &[FAILED], ProcessEnd::TimedOut), 1);
}

#[test]
fn machine_reset_is_not_passed() {
    assert_eq!(exit_code_at(BOOTSVC, &[OK], ProcessEnd::Exited(Some(0))), 7);
    assert_eq!(
        exit_code_at(BOOTSVC, &["hello"], ProcessEnd::Exited(None)),
        7
    );
    assert_eq!(exit_code_at(BOOTSVC, &[], ProcessEnd::Exited(Some(0))), 5);
}
