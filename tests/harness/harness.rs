//! Runs tests on a kernel with debugging syscalls (`kernel.enable-debugging-syscalls`) on or off.
//! The directory has no `main.rs`, so cargo makes no test target of it. Test programs include this
//! file by `#[path]`.

#[cfg(target_os = "fuchsia")]
mod console;

use libtest_mimic::{Arguments, Completion, Trial};
use std::process::ExitCode;
use std::sync::atomic::AtomicU8;
use zx_process_memory::{Process, Status};

/// Returns the reason why a test is skipped, or `None` if it runs.
pub(crate) type Condition = fn() -> Option<&'static str>;

/// Lists test functions by [`Condition`] and by module. A test fails if its function panics.
macro_rules! tests {
    ($($condition:ident { $($module:ident: $($name:ident)*;)* })*) => {
        vec![$($($(
            $crate::suite::harness::trial(
                concat!(stringify!($module), "::", stringify!($name)),
                $condition,
                $module::$name,
            ),
        )*)*)*]
    };
}
pub(crate) use tests;

/// A test for [`main`]. The macro `tests` calls this.
pub(crate) fn trial(name: &str, condition: Condition, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || {
        if let Some(skip_reason) = condition() {
            return Ok(Completion::ignored_with(skip_reason));
        }
        test();
        Ok(Completion::Completed)
    })
}

pub(crate) fn always() -> Option<&'static str> {
    None
}

pub(crate) fn debugging_syscalls_on() -> Option<&'static str> {
    (!debugging_syscalls_are_on()).then_some("debugging syscalls are off")
}

pub(crate) fn debugging_syscalls_off() -> Option<&'static str> {
    debugging_syscalls_are_on().then_some("debugging syscalls are on")
}

/// Detects the state by a write to a byte that is mapped and writable: any other reason for
/// `NotSupported` is excluded.
fn debugging_syscalls_are_on() -> bool {
    static BYTE: AtomicU8 = AtomicU8::new(0);
    // SAFETY: only `BYTE` is written: an atomic, to which every value is valid.
    let own = unsafe { Process::current() }.unwrap();
    match own.write_memory(BYTE.as_ptr().addr(), &[0]) {
        Ok(1) => true,
        Err(Status::NotSupported) => false,
        other => panic!("cannot write 1 byte of own memory: {other:?}"),
    }
}

/// Runs the tests one after the other.
pub(crate) fn main(tests: Vec<Trial>) -> ExitCode {
    let arguments = Arguments {
        // Kernels of 2018 and 2019 in an emulator are unreliable if several processes start at once
        // (observed). Also, a handle value that a test has closed must not be reused by another test.
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    #[cfg(target_os = "fuchsia")]
    let _output = console::redirect_output();
    libtest_mimic::run(&arguments, tests).exit_code()
}
