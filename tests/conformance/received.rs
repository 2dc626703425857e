//! What a read may leave in the caller's buffer behind the bytes that it read: nothing is
//! promised of them, and this is what kernels were seen to do.

use super::case::PAGE;

/// What stands in a buffer before the call. No memory is filled with it.
pub(crate) const CANARY: u8 = 0xfe;

/// Where kernels of 2018 and 2019 put a zero before they read, so that the pages are there.
/// That of 2019 does once it has found the mapping, so in some calls that then fail, too.
fn may_be_zeroed(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(PAGE).chain(len.checked_sub(1))
}

/// Looks at what is behind the first `count` bytes, and says whether zeros were put there;
/// or where something is that should not be.
pub(crate) fn rest(buffer: &mut [u8], count: usize) -> Result<bool, usize> {
    let mut zeroed = false;
    for at in may_be_zeroed(buffer.len()).filter(|at| *at >= count) {
        if buffer[at] == 0 {
            zeroed = true;
            buffer[at] = CANARY;
        }
    }
    // Piece by piece: a byte at a time is slow where a processor is emulated.
    let pieces = buffer[count..].chunks(PAGE);
    match pieces
        .clone()
        .position(|piece| piece != &[CANARY; PAGE][..piece.len()])
    {
        None => Ok(zeroed),
        Some(piece) => Err(count + piece * PAGE),
    }
}
