//! The list of the tests. Each one runs in a process of its own: see [`subprocess`].

mod causes;
mod concurrent_calls;
mod descriptors;
mod filtered;
mod forks;
mod guard_pages;
mod handles;
mod leaks;
#[path = "../linux/suite.rs"]
mod linux;
mod namespaces;
mod old_kernels;
mod pid_namespaces;
mod pids;
mod proc_mounts;
mod refused;
mod seccomp;
mod signals;
mod subprocess;
mod under_way;

use libtest_mimic::{Arguments, Trial};
use linux::debuggee;
use zx_process_memory::linux::{Kernel, set_kernel};

/// A name and its function. The function of a test panics if the statement in its name is false.
type Function = (&'static str, fn());

macro_rules! functions {
    ($($module:ident: $($name:ident)*;)*) => {
        &[$($(
            (concat!(stringify!($module), "::", stringify!($name)), $module::$name),
        )*)*]
    };
}

const TESTS: &[Function] = functions! {
    under_way:
        killed_target_is_bad_state_and_bystander_is_unchanged
        stopped_target_is_written
        program_after_exec_is_not_written_or_read
        program_after_exec_is_not_read_while_its_old_memory_lives
        handle_opened_during_exec_names_one_program
        remapped_memory_is_written_or_no_memory
        remapped_read_only_memory_is_written_or_no_memory
        remapped_memory_without_permission_is_written_or_no_memory
        remapped_shared_memory_is_written_or_no_memory
        remapped_shared_read_only_memory_is_access_denied_or_no_memory
        remapped_memory_past_file_end_is_out_of_range_or_no_memory;
    pids:
        process_with_reused_pid_is_not_written_or_read
        open_during_pid_reuse_succeeds_or_fails;
    causes:
        guard_region_is_access_denied
        guard_region_of_a_file_is_access_denied
        secret_memory_is_access_denied
        page_that_a_userfaultfd_has_not_supplied_is_access_denied
        other_refusals_have_their_own_causes;
    pid_namespaces:
        same_pid_in_nested_namespace_has_other_koid
        same_pid_in_other_proc_mount_has_other_koid
        same_pid_in_nested_namespace_without_pidfs_has_other_koid
        same_pid_in_other_proc_mount_without_pidfs_has_other_koid
        fork_with_pid_of_its_parent_has_other_koid
        fork_with_reused_pid_is_not_read_while_the_old_memory_lives
        fork_in_which_a_pid_is_of_another_process_reads_the_opened_one;
    handles:
        handle_closed_during_writes_never_names_other_process
        concurrent_opens_return_one_koid
        concurrent_process_self_calls_return_one_handle;
    signals:
        calls_succeed_under_frequent_signals;
    forks:
        write_to_fork_does_not_change_parent;
    leaks:
        million_duplicates_leak_nothing
        hundred_thousand_opens_leak_nothing
        failed_opens_leak_nothing
        hundred_thousand_writes_leak_nothing;
    descriptors:
        open_without_free_descriptors_is_no_resources
        calls_on_open_handle_need_no_free_descriptors;
    refused:
        process_of_other_user_is_access_denied
        undumpable_target_is_access_denied
        own_memory_of_undumpable_debugger_is_bad_handle
        sibling_under_yama_is_access_denied;
    proc_mounts:
        process_hidden_by_hidepid_is_access_denied
        open_without_proc_is_not_supported
        open_with_other_file_system_on_proc_is_not_supported
        proc_of_parent_namespace_is_sufficient
        proc_of_child_namespace_is_not_supported;
    filtered:
        write_without_pwrite_is_access_denied
        read_and_open_without_pread_fail
        open_and_calls_without_procmap_query_succeed
        call_within_a_page_of_a_seen_mapping_needs_no_look_up
        open_of_process_that_linux_reports_as_ended_is_bad_state
        open_without_ppoll_is_bad_state;
    old_kernels:
        without_procmap_query_all_tests_of_the_linux_backend_pass
        without_procmap_query_remapped_memory_is_written_or_no_memory
        without_pidfd_open_an_open_is_not_supported
        where_pidfd_open_is_forbidden_an_open_is_access_denied
        without_pidfs_process_whose_name_is_not_utf8_is_written
        without_waitid_on_pidfds_from_child_is_not_supported;
};

/// Tests that take minutes. They run only with `--ignored`.
const LONG_TESTS: &[Function] = functions! {
    leaks:
        million_opens_leak_nothing;
};

/// Functions that tests run in further subprocesses: as another user, or in another namespace.
const SUBPROCESS_FUNCTIONS: &[Function] = functions! {
    filtered:
        without_procmap_query;
    handles:
        concurrent_process_self_calls;
    pids:
        same_pid
        open_during_pid_reuse;
    pid_namespaces:
        same_pid
        same_pid_in_other_proc_mount
        same_pid_without_pidfs
        same_pid_in_other_proc_mount_without_pidfs
        pid_of_parent
        inherited_handle
        reused_pid_and_mark;
    refused:
        assert_access_denied
        undumpable_target
        undumpable_debugger
        assert_own_child_is_written
        sibling_of_same_user;
    proc_mounts:
        hidepid
        proc_unmounted
        other_file_system_on_proc
        proc_of_parent_namespace
        mount_proc_and_wait;
};

pub(crate) fn main() {
    // Debuggees and subprocesses are this program, started again.
    if debuggee::is_debuggee() {
        return debuggee::serve();
    }
    // These tests state the statuses of the man page, whichever kernel the environment selects.
    set_kernel(Kernel::ManPage);
    if let Some(requested) = subprocess::requested_function() {
        let mut all = TESTS.iter().chain(LONG_TESTS).chain(SUBPROCESS_FUNCTIONS);
        return all.find(|(name, _)| *name == requested).unwrap().1();
    }
    let tests = TESTS.iter().map(|test| (test, false));
    let long_tests = LONG_TESTS.iter().map(|test| (test, true));
    let trials = tests.chain(long_tests).map(|((name, _), is_long)| {
        Trial::ignorable_test(*name, || subprocess::run_trial(name)).with_ignored_flag(is_long)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
