//! Handles that two threads use and close at the same time.

use crate::world::{World, close, info};
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
    expected: zx_info_handle_basic_t,
    /// How often closing each was tried, and worked.
    tried: [AtomicUsize; 4],
    closed: [AtomicUsize; 4],
}

impl Shared {
    pub(crate) fn new(world: &World) -> Self {
        let handles = [(); 4].map(|()| {
            let (mut new, same) = (0, sys::ZX_RIGHT_SAME_RIGHTS);
            // SAFETY: `new` is writable.
            let raw = unsafe { sys::zx_handle_duplicate(world.child.handle, same, &raw mut new) };
            assert_eq!(Status::ok(raw), Ok(()));
            new
        });
        Self {
            handles,
            expected: world.child.info,
            tried: Default::default(),
            closed: Default::default(),
        }
    }

    pub(crate) fn apply(&self, call: SharedCall) {
        match call {
            SharedCall::Close(index) => self.close(usize::from(index) % 4),
            SharedCall::Info(index) => {
                let index = usize::from(index) % 4;
                let answer = info(self.handles[index]);
                // Whoever closes it says so before.
                if self.tried[index].load(SeqCst) == 0 || answer.is_ok() {
                    assert_eq!(answer, Ok(self.expected));
                } else {
                    assert_eq!(answer, Err(Status::BadHandle));
                }
            }
        }
    }

    fn close(&self, index: usize) {
        self.tried[index].fetch_add(1, SeqCst);
        match close(self.handles[index]) {
            Ok(()) => _ = self.closed[index].fetch_add(1, SeqCst),
            Err(status) => assert_eq!(status, Status::BadHandle),
        }
        assert_eq!(info(self.handles[index]), Err(Status::BadHandle));
    }

    /// Each was closed by one, if anybody tried.
    pub(crate) fn finish(self) {
        for index in 0..4 {
            let tried = self.tried[index].load(SeqCst);
            assert_eq!(self.closed[index].load(SeqCst), tried.min(1));
            if tried == 0 {
                self.close(index);
            }
        }
    }
}
