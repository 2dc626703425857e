//! The list of all tests.

#[cfg(target_os = "linux")]
mod boundaries;
mod breakpoints;
mod child_process;
mod debuggee;
#[cfg(any(
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "x86_64"
))]
mod executed;
mod find_process;
#[cfg(feature = "gdbstub")]
mod gdb;
#[path = "../../../tests/harness/harness.rs"]
mod harness;
mod lift;
mod memory_map;
mod model;
mod modules;
mod refused_writes;

use debuggee::child_starts;
use harness::{always, debugging_syscalls_off, debugging_syscalls_on, tests};
use libtest_mimic::Trial;
use modules::child_starts_or_own_map_is_readable;
use std::process::ExitCode;

pub(crate) fn main() -> ExitCode {
    if debuggee::is_debuggee() {
        debuggee::serve();
        return ExitCode::SUCCESS;
    }
    let mut tests = tests_for_every_kernel();
    #[cfg(feature = "gdbstub")]
    tests.extend(gdb_tests());
    #[cfg(target_os = "fuchsia")]
    tests.extend(tests! {
        always {
            find_process:
                process_is_found_in_nested_jobs;
        }
        bare_process_and_debugging_syscalls_on {
            breakpoints:
                breakpoint_in_memory_that_became_uncached_stays_inserted;
        }
    });
    #[cfg(any(
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "x86_64"
    ))]
    tests.extend(executed_tests());
    #[cfg(target_os = "linux")]
    tests.extend(linux_tests());
    harness::main(tests)
}

/// A policy can forbid to create a process without a program.
#[cfg(target_os = "fuchsia")]
fn bare_process_and_debugging_syscalls_on() -> Option<&'static str> {
    let is_forbidden = debuggee::bare_process::BareProcess::create().is_err();
    let reason = "this system cannot create a process without a program";
    debugging_syscalls_on().or(is_forbidden.then_some(reason))
}

#[cfg(any(
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "x86_64"
))]
fn executed_tests() -> Vec<Trial> {
    #[cfg(target_os = "linux")]
    use debugging_syscalls_on as bare_process_and_debugging_syscalls_on;
    #[cfg_attr(target_os = "linux", allow(unused_mut))]
    let mut tests = tests! {
        bare_process_and_debugging_syscalls_on {
            executed:
                thread_stops_at_a_breakpoint_and_continues_after_its_removal
                every_pass_stops_the_thread_once
                every_pass_stops_each_of_two_threads_once
                two_stopped_threads_continue_after_removal
                breakpoint_in_text_that_is_mapped_twice_ends_a_thread_at_the_other_address
                second_debugger_is_refused
                detached_process_runs;
        }
    };
    #[cfg(target_os = "fuchsia")]
    tests.extend(tests! {
        bare_process_and_debugging_syscalls_on {
            executed:
                program_is_stopped_after_the_break_instruction_of_its_loader;
        }
    });
    tests
}

