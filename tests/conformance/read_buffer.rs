//! The caller's buffer after a read: the bytes after the count that the call returned. Nothing is
//! promised about them. This file allows what kernels were observed to do.

use super::case::PAGE;

/// The value of each byte of the buffer before the call. No memory is filled with it.
pub(crate) const CANARY: u8 = 0xfe;

/// The offsets at which kernels until September 2019 write a zero before they read, to commit the
/// pages of the buffer. They do so after they have found the mapping, so also in some calls that then
/// fail.
fn may_be_zeroed(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(PAGE).chain(len.checked_sub(1))
}

/// Checks the bytes after the first `count`. Returns whether the call zeroed some of them, or the
/// offset of a change that no kernel makes.
pub(crate) fn check_rest(buffer: &mut [u8], count: usize) -> Result<bool, usize> {
    let mut zeroed = false;
    for offset in may_be_zeroed(buffer.len()).filter(|offset| *offset >= count) {
        if buffer[offset] == 0 {
            zeroed = true;
            buffer[offset] = CANARY;
        }
    }
    // Compares whole pages, since single bytes are slow on an emulated processor.
    let mut pages = buffer[count..].chunks(PAGE);
    match pages.position(|page| page != &[CANARY; PAGE][..page.len()]) {
        None => Ok(zeroed),
        Some(index) => Err(count + index * PAGE),
    }
}
