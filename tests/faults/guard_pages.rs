//! Memory between two guard pages, which show whether a call wrote outside of the memory. The
//! guard pages have other permissions, so Linux merges the memory with no other mapping.

use super::debuggee::{Debuggee, GUARD, PAGE};
use zx_process_memory::sys::zx_vaddr_t;

pub(crate) fn map_between_guards(debuggee: &mut Debuggee, len: usize) -> zx_vaddr_t {
    debuggee.ask(format_args!("guarded {len}")).parse().unwrap()
}

/// Asserts that nothing wrote to the guard pages.
pub(crate) fn assert_guards_are_unchanged(debuggee: &mut Debuggee, base: zx_vaddr_t, len: usize) {
    assert!(debuggee.sees_only(GUARD, base - PAGE..base));
    assert!(debuggee.sees_only(GUARD, base + len..base + len + PAGE));
}
