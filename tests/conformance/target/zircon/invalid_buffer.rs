//! Buffers of the caller that the kernel finds invalid. No Rust object is there.

use super::handle::OwnedHandle;
use super::memory::{MapPosition, allocate};
use super::vmo::new_vmo;
use super::zx_vmar_root_self;
use crate::suite::case::{Access, Call, PAGE};
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use zx_process_memory::sys::zx_vaddr_t;

/// Two pages at most, and unmapped pages after them.
pub(crate) struct InvalidBuffer {
    region: OwnedHandle,
    vaddr: zx_vaddr_t,
    is_first_page_valid: bool,
}

/// Nothing is mapped there.
pub(crate) fn unmapped_buffer() -> Result<InvalidBuffer, Skip> {
    InvalidBuffer::new(None)
}

/// One page, which the call cannot use.
pub(crate) fn buffer_without_permission(call: Call) -> Result<InvalidBuffer, Skip> {
    InvalidBuffer::new(Some(match call {
        Call::Write => Access::None,
        Call::Read => Access::Read,
    }))
}

/// One page that the call can use.
pub(crate) fn buffer_of_one_page() -> Result<InvalidBuffer, Skip> {
    InvalidBuffer::new(Some(Access::ReadWrite))
}

impl InvalidBuffer {
    fn new(first_page: Option<Access>) -> Result<Self, Skip> {
        let (region, vaddr) = allocate(zx_vmar_root_self(), None, 4 * PAGE)?;
        if let Some(access) = first_page {
            let position = MapPosition {
                vmar: region.0,
                offset: 0,
                vaddr,
            };
            position.map(access, new_vmo(PAGE)?.0, 0, 1)?;
        }
        Ok(Self {
            region,
            vaddr,
            is_first_page_valid: first_page == Some(Access::ReadWrite),
        })
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.vaddr as *mut u8
    }

    /// The first page, if the program can use it.
    pub(crate) fn first_page(&mut self) -> &mut [u8] {
        if !self.is_first_page_valid {
            return &mut [];
        }
        // SAFETY: the page is mapped and read-write as long as `self` lives, and the mutable borrow
        // of `self` ensures that this is the only reference to it.
        unsafe { std::slice::from_raw_parts_mut(self.as_mut_ptr(), PAGE) }
    }
}

impl Drop for InvalidBuffer {
    fn drop(&mut self) {
        // SAFETY: this unmaps only the page of this buffer, to which no reference exists.
        unsafe { zx::zx_vmar_destroy(self.region.0) };
    }
}