fn tests_for_every_kernel() -> Vec<Trial> {
    tests! {
        always {
            find_process:
                process_is_found_by_its_koid
                unknown_koid_is_not_found
                own_koid_is_invalid_args;
            memory_map:
                map_contains_data
                first_and_last_byte_of_mappings_are_readable
                map_requires_the_inspect_right;
            breakpoints:
                misaligned_address_is_refused
                riscv64_break_instruction_has_the_length_of_the_original
                error_has_address_status_and_source
                rollback_failed_prints_the_error_of_the_rollback
                debug_of_an_error_prints_addresses_in_hex
                insert_at_an_unmapped_address_is_a_read_error;
        }
        child_starts {
            memory_map:
                map_contains_code
                mappings_are_sorted_and_do_not_overlap
                vdso_has_its_own_kind;
        }
        child_starts_or_own_map_is_readable {
            modules:
                program_and_vdso_are_modules
                segments_lie_in_mappings_with_their_permissions;
        }
        debugging_syscalls_on {
            breakpoints:
                insert_writes_the_break_instruction
                remove_restores_the_original_bytes
                get_returns_the_instruction_at_its_first_address
                overlapping_breakpoint_is_refused
                overwritten_breakpoint_is_not_restored
                partial_read_hides_only_an_intact_instruction
                break_instruction_that_is_written_is_a_program_byte
                remove_without_a_breakpoint_is_not_inserted
                remove_all_restores_the_original_bytes
                forgotten_breakpoint_stays_in_the_process
                drop_removes_breakpoints
                drop_leaves_breakpoints_if_selected
                into_inner_removes_breakpoints_and_returns_the_process
                into_inner_leaves_breakpoints_if_selected
                debug_prints_handle_and_addresses_but_no_bytes;
            lift:
                original_instruction_is_in_memory_while_the_breakpoint_is_lifted
                breakpoint_is_put_back_after_an_error_and_after_a_panic
                overwritten_breakpoint_is_not_lifted
                breakpoint_that_is_overwritten_while_lifted_is_not_put_back
                lift_without_a_breakpoint_is_not_inserted
                stop_is_at_the_breakpoint_whose_instruction_was_executed;
            memory_map:
                blocks_have_holes_and_no_break_instructions;
            model:
                reads_return_the_program_and_memory_has_the_instructions
                reads_return_what_the_program_has_overwritten;
        }
        debugging_syscalls_off {
            refused_writes:
                insert_is_not_supported_and_changes_nothing
                write_is_not_supported_and_changes_nothing;
        }
    }
}

#[cfg(feature = "gdbstub")]
fn gdb_tests() -> Vec<Trial> {
    tests! {
        always {
            gdb:
                target_can_refuse_breakpoints
                read_across_the_end_of_a_mapping_is_short
                missing_right_is_eacces
                register_write_is_an_error
                registers_are_those_of_the_description
                commands_that_run_the_process_report_a_message_and_an_interrupt
                auxiliary_vector_is_served_if_the_target_has_one
                registers_are_unavailable_except_the_program_counter;
        }
        debugging_syscalls_on {
            gdb:
                breakpoints_of_every_architecture_are_hidden
                breakpoint_can_be_set_and_removed_twice
                second_breakpoint_with_another_instruction_is_refused
                impossible_breakpoints_and_accesses_are_errors
                debug_of_a_target_prints_its_breakpoints;
        }
        debugging_syscalls_off {
            gdb:
                refused_write_is_eacces_and_refused_breakpoint_is_an_error;
        }
    }
}

#[cfg(target_os = "linux")]
fn linux_tests() -> Vec<Trial> {
    #[cfg_attr(not(feature = "gdbstub"), allow(unused_mut))]
    let mut tests = tests! {
        always {
            memory_map:
                map_of_an_ended_process_is_bad_state;
            boundaries:
                instruction_at_the_end_of_a_mapping_is_a_read_error;
        }
        debugging_syscalls_on {
            // On Fuchsia a job policy can raise an exception for a closed handle.
            breakpoints:
                breakpoint_stays_in_a_forked_process_after_removal
                breakpoint_stays_inserted_if_the_handle_is_closed;
            lift:
                error_of_putting_back_has_the_result_of_the_step;
            boundaries:
                instruction_may_cross_into_another_mapping
                instruction_is_overwritten_if_its_second_page_changes
                partial_insert_is_rolled_back
                partial_removal_is_rolled_back
                failed_rollback_of_an_insert_can_be_repaired
                failed_rollback_of_a_removal_can_be_repaired
                write_over_a_breakpoint_stops_at_the_end_of_the_mapping
                write_past_the_last_address_is_out_of_range
                short_read_hides_the_breakpoint
                removal_from_unmapped_memory_is_unmapped
                insert_fails_if_the_mapping_disappears_after_the_read
                removal_is_unmapped_if_the_mapping_disappears_after_the_comparison
                removal_restores_the_page_that_is_still_mapped
                removal_from_an_ended_process_is_unmapped
                drop_logs_breakpoints_that_it_cannot_remove
                into_inner_logs_breakpoints_that_it_cannot_remove;
        }
    };
    #[cfg(feature = "gdbstub")]
    tests.extend(tests! {
        debugging_syscalls_on {
            gdb:
                ended_process_is_eio_or_efault;
        }
    });
    tests
}
