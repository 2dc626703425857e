//! The guard pages around `Debuggee::lay_out_large` memory.

use super::debuggee::{Debuggee, GUARD, page_size};
use zx_process_memory::sys::zx_vaddr_t;

/// Asserts that nothing wrote to the guard pages.
pub(crate) fn assert_guards_are_unchanged(debuggee: &mut Debuggee, base: zx_vaddr_t, len: usize) {
    assert!(debuggee.sees_only(GUARD, base - page_size()..base));
    assert!(debuggee.sees_only(GUARD, base + len..base + len + page_size()));
}
