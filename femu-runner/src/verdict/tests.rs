use super::*;
use crate::speaker::Speakers;

const CLEAN: End = End::Exited(Some(31));
const OK: &str = "test result: ok. 1 passed; 0 failed; 0 ignored";
const FAILED: &str = "test result: FAILED. 0 passed; 1 failed; 0 ignored";
const CRASH: &str = "KERN: fatal page fault in user thread 'main' in process 'bin/t'";

/// The exit code for a console on which these lines come after the start of bin/t.
fn code_at(start: Start, lines: &[&str], end: End) -> u8 {
    let mut speakers = Speakers::new("bin/t");
    let mut evidence = Evidence::new(start, "bin/t");
    let begin = match start {
        Start::Bootsvc => [
            "[0.1] 1:2> userboot: process bin/bootsvc started.",
            "[0.1] 3:4> bootsvc: Launched bin/t",
        ],
        Start::Userboot => ["[0.1] 1:2> userboot: process bin/t started.", ""],
    };
    for line in begin.iter().chain(lines) {
        // Lines that are not given a process are the program's.
        let by = match line.split_once(": ") {
            _ if line.starts_with('[') => line.to_string(),
            Some(("userboot", _)) => format!("[0.2] 1:2> {line}"),
            Some(("bootsvc", _)) => format!("[0.2] 3:4> {line}"),
            _ => format!("[0.2] 5:6> {line}"),
        };
        let line = Line::read(by.as_bytes());
        let speaker = speakers.of(&line);
        evidence.see(&line, speaker);
    }
    evidence.verdict(end, 31).exit_code()
}

fn code(lines: &[&str]) -> u8 {
    code_at(Start::Bootsvc, lines, CLEAN)
}

#[test]
fn a_test_result_alone_decides() {
    assert_eq!(code(&["running 1 test", OK]), 0);
    assert_eq!(code(&["running 1 test", FAILED]), 1);
    assert_eq!(code(&[FAILED, OK]), 1);
    assert_eq!(code(&[OK, FAILED]), 1);
}

#[test]
fn a_status_other_than_0_beats_a_printed_ok() {
    assert_eq!(code(&[OK, "bootsvc: NEXT EXITED code=9"]), 9);
    assert_eq!(
        code(&[OK, "userboot: *** Exit status 9 ***"]),
        1,
        "that is bootsvc's own"
    );
    assert_eq!(
        code_at(
            Start::Userboot,
            &[OK, "userboot: *** Exit status 9 ***"],
            CLEAN
        ),
        9
    );
    assert_eq!(code(&["bootsvc: NEXT EXITED code=300"]), 1);
    assert_eq!(code(&["bootsvc: NEXT EXITED code=-7"]), 1);
}

#[test]
fn a_printed_failure_beats_status_0() {
    assert_eq!(code(&[FAILED, "bootsvc: NEXT EXITED code=0"]), 1);
}

#[test]
fn status_0_of_bootsvc_says_nothing_of_the_program() {
    assert_eq!(code(&["userboot: *** Exit status 0 ***"]), 5);
    assert_eq!(code(&["hello", "userboot: *** Exit status 0 ***"]), 7);
    assert_eq!(code(&[OK, "userboot: *** Exit status 0 ***"]), 0);
}

#[test]
fn death_after_ok_is_a_crash() {
    assert_eq!(code(&[OK, CRASH]), 3);
    assert_eq!(code(&[OK, "bootsvc: NEXT EXITED code=-1028"]), 3);
    assert_eq!(
        code(&[OK, "<== fatal exception: process bin/t[5] thread main[6]"]),
        3
    );
}

#[test]
fn a_childs_crash_is_the_childs() {
    assert_eq!(code(&[CRASH, OK]), 0);
    assert_eq!(
        code(&[
            "KERN: fatal page fault in user thread 'x' in process 'other'",
            OK
        ]),
        0
    );
    assert_eq!(code(&[CRASH, "bootsvc: NEXT EXITED code=0"]), 0);
}

#[test]
fn a_panic_beats_everything() {
    assert_eq!(
        code(&[OK, "bootsvc: NEXT EXITED code=0", "ZIRCON KERNEL PANIC"]),
        4
    );
    assert_eq!(
        code(&["userboot: ZX_ERR_BAD_HANDLE: elf_load_prepare failed"]),
        4
    );
}

#[test]
fn the_program_cannot_speak_for_userboot() {
    assert_eq!(code(&["[0.2] 5:6> userboot: *** Exit status 0 ***"]), 7);
    assert_eq!(code(&["[0.2] 5:6> bootsvc: NEXT EXITED code=0"]), 7);
}

#[test]
fn a_limit_that_was_reached_is_a_timeout_even_after_ok() {
    for lines in [&[OK][..], &["hello"], &[]] {
        assert_eq!(code_at(Start::Bootsvc, lines, End::TimedOut), 6);
    }
    assert_eq!(code_at(Start::Bootsvc, &[FAILED], End::TimedOut), 1);
}

#[test]
fn a_machine_that_resets_itself_has_not_passed() {
    assert_eq!(code_at(Start::Bootsvc, &[OK], End::Exited(Some(0))), 7);
    assert_eq!(code_at(Start::Bootsvc, &["hello"], End::Exited(None)), 7);
    assert_eq!(code_at(Start::Bootsvc, &[], End::Exited(Some(0))), 5);
}
