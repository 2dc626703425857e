//! The list of all tests. Each one runs in a process of its own; see [`alone`].

mod alone;
mod descriptors;
mod filtered;
mod flat;
mod forks;
mod guarded;
mod handles;
#[path = "../linux/suite.rs"]
mod linux;
mod namespaces;
mod old_kernels;
mod pids;
mod proc_mounts;
mod refused;
mod same_pid_numbers;
mod seccomp;
mod signals;
mod storm;
mod under_way;

use libtest_mimic::{Arguments, Trial};
use linux::debuggee;

/// A function that panics if its name is not true.
type Test = (&'static str, fn());

macro_rules! tests {
    ($($module:ident: $($name:ident)*;)*) => {
        &[$($(
            (concat!(stringify!($module), "::", stringify!($name)), $module::$name),
        )*)*]
    };
}

const TESTS: &[Test] = tests! {
    under_way:
        a_killed_target_is_in_a_bad_state_and_no_other_is_written
        a_stopped_target_is_written_as_any_other
        a_successor_by_exec_is_not_written
        a_handle_opened_during_exec_is_of_one_program
        memory_that_comes_and_goes_is_there_or_not
        read_only_memory_that_comes_and_goes_is_there_or_not
        memory_without_permission_that_comes_and_goes_is_there_or_not
        shared_memory_that_comes_and_goes_is_there_or_not
        shared_read_only_memory_that_comes_and_goes_is_refused_or_not_there
        a_file_past_its_end_that_comes_and_goes_is_out_of_range_or_not_there;
    pids:
        a_process_with_the_same_pid_is_not_written
        a_pid_that_changes_hands_is_opened_or_refused;
    same_pid_numbers:
        another_process_with_the_same_pid_has_its_own_koid
        another_process_with_the_same_pid_in_another_proc_has_its_own_koid
        without_pidfs_another_process_with_the_same_pid_has_its_own_koid
        without_pidfs_another_process_in_another_proc_has_its_own_koid
        a_fork_with_its_parents_pid_is_itself;
    handles:
        a_handle_closed_under_writers_turns_to_no_other_process
        a_process_opened_by_many_threads_at_once_is_one_object
        the_own_process_is_one_for_all_threads;
    signals:
        signals_change_nothing;
    forks:
        a_forked_copy_is_written_and_this_process_is_not;
    flat:
        a_million_duplicates_leave_nothing
        a_hundred_thousand_opens_leave_nothing
        opens_that_fail_leave_nothing
        a_hundred_thousand_writes_leave_nothing;
    descriptors:
        an_open_without_descriptors_has_no_resources
        an_open_handle_needs_no_more_descriptors;
    refused:
        another_users_process_is_denied
        a_target_that_is_not_dumpable_is_denied
        a_debugger_that_is_not_dumpable_is_denied_its_own_memory
        yama_denies_what_is_no_descendant;
    proc_mounts:
        a_process_that_hidepid_hides_is_denied
        without_proc_nothing_opens_and_open_handles_go_on
        another_proc_over_it_is_not_supported
        the_proc_of_a_namespace_above_is_used
        the_proc_of_a_namespace_below_is_not_supported;
    filtered:
        a_write_that_is_forbidden_is_denied
        where_reads_are_forbidden_they_are_denied_and_nothing_opens
        where_mappings_may_not_be_asked_for_long_writes_are_denied
        where_memory_is_gone_at_each_look_nothing_opens
        where_polling_is_forbidden_nothing_opens;
    old_kernels:
        without_procmap_query_all_is_the_same
        without_procmap_query_memory_comes_and_goes_the_same
        without_pidfd_open_opening_is_not_supported
        where_pidfd_open_is_forbidden_opening_is_denied
        without_waitid_on_a_pidfd_a_child_is_not_supported;
};

/// Run only when asked for, with `--ignored`: they take minutes.
const LONG: &[Test] = tests! {
    flat:
        a_million_opens_leave_nothing;
};

/// What tests have other processes do: as another user, in another namespace.
const PARTS: &[Test] = tests! {
    handles:
        own_process_asked_for_at_once;
    pids:
        same_pid
        changing_hands;
    same_pid_numbers:
        same_pid
        same_pid_in_another_proc
        same_pid_without_pidfs
        same_pid_in_another_proc_without_pidfs
        own_pid;
    refused:
        process_is_denied
        undumpable_target
        undumpable_debugger
        own_child_is_written
        stranger_of_the_same_user;
    proc_mounts:
        hidden
        unmounted
        covered
        proc_of_a_namespace_above
        mount_proc_and_stay;
};

pub(crate) fn main() {
    // The debuggees are this program, started again, and so is the process of each test.
    if debuggee::wanted() {
        return debuggee::serve();
    }
    if let Some(wanted) = alone::wanted() {
        let mut known = TESTS.iter().chain(LONG).chain(PARTS);
        return known.find(|(name, _)| *name == wanted).unwrap().1();
    }
    let short = TESTS.iter().map(|test| (test, false));
    let long = LONG.iter().map(|test| (test, true));
    let trials = short.chain(long).map(|((name, _), is_long)| {
        Trial::ignorable_test(*name, || alone::trial(name)).with_ignored_flag(is_long)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
