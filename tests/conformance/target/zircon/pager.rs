//! VMOs whose pages come from a pager of the suite.

use super::handle::{OwnedHandle, new_handle, or_skip};
use super::newer_syscall::{
    zx_pager_create, zx_pager_create_vmo, zx_pager_detach_vmo, zx_pager_op_range,
    zx_pager_supply_pages,
};
use super::vmo::new_vmo;
use crate::suite::case::Pager as Behavior;
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use std::ptr::null_mut;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use zx_process_memory::Status;
use zx_process_memory::sys::{zx_handle_t, zx_status_t};

/// `ZX_PAGER_VMO_READ` of `<zircon/types.h>`: a request for pages.
const ZX_PAGER_VMO_READ: u16 = 0;

/// The status of a pager that fails.
const STATUS: zx_status_t = zx::ZX_ERR_IO_DATA_INTEGRITY;

/// A pager with one VMO.
pub(super) struct Pager {
    handles: Arc<Handles>,
    thread: Option<JoinHandle<()>>,
}

struct Handles {
    pager: OwnedHandle,
    port: OwnedHandle,
    vmo: OwnedHandle,
}

/// `zx_port_packet_t` with a `zx_packet_page_request_t`.
#[derive(Default)]
#[repr(C)]
struct Packet {
    key: u64,
    type_: u32,
    status: i32,
    command: u16,
    flags: u16,
    reserved0: u32,
    offset: u64,
    length: u64,
    reserved1: u64,
}

const _: () = assert!(size_of::<Packet>() == size_of::<zx::zx_port_packet_t>());

impl Pager {
    pub(super) fn new(len: usize, behavior: Behavior) -> Result<Self, Skip> {
        let (create, create_vmo) = (zx_pager_create()?, zx_pager_create_vmo()?);
        let pager = new_handle("zx_pager_create", |out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { create(0, out) }
        })?;
        let port = new_handle("zx_port_create", |out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { zx::zx_port_create(0, out) }
        })?;
        let vmo = new_handle("zx_pager_create_vmo", |out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { create_vmo(pager.0, 0, port.0, 0, len as u64, out) }
        })?;
        let handles = Arc::new(Handles { pager, port, vmo });
        let thread = match behavior {
            Behavior::Supplied => {
                or_skip("zx_pager_supply_pages", handles.supply(0, len as u64)?)?;
                None
            }
            Behavior::Detached => {
                handles.detach()?;
                None
            }
            Behavior::SuppliesOnRequest => Some(handles.serve(|handles, offset, len| {
                // If it fails, the call under test never returns: fail here.
                let supplied = handles.supply(offset, len).map_err(|Skip(reason)| reason);
                assert_eq!(
                    supplied.map(Status::ok),
                    Ok(Ok(())),
                    "zx_pager_supply_pages"
                );
            })),
            Behavior::Fails => {
                let fail = zx_pager_op_range()?;
                Some(handles.serve(move |handles, offset, len| {
                    let (pager, vmo) = (handles.pager.0, handles.vmo.0);
                    // The kernel takes the bits of the status.
                    let status = u64::from_ne_bytes(i64::from(STATUS).to_ne_bytes());
                    // SAFETY: the call takes no pointer.
                    let raw =
                        unsafe { fail(pager, zx::ZX_PAGER_OP_FAIL, vmo, offset, len, status) };
                    assert_eq!(Status::ok(raw), Ok(()), "zx_pager_op_range");
                }))
            }
        };
        Ok(Self { handles, thread })
    }

    pub(super) fn vmo(&self) -> zx_handle_t {
        self.handles.vmo.0
    }
}

impl Handles {
    fn supply(&self, offset: u64, len: u64) -> Result<zx_status_t, Skip> {
        let pages = new_vmo(usize::try_from(len).unwrap())?;
        // SAFETY: the operation takes no buffer.
        let raw =
            unsafe { zx::zx_vmo_op_range(pages.0, zx::ZX_VMO_OP_COMMIT, 0, len, null_mut(), 0) };
        or_skip("ZX_VMO_OP_COMMIT", raw)?;
        let supply = zx_pager_supply_pages()?;
        // SAFETY: the call takes no pointer.
        Ok(unsafe { supply(self.pager.0, self.vmo.0, offset, len, pages.0, 0) })
    }

    fn detach(&self) -> Result<(), Skip> {
        let detach = zx_pager_detach_vmo()?;
        // SAFETY: the call takes no pointer.
        let raw = unsafe { detach(self.pager.0, self.vmo.0) };
        or_skip("zx_pager_detach_vmo", raw)
    }

    /// Answers each request for pages in a new thread, until the VMO is detached.
    fn serve(
        self: &Arc<Self>,
        answer: impl Fn(&Self, u64, u64) + Send + 'static,
    ) -> JoinHandle<()> {
        let handles = Arc::clone(self);
        thread::spawn(move || {
            loop {
                let mut packet = Packet::default();
                let to = (&raw mut packet).cast();
                // SAFETY: `to` is valid for a write of a packet.
                let raw = unsafe { zx::zx_port_wait(handles.port.0, zx::ZX_TIME_INFINITE, to) };
                assert_eq!(Status::ok(raw), Ok(()), "zx_port_wait");
                if packet.command != ZX_PAGER_VMO_READ {
                    return;
                }
                answer(&handles, packet.offset, packet.length);
            }
        })
    }
}

impl Drop for Pager {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // The kernel sends the last packet.
            if self.handles.detach().is_ok() {
                // A panic of the thread has printed its message.
                let _ = thread.join();
            }
        }
    }
}
