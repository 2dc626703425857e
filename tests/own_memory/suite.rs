//! The list of all tests, and the memory that they access. It consists of atomics, to which every
//! value is valid.

#[path = "../harness/harness.rs"]
mod harness;
mod reads;
mod refused_writes;
mod writes;

use harness::{always, debugging_syscalls_off, debugging_syscalls_on, tests};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use zx_process_memory::Process;

pub(crate) fn main() -> ExitCode {
    harness::main(tests! {
        always {
            reads:
                own_memory_is_read
                read_requires_read_and_write_rights
                integers_are_read_in_both_byte_orders
                cursor_reads_and_seeks;
        }
        debugging_syscalls_on {
            writes:
                integers_round_trip_in_both_byte_orders
                cursor_writes;
        }
        debugging_syscalls_off {
            refused_writes:
                write_is_not_supported_and_changes_nothing
                cursor_write_is_not_supported_and_changes_nothing;
        }
    })
}

const LEN: usize = 64;

struct Memory([AtomicU8; LEN]);

impl Memory {
    const fn new() -> Self {
        Self([const { AtomicU8::new(0x5a) }; LEN])
    }

    fn vaddr(&self) -> usize {
        self.0.as_ptr().addr()
    }

    fn bytes(&self) -> [u8; LEN] {
        self.0.each_ref().map(|byte| byte.load(Relaxed))
    }

    fn set(&self, offset: usize, bytes: &[u8]) {
        for (to, byte) in self.0[offset..].iter().zip(bytes) {
            to.store(*byte, Relaxed);
        }
    }
}

fn own_process() -> Process {
    // SAFETY: the tests write only to `Memory`: atomics, to which every value is valid.
    unsafe { Process::current() }.unwrap()
}
