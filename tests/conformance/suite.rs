//! The suite: every case for every process that can be had, one after the other.

mod case;
mod cases;
mod kernel;
mod layout;
mod report;
mod run;
mod target;

use self::run::Verdict;
use self::target::{Skip, Who, system};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// Which cases a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // Each program has its part.
pub(crate) enum Part {
    /// All but those with bad handles.
    Cases,
    /// Those alone. A job policy may turn each of them into an exception.
    BadHandles,
}

pub(crate) fn main(part: Part) -> ExitCode {
    if system::is_victim() {
        system::serve();
        return ExitCode::SUCCESS;
    }
    let era = match kernel::era() {
        Ok(era) => era,
        Err(why) => {
            system::say(&format!("conformance: {why}"));
            return ExitCode::FAILURE;
        }
    };
    system::say(&format!("kernel: {}", era.name()));

    let rows = Arc::new(Mutex::new(Vec::new()));
    let mut trials = Vec::new();
    for who in [Who::Own, Who::Child] {
        for case in cases::of(part).filter(|case| run::is_for(case, who)) {
            let rows = Arc::clone(&rows);
            trials.push(trial(who, case.name, move || {
                let (verdict, row) = run::run(&case, who, era);
                rows.lock().unwrap().push(row);
                verdict
            }));
        }
        if part == Part::Cases {
            let others: [(&str, fn(Who) -> Result<(), Skip>); 3] = [
                (
                    "the loop goes on into the next mapping",
                    run::loop_crosses_mappings,
                ),
                (
                    "a null count is told after the write",
                    run::null_actual_is_told_after_the_write,
                ),
                (
                    "two handles to one process have one koid",
                    run::two_handles_to_one_process_have_one_koid,
                ),
            ];
            for (name, check) in others {
                trials.push(trial(who, name, move || match check(who) {
                    Ok(()) => Verdict::Passed,
                    Err(Skip(reason)) => Verdict::Skipped(reason),
                }));
            }
        }
    }

    // One process is laid out for one case at a time.
    let arguments = Arguments {
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        report::print(&rows.lock().unwrap());
        let (passed, failed) = (conclusion.num_passed, conclusion.num_failed);
        let skipped = conclusion.num_ignored;
        system::say(&format!("kernel: {}", era.name()));
        system::say(&format!(
            "{passed} passed, {failed} failed, {skipped} skipped"
        ));
    }
    conclusion.exit_code()
}

fn trial(who: Who, name: &str, run: impl FnOnce() -> Verdict + Send + 'static) -> Trial {
    let name = format!("{who:?}: {name}").to_lowercase();
    Trial::ignorable_test(name, move || match run() {
        Verdict::Passed => Ok(Completion::Completed),
        Verdict::Skipped(reason) => Ok(Completion::ignored_with(reason)),
        Verdict::Failed(why) => Err(Failed::from(why)),
    })
}
