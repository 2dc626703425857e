//! Runs every case on every target, one after the other.

mod call;
mod case;
mod cases;
mod checks;
mod expect;
mod image;
mod kernel;
mod layout;
mod read_buffer;
mod report;
mod run;
mod target;

use self::case::Call;
use self::run::Verdict;
use self::target::{Skip, TargetKind, system};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::env;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// The cases that a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // Each program constructs one of them.
pub(crate) enum CaseSet {
    /// All cases except those with bad handles.
    Main,
    /// The cases with bad handles. A job policy may turn each into an exception.
    BadHandles,
}

pub(crate) fn main(case_set: CaseSet) -> ExitCode {
    if system::is_debuggee() {
        system::serve();
        return ExitCode::SUCCESS;
    }
    let era = match kernel::detect_era() {
        Ok(era) => era,
        Err(message) => {
            system::print_line(&format!("conformance: {message}"));
            return ExitCode::FAILURE;
        }
    };
    system::print_line(&format!("kernel: {}", era.name()));

    let rows = Arc::new(Mutex::new(Vec::new()));
    let mut trials = Vec::new();
    for target in [TargetKind::Own, TargetKind::Child] {
        for call in [Call::Write, Call::Read] {
            for case in cases::of(case_set).filter(|case| run::applies_to(case, call, target)) {
                let rows = Arc::clone(&rows);
                let name = format!("{call}: {}", case.name);
                trials.push(trial(target, &name, move || {
                    let (verdict, row) = run::run(&case, call, target, era);
                    rows.lock().unwrap().push(row);
                    verdict
                }));
            }
        }
        if case_set == CaseSet::Main {
            for (name, check) in checks::ALL {
                trials.push(trial(target, name, move || match check(target) {
                    Ok(()) => Verdict::Passed,
                    Err(Skip(reason)) => Verdict::Skipped(reason),
                }));
            }
        }
    }

    // An argument, not an environment variable, since not every boot passes variables on.
    let (json, arguments): (Vec<_>, Vec<_>) = env::args().partition(|arg| arg == "--json");
    let arguments = Arguments {
        // The cases share the suite's own process.
        test_threads: Some(1),
        ..Arguments::from_iter(arguments)
    };
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list {
        return ExitCode::SUCCESS;
    }
    let rows = rows.lock().unwrap();
    report::print(&rows, !json.is_empty());
    report::print_zeroed(&rows);
    system::print_line(&format!("kernel: {}", era.name()));
    let is_complete = conclusion.num_filtered_out == 0;
    let required = era.required_passes(case_set);
    let is_enough = report::print_totals(&conclusion, required, is_complete);
    // On Fuchsia, the policy of a component may forbid layouts. On Linux nothing does.
    if system::IS_LINUX_BACKEND && !is_enough {
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

fn trial(target: TargetKind, name: &str, run: impl FnOnce() -> Verdict + Send + 'static) -> Trial {
    let name = format!("{target:?}: {name}").to_lowercase();
    Trial::ignorable_test(name, move || match run() {
        Verdict::Passed => Ok(Completion::Completed),
        Verdict::Skipped(reason) => Ok(Completion::ignored_with(reason)),
        Verdict::Failed(message) => Err(Failed::from(message)),
    })
}
