//! Memory whose neighbours show whether they were written. Linux joins it to no other.

use super::victim::{GUARD, PAGE, Victim};
use zx_process_memory::sys::zx_vaddr_t;

pub(crate) fn guarded(victim: &mut Victim, len: usize) -> zx_vaddr_t {
    victim.ask(format_args!("guarded {len}")).parse().unwrap()
}

/// That the pages around guarded memory are as they were.
pub(crate) fn assert_guards(victim: &mut Victim, base: zx_vaddr_t, len: usize) {
    assert!(victim.sees_only(GUARD, base - PAGE..base));
    assert!(victim.sees_only(GUARD, base + len..base + len + PAGE));
}
