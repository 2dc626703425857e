//! Memory whose neighbours show whether they were written. Linux joins it to no other.

use super::debuggee::{Debuggee, GUARD, PAGE};
use zx_process_memory::sys::zx_vaddr_t;

pub(crate) fn guarded(debuggee: &mut Debuggee, len: usize) -> zx_vaddr_t {
    debuggee.ask(format_args!("guarded {len}")).parse().unwrap()
}

/// That the pages around guarded memory are as they were.
pub(crate) fn assert_guards(debuggee: &mut Debuggee, base: zx_vaddr_t, len: usize) {
    assert!(debuggee.sees_only(GUARD, base - PAGE..base));
    assert!(debuggee.sees_only(GUARD, base + len..base + len + PAGE));
}
