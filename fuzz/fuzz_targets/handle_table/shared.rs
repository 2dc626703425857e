//! Handles that two threads query and close at the same time.

use crate::fixture::{Fixture, basic_info, close};
use arbitrary::Arbitrary;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use zx_process_memory::Status;
use zx_process_memory::sys::{self, zx_handle_t, zx_info_handle_basic_t};

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum SharedCall {
    Close(u8),
    Info(u8),
}

pub(crate) struct Shared {
    handles: [zx_handle_t; 4],
    expected_info: zx_info_handle_basic_t,
    /// For each handle, the number of threads that started to close it.
    close_attempts: [AtomicUsize; 4],
    /// For each handle, the number of successful closes.
    closed: [AtomicUsize; 4],
}

impl Shared {
    pub(crate) fn new(fixture: &Fixture) -> Self {
        let handles = [(); 4].map(|()| {
            let (mut new, same) = (0, sys::ZX_RIGHT_SAME_RIGHTS);
            // SAFETY: the pointer to `new` is valid for a write.
            let raw = unsafe { sys::zx_handle_duplicate(fixture.child.handle, same, &raw mut new) };
            assert_eq!(Status::ok(raw), Ok(()));
            new
        });
        Self {
            handles,
            expected_info: fixture.child.info,
            close_attempts: Default::default(),
            closed: Default::default(),
        }
    }

    pub(crate) fn apply(&self, call: SharedCall) {
        match call {
            SharedCall::Close(index) => self.close(usize::from(index) % 4),
            SharedCall::Info(index) => {
                let index = usize::from(index) % 4;
                let result = basic_info(self.handles[index]);
                // A thread increments `close_attempts` before it closes the handle.
                if self.close_attempts[index].load(SeqCst) == 0 || result.is_ok() {
                    assert_eq!(result, Ok(self.expected_info));
                } else {
                    assert_eq!(result, Err(Status::BadHandle));
                }
            }
        }
    }

    fn close(&self, index: usize) {
        self.close_attempts[index].fetch_add(1, SeqCst);
        match close(self.handles[index]) {
            Ok(()) => _ = self.closed[index].fetch_add(1, SeqCst),
            Err(status) => assert_eq!(status, Status::BadHandle),
        }
        assert_eq!(basic_info(self.handles[index]), Err(Status::BadHandle));
    }

    /// Checks that each handle was closed exactly once, if a thread tried to close it. Closes the rest.
    pub(crate) fn finish(self) {
        for index in 0..4 {
            let attempts = self.close_attempts[index].load(SeqCst);
            assert_eq!(self.closed[index].load(SeqCst), attempts.min(1));
            if attempts == 0 {
                self.close(index);
            }
        }
    }
}
