//! Runs every case on every target, one after the other.

mod call;
mod caller_buffer;
mod case;
mod cases;
mod checks;
mod expect;
mod image;
mod kernel;
mod layout;
mod measured;
mod page_size;
mod read_buffer;
mod report;
mod run;
mod target;

use self::case::Call;
use self::kernel::Kernel;
use self::run::Verdict;
use self::target::{Skip, TargetKind, system};
use clap::Parser;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::env;
use std::iter;
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
    #[cfg(target_os = "fuchsia")]
    let _output = system::redirect_output();
    let options = Options::from_environment();
    if options.no_debugging_syscalls {
        system::disable_debugging_syscalls();
    }
    let kernel = match Kernel::detect() {
        Ok(kernel) => kernel,
        Err(message) => {
            println!("conformance: {message}");
            return ExitCode::FAILURE;
        }
    };
    if options.no_debugging_syscalls && kernel.has_debugging_syscalls {
        println!("conformance: debugging syscalls cannot be disabled on this kernel");
        return ExitCode::FAILURE;
    }
    let this_kernel = run_on(kernel, case_set, &options);
    let is_one_run = options.no_debugging_syscalls || options.compare.is_some();
    if this_kernel == ExitCode::SUCCESS && !options.libtest.list && !is_one_run {
        return system::run_on_other_kernels();
    }
    this_kernel
}

fn run_on(kernel: Kernel, case_set: CaseSet, options: &Options) -> ExitCode {
    println!("kernel: {}", kernel.name());
    let rows = Arc::new(Mutex::new(Vec::new()));
    let mut trials = Vec::new();
    for target in [TargetKind::Own, TargetKind::Child] {
        for call in [Call::Write, Call::Read] {
            for case in cases::of(case_set).filter(|case| run::applies_to(case, call, target)) {
                let rows = Arc::clone(&rows);
                let name = format!("{call}: {}", case.name);
                trials.push(trial(target, &name, move || {
                    let (verdict, row) = run::run(&case, call, target, kernel);
                    rows.lock().unwrap().push(row);
                    verdict
                }));
            }
        }
        if case_set == CaseSet::Main {
            for (name, check) in checks::of(kernel) {
                trials.push(trial(target, name, move || match check(target) {
                    Ok(()) => Verdict::Passed,
                    Err(Skip(reason)) => Verdict::Skipped(reason),
                }));
            }
        }
    }

    let conclusion = libtest_mimic::run(&options.libtest, trials);
    if options.libtest.list {
        return ExitCode::SUCCESS;
    }
    let rows = rows.lock().unwrap();
    let stored = options.compare.as_deref();
    if options.json || stored.is_none() {
        report::print(&rows, options.json);
        report::print_zeroed(&rows);
    }
    let stored = stored.or_else(|| system::measured_table(kernel));
    let is_as_measured = stored.is_none_or(|name| measured::compare(&rows, name));
    let is_complete = conclusion.num_filtered_out == 0;
    let required = kernel.required_runs(case_set);
    let is_enough = report::print_totals(kernel, &conclusion, required, is_complete);
    // On Fuchsia, the policy of a component may forbid layouts. On Linux nothing does.
    if !is_as_measured || system::IS_LINUX_BACKEND && !is_enough {
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// Further arguments, separated by `+`, since not every boot passes arguments on. Other boots do not pass
/// variables on.
const ARGUMENTS: &str = "CONFORMANCE_ARGUMENTS";

/// The command line. It has the options of libtest, too.
#[derive(Parser)]
#[command(name = "conformance")]
struct Options {
    /// Print the table as JSON lines
    #[arg(long)]
    json: bool,
    /// Print the rows that differ from the stored table of a measured kernel, and fail if there are any
    #[arg(long, value_name = "NAME", value_parser = measured::names())]
    compare: Option<String>,
    /// On Linux: disable debugging syscalls first
    #[arg(long)]
    no_debugging_syscalls: bool,
    #[command(flatten)]
    libtest: Arguments,
}

impl Options {
    fn from_environment() -> Self {
        let further = env::var(ARGUMENTS).unwrap_or_default();
        let further = further.split('+').filter(|argument| !argument.is_empty());
        // clap ignores the first argument. A program without arguments does not have this one.
        let arguments = env::args().skip(1).chain(further.map(str::to_owned));
        let mut options = Self::parse_from(iter::once("conformance".to_owned()).chain(arguments));
        // The cases share the suite's own process.
        options.libtest.test_threads = Some(1);
        options
    }
}

fn trial(target: TargetKind, name: &str, run: impl FnOnce() -> Verdict + Send + 'static) -> Trial {
    let name = format!("{target:?}: {name}").to_lowercase();
    Trial::ignorable_test(name, move || match run() {
        Verdict::Passed => Ok(Completion::Completed),
        Verdict::Skipped(reason) => Ok(Completion::ignored_with(reason)),
        Verdict::Failed(message) => Err(Failed::from(message)),
    })
}
