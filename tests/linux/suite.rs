//! The list of the tests.

mod address_space;
mod children;
#[allow(dead_code)] // `faults` uses all of it.
pub(crate) mod debuggee;
mod handles;
mod jobs;
mod limits;
mod maps;
mod memory_cursor;
mod order;
mod read;
mod stacks;
mod write_all;

use libtest_mimic::Trial;

/// Each test is a function, which panics if the statement in its name is false.
macro_rules! tests {
    ($($module:ident: $($name:ident)*;)*) => {
        vec![$($(
            Trial::test(concat!(stringify!($module), "::", stringify!($name)), || {
                $module::$name();
                Ok(())
            }),
        )*)*]
    };
}

#[allow(clippy::too_many_lines)] // It is a list.
pub(crate) fn tests() -> Vec<Trial> {
    tests! {
        limits:
            one_byte_is_written
            adjacent_bytes_are_unchanged
            unaligned_writes_cross_pages
            zero_length_is_invalid_args
            write_of_64_mib_succeeds
            length_above_64_mib_is_invalid_args;
        address_space:
            write_stops_at_end_of_mapping
            write_does_not_continue_in_adjacent_mapping
            write_that_starts_in_adjacent_mapping_succeeds
            write_to_hole_is_no_memory
            write_stops_at_hole
            null_kernel_and_noncanonical_addresses_are_no_memory
            read_only_pages_are_written
            executable_pages_are_written
            pages_without_permission_are_written
            write_to_vdso_is_access_denied
            write_to_vdso_by_handle_opened_during_exec_is_access_denied
            write_stops_before_vdso
            shared_memory_is_written
            shared_read_only_memory_is_access_denied
            memory_past_file_end_is_out_of_range
            page_unmapped_after_open_is_no_memory;
        read:
            rest_of_the_buffer_after_a_short_read_is_unchanged;
        stacks:
            call_below_the_stack_is_no_memory_and_does_not_grow_it
            call_below_memory_that_grows_down_does_not_grow_it;
        children:
            killed_child_is_bad_state
            reaped_child_is_bad_state
            exited_child_is_bad_state
            old_handle_is_bad_state_after_exec
            new_handle_after_exec_writes_new_program
            stopped_child_is_written
            from_child_of_ended_child_is_bad_state
            from_child_of_reaped_child_is_bad_state
            from_pid_of_invalid_or_unused_pid_fails
            from_pid_of_calling_process_is_invalid_args
            from_pid_of_ended_child_is_bad_state_until_reaped
            handles_to_one_process_have_equal_koids;
        handles:
            handle_without_write_right_is_access_denied
            write_right_alone_is_sufficient
            job_handle_is_wrong_type
            closed_handle_is_bad_handle
            value_of_closed_handle_is_not_reused
            zero_and_unknown_values_are_bad_handle
            closing_zero_succeeds
            handle_values_have_both_low_bits_set
            duplicate_has_requested_rights
            duplicate_requires_right_and_rejects_added_rights
            info_reports_koid_rights_and_type
            info_checks_size_topic_and_buffer
            null_out_pointers_are_invalid_args
            koids_are_not_reused
            job_returns_children_by_koid
            borrowed_handle_is_not_closed
            close_during_write_does_not_redirect_it;
        order:
            earliest_failed_check_determines_status
            failed_call_leaves_actual_unchanged
            null_actual_is_invalid_args_after_write;
        write_all:
            write_all_continues_in_next_mapping
            write_all_splits_more_than_64_mib
            write_all_stops_at_hole_and_reports_address
            write_all_to_ended_process_is_bad_state
            write_all_matches_model;
        read:
            pages_of_all_permissions_are_read
            read_stops_at_end_of_mapping
            read_exact_continues_in_next_mapping_and_stops_at_hole
            read_exact_splits_more_than_64_mib
            uninitialized_buffer_is_split_at_count
            lengths_zero_and_above_64_mib_are_invalid_args
            read_requires_read_and_write_rights
            reads_of_holes_file_ends_and_ended_processes_fail
            vdso_is_read_and_vvar_is_access_denied
            null_buffer_and_null_actual_are_invalid_args
            integers_round_trip_in_both_byte_orders
            read_exact_matches_model;
        memory_cursor:
            written_text_is_read_back
            errors_contain_status_and_progress
            empty_buffers_make_no_call
            seek_outside_address_space_is_invalid_input
            read_above_64_mib_is_short
            cursor_accepts_reference_arc_and_process_ref;
        jobs:
            process_is_found_by_koid
            unknown_koid_is_not_found
            koid_of_calling_process_is_invalid_args
            debug_output_shows_handle
            find_process_fails_on_wrong_closed_and_weak_handles;
        maps:
            records_match_proc_maps
            small_buffer_receives_first_records
            inspect_right_is_required
            ended_process_is_bad_state;
    }
}
