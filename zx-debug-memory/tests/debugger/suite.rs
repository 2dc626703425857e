//! The list of all tests.

mod breakpoints;
mod debuggee;
#[cfg(target_os = "linux")]
mod edges;
mod found;
#[cfg(feature = "gdbstub")]
mod gdb;
mod map;
mod model;

use libtest_mimic::{Arguments, Trial};

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

pub(crate) fn main() {
    if debuggee::wanted() {
        return debuggee::serve();
    }
    let mut tests = tests! {
        found:
            the_victim_is_found_by_its_koid
            nobody_else_is;
        map:
            the_victims_memory_is_mapped
            mappings_are_in_order_and_apart
            a_mapping_can_be_read_from_its_first_byte_to_its_last
            the_vdso_is_told_apart
            the_right_is_needed;
        breakpoints:
            an_inserted_breakpoint_stands_in_the_process
            a_removed_breakpoint_leaves_what_was_there
            a_second_one_in_the_same_place_is_refused
            an_odd_address_is_refused
            on_riscv64_the_instruction_tells_the_length
            an_error_tells_where_and_what_the_kernel_said
            what_the_program_has_overwritten_is_left_alone
            an_instruction_that_is_read_in_part_stands_as_a_whole_or_not
            a_patch_that_makes_the_instruction_again_is_the_programs
            what_was_removed_or_never_there_is_told
            a_breakpoint_in_nothing_leaves_nothing
            remove_all_removes_all
            a_forgotten_one_stays_in_the_process
            a_drop_removes_them
            a_drop_leaves_them
            nothing_is_shown_of_the_kept_bytes;
        model:
            seen_through_equals_the_program_and_raw_has_the_instructions
            a_program_that_overwrites_them_is_seen_as_it_is;
    };
    #[cfg(feature = "gdbstub")]
    tests.extend(tests! {
        gdb:
            breakpoints_of_every_architecture_are_hidden
            breakpoints_may_be_set_and_removed_twice
            a_target_may_take_no_breakpoints
            what_cannot_be_is_told
            a_read_over_the_end_has_what_is_there
            what_is_not_allowed_is_told
            registers_cannot_be_written
            a_target_shows_its_breakpoints
            registers_are_unavailable_but_for_the_program_counter;
    });
    #[cfg(all(feature = "gdbstub", target_os = "linux"))]
    tests.extend(tests! {
        gdb:
            a_process_that_is_gone_is_told;
    });
    #[cfg(target_os = "fuchsia")]
    tests.extend(tests! {
        found:
            a_process_is_found_jobs_below;
    });
    #[cfg(target_os = "linux")]
    tests.extend(tests! {
        map:
            the_map_of_a_process_that_is_gone_is_refused;
        // On Fuchsia a job policy may raise an exception.
        breakpoints:
            a_handle_that_was_closed_loses_no_breakpoint;
        edges:
            an_instruction_across_two_mappings_is_inserted_and_removed
            an_instruction_across_two_mappings_stands_as_a_whole_or_not
            a_write_that_stops_half_way_is_taken_back
            a_removal_that_stops_half_way_keeps_the_breakpoint
            a_write_that_cannot_be_taken_back_is_told_and_mended
            a_removal_that_cannot_be_taken_back_is_told_and_mended
            an_instruction_over_the_end_leaves_nothing
            a_write_over_a_breakpoint_stops_where_memory_ends
            a_read_stops_where_memory_ends_and_hides_what_it_has
            what_was_unmapped_is_gone
            half_an_instruction_is_removed_where_the_rest_is_gone
            a_process_that_is_gone_has_no_breakpoints;
    });
    let arguments = Arguments {
        // Old kernels under emulation start one process at a time best; and a handle that a test
        // has closed must not come to name another's.
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    libtest_mimic::run(&arguments, tests).exit();
}
