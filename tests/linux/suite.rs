//! The list of all tests.

mod address_space;
mod children;
pub(crate) mod debuggee;
mod handles;
mod jobs;
mod limits;
mod maps;
mod memory_cursor;
mod order;
mod read;
mod write_all;

use libtest_mimic::Trial;

/// Each test is a function that panics if its name is not true.
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

pub(crate) fn tests() -> Vec<Trial> {
    tests! {
        limits:
            one_byte_is_written
            nothing_beside_the_bytes_is_written
            a_write_of_any_alignment_crosses_pages
            no_bytes_are_refused
            exactly_64_mib_are_written
            one_byte_more_than_64_mib_is_refused;
        address_space:
            a_write_stops_at_the_end_of_the_mapping
            an_adjacent_mapping_is_not_entered
            an_adjacent_mapping_is_written_by_its_own_address
            a_hole_has_no_memory
            a_hole_after_a_page_ends_the_write
            null_kernel_and_impossible_addresses_have_no_memory
            read_only_pages_are_written
            executable_pages_are_written
            pages_without_permission_are_written
            the_vdso_is_refused
            the_vdso_is_refused_through_a_handle_made_during_exec
            a_write_that_would_reach_the_vdso_does_not
            shared_memory_is_written
            shared_read_only_memory_is_refused
            memory_past_the_end_of_a_file_is_out_of_range
            an_unmapped_page_is_gone_for_a_handle_made_before;
        children:
            a_killed_child_is_in_a_bad_state
            a_reaped_child_is_in_a_bad_state
            a_child_that_exited_is_in_a_bad_state
            a_child_that_became_another_program_is_in_a_bad_state
            a_new_handle_reaches_the_other_program
            a_stopped_child_is_written
            from_child_refuses_a_child_that_ended
            from_child_refuses_a_child_that_was_waited_for
            from_pid_refuses_what_is_no_process
            from_pid_refuses_the_calling_process
            from_pid_refuses_a_child_that_ended
            one_process_has_one_koid;
        handles:
            a_handle_without_write_is_refused
            a_handle_with_write_alone_is_enough
            a_handle_of_another_type_is_refused
            a_closed_handle_is_refused
            a_stale_handle_is_refused_after_new_ones_were_made
            zero_and_garbage_are_no_handles
            closing_zero_is_no_error
            values_are_shaped_as_zircons
            a_duplicate_has_what_was_asked_for
            a_duplicate_needs_the_right_and_no_more_rights
            info_tells_koid_rights_and_type
            info_of_another_size_or_topic_is_refused
            an_answer_needs_a_place
            koids_are_never_reused
            a_job_hands_out_its_children
            a_borrowed_handle_stays_open
            a_close_does_not_redirect_a_write;
        order:
            of_two_errors_the_first_checked_is_told
            a_failed_call_leaves_actual_alone
            a_null_actual_is_told_after_the_write;
        write_all:
            goes_on_into_the_next_mapping
            takes_more_than_64_mib
            stops_at_a_hole_and_says_where
            ends_when_the_process_is_gone
            equals_the_model;
        read:
            any_page_is_read_whatever_its_permissions
            a_read_stops_at_the_end_of_the_mapping
            read_exact_goes_on_and_stops_at_a_hole
            read_exact_takes_more_than_64_mib
            an_uninitialised_buffer_is_split_at_the_count
            sizes_are_those_of_a_write
            both_rights_are_needed
            what_is_not_there_cannot_be_read
            the_vdso_can_be_read
            a_null_buffer_and_a_null_count_are_refused
            integers_come_back_in_both_byte_orders
            equals_the_model;
        memory_cursor:
            what_was_written_is_read_again
            errors_keep_the_status_and_how_far_it_came
            nothing_is_read_or_written_without_a_call
            a_seek_stays_among_the_addresses
            much_is_read_in_parts
            the_process_is_held_as_the_caller_likes;
        jobs:
            a_process_is_found_by_its_koid
            what_is_not_below_the_job_is_not_found
            the_calling_process_is_refused
            a_job_shows_its_handle
            what_is_no_job_is_refused;
        maps:
            every_mapping_is_listed_as_linux_shows_it
            a_buffer_that_is_too_small_gets_what_fits
            the_right_to_inspect_is_needed
            a_process_that_is_gone_is_in_a_bad_state;
    }
}
