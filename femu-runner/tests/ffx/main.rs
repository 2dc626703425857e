//! Runs the ffx engine with a fake ffx (`fake`).
//!
//! This program is also the fake: the scripts `ffx` and `cmc` of the fake SDK start it with `FAKE_TOOL`.
#![allow(missing_docs, missing_debug_implementations)]

mod calls;
mod emulator;
mod fake;
mod package_server;
mod result;
mod sdk;
#[allow(dead_code)]
#[path = "../support/fake.rs"]
mod support;

use libtest_mimic::{Arguments, Trial};
use std::env;
use std::process::ExitCode;

/// The tests of a module, with their names.
macro_rules! trials {
    ($module:ident: $($test:ident,)*) => {
        [$(Trial::test(concat!(stringify!($module), "::", stringify!($test)), || {
            $module::$test();
            Ok(())
        }),)*]
    };
}

fn main() -> ExitCode {
    if let Ok(tool) = env::var(fake::TOOL) {
        return fake::main(&tool);
    }
    let mut tests = Vec::new();
    tests.extend(trials!(calls:
        each_profile_since_2024_accepts_all_calls,
        ffx_of_2023_is_too_old,
        dry_run_prints_all_calls_and_makes_none,
        variables_that_name_a_target_are_removed,
        missing_parts_are_reported_with_hint,
        bundle_must_be_a_directory_with_product_bundle_json,
        bundle_of_another_version_is_reported,
        api_level_is_the_number_of_the_sdk_or_the_one_given,
        manifest_has_test_runner_and_environment,
        configuration_is_set,
        call_that_ffx_rejects_is_reported_with_its_words,
        realm_is_passed_on,
        arguments_are_passed_unchanged,
    ));
    tests.extend(trials!(emulator:
        emulator_and_server_survive_their_calls_and_no_run,
        emulator_that_ffx_cannot_stop_is_killed,
        kept_emulator_is_used_again,
        dead_emulator_is_replaced,
        emulator_that_does_not_answer_is_replaced,
        debugging_syscalls_can_be_off,
        engine_is_qemu_without_aemu,
        engine_can_be_given,
        emulator_that_fails_is_reported_and_stopped,
        runs_with_one_isolate_dir_wait_for_each_other,
    ));
    tests.extend(trials!(package_server:
        left_over_server_is_stopped_first,
        unknown_host_address_selects_the_tunnel,
        unknown_host_address_of_2024_is_reported,
    ));
    tests.extend(trials!(result:
        outcomes_have_their_exit_statuses,
        stdout_is_the_output_of_the_program,
        report_of_ffx_is_printed_on_request,
        output_appears_while_the_test_runs,
        signal_stops_the_test_and_the_emulator,
        ffx_that_does_not_end_is_stopped,
    ));
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
