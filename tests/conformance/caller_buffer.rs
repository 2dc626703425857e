//! The buffer that the caller passes.

use super::call::Api;
use super::case::{Buffer, Call, PAGE};
use super::image;
use super::read_buffer::CANARY;
use super::target::{InvalidBuffer, Skip, system};

/// A buffer with the bytes to write, or with canaries to read over.
pub(crate) struct CallerBuffer {
    storage: Storage,
    /// The length that the call passes.
    len: usize,
}

enum Storage {
    Valid(Vec<u8>),
    Null,
    Invalid(InvalidBuffer),
}

impl CallerBuffer {
    pub(crate) fn new(call: Call, api: Api, buffer: Buffer) -> Result<Self, Skip> {
        let bytes = |len| match call {
            Call::Write => image::pattern(0, len),
            Call::Read => vec![CANARY; len],
        };
        let (storage, len) = match buffer {
            Buffer::Bytes(len) => (Storage::Valid(bytes(len)), len),
            Buffer::Claimed(len) if api == Api::Wrapper => (Storage::Valid(bytes(len)), len),
            Buffer::Claimed(len) => (Storage::Valid(bytes(1)), len),
            Buffer::Null(len) => (Storage::Null, len),
            Buffer::Unmapped(len) => (Storage::Invalid(system::unmapped_buffer()?), len),
            Buffer::WithoutPermission(len) => (
                Storage::Invalid(system::buffer_without_permission(call)?),
                len,
            ),
            Buffer::OnlyFirstPageMapped(len) => {
                let mut buffer = system::buffer_of_one_page()?;
                buffer.first_page().copy_from_slice(&bytes(PAGE));
                (Storage::Invalid(buffer), len)
            }
        };
        Ok(Self { storage, len })
    }

    /// The pointer and the length for the raw call.
    pub(crate) fn arguments(&mut self) -> (*mut u8, usize) {
        let pointer = match &mut self.storage {
            Storage::Valid(bytes) => bytes.as_mut_ptr(),
            Storage::Null => std::ptr::null_mut(),
            Storage::Invalid(buffer) => buffer.as_mut_ptr(),
        };
        (pointer, self.len)
    }

    /// The part that exists.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        match &mut self.storage {
            Storage::Valid(bytes) => bytes,
            Storage::Null => &mut [],
            Storage::Invalid(buffer) => buffer.first_page(),
        }
    }
}
