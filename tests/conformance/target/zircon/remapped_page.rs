//! A page that another thread maps and unmaps all the time.

use super::handle::{OwnedHandle, or_skip};
use super::memory::{MapPosition, allocate};
use super::vmo::new_vmo;
use crate::suite::case::{Access, PAGE};
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use zx_process_memory::sys::{zx_handle_t, zx_vaddr_t};

pub(crate) struct RemappedPage {
    /// Nothing else is mapped in this VMAR.
    region: Arc<OwnedHandle>,
    pub(crate) vaddr: zx_vaddr_t,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl RemappedPage {
    pub(super) fn start(parent: zx_handle_t) -> Result<Self, Skip> {
        let (region, vaddr) = allocate(parent, None, PAGE)?;
        let (region, vmo) = (Arc::new(region), new_vmo(PAGE)?);
        let position = MapPosition {
            vmar: region.0,
            offset: 0,
            vaddr,
        };
        // The first time here, so that a policy that forbids it is a skip.
        position.map(Access::ReadWrite, vmo.0, 0, 1)?;
        position.unmap(vaddr, 1)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (region, is_over) = (Arc::clone(&region), Arc::clone(&is_over));
            move || {
                // The thread keeps both open.
                let (_region, vmo) = (region, vmo);
                while !is_over.load(Ordering::Relaxed) {
                    // If a call fails, the main thread sees the page unmapped.
                    let _ = position.map(Access::ReadWrite, vmo.0, 0, 1);
                    let _ = position.unmap(vaddr, 1);
                }
            }
        });
        Ok(Self {
            region,
            vaddr,
            is_over,
            thread: Some(thread),
        })
    }
}

impl Drop for RemappedPage {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has printed its message.
            let _ = thread.join();
        }
        // SAFETY: this unmaps only the page, to which no reference exists.
        let raw = unsafe { zx::zx_vmar_destroy(self.region.0) };
        // It fails if the process has ended.
        let _ = or_skip("zx_vmar_destroy", raw);
    }
}
