//! The suite: every case for every process that can be had, one after the other.

mod call;
mod case;
mod cases;
mod checks;
mod expect;
mod image;
mod kernel;
mod layout;
mod received;
mod report;
mod run;
mod target;

use self::case::Call;
use self::run::Verdict;
use self::target::{Skip, Who, system};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::env;
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
    if system::is_debuggee() {
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
        for call in [Call::Write, Call::Read] {
            for case in cases::of(part).filter(|case| run::is_for(case, call, who)) {
                let rows = Arc::clone(&rows);
                trials.push(trial(who, &format!("{call}: {}", case.name), move || {
                    let (verdict, row) = run::run(&case, call, who, era);
                    rows.lock().unwrap().push(row);
                    verdict
                }));
            }
        }
        if part == Part::Cases {
            for (name, check) in checks::ALL {
                trials.push(trial(who, name, move || match check(who) {
                    Ok(()) => Verdict::Passed,
                    Err(Skip(reason)) => Verdict::Skipped(reason),
                }));
            }
        }
    }

    // The one argument of our own. (Not a variable: not every boot hands those on.)
    let (own, others): (Vec<_>, Vec<_>) = env::args().partition(|argument| argument == "--json");
    let arguments = Arguments {
        // One process is laid out for one case at a time.
        test_threads: Some(1),
        ..Arguments::from_iter(others)
    };
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    let rows = rows.lock().unwrap();
    report::print(&rows, !own.is_empty());
    report::print_zeroed(&rows);
    system::say(&format!("kernel: {}", era.name()));
    let is_whole = conclusion.num_filtered_out == 0;
    let is_enough = report::print_totals(&conclusion, era.passed(part), is_whole);
    // A component's policy may forbid much on Fuchsia. Linux forbids nothing.
    if system::IS_STAND_IN && !is_enough {
        return ExitCode::FAILURE;
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
