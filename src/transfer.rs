//! The loop that both directions share.

use crate::sys::zx_vaddr_t;
use crate::{MAX_WRITE_LEN, Status, TransferError};
use core::ops::Range;

/// Makes as many calls as `len` bytes at `vaddr` require. `call` gets an address and the range of
/// the bytes to transfer there. It returns how many of them it transferred.
pub(crate) fn transfer(
    vaddr: zx_vaddr_t,
    len: usize,
    mut call: impl FnMut(zx_vaddr_t, Range<usize>) -> Result<usize, Status>,
) -> Result<(), TransferError> {
    let error = |transferred, status| TransferError {
        transferred,
        // `transferred` is less than `len`, so this is one of the checked addresses.
        vaddr: vaddr.wrapping_add(transferred),
        status,
    };
    // Every byte must have an address. The address after the last byte need not exist.
    if vaddr.checked_add(len.saturating_sub(1)).is_none() {
        return Err(error(0, Status::OutOfRange));
    }
    let mut transferred = 0;
    while transferred < len {
        let part = (len - transferred).min(MAX_WRITE_LEN);
        let count = call(
            vaddr.wrapping_add(transferred),
            transferred..transferred + part,
        )
        .and_then(|count| checked_count(count, part));
        match count {
            // Without progress the loop would not end.
            Ok(0) => return Err(error(transferred, Status::Internal)),
            Ok(count) => transferred += count,
            Err(status) => return Err(error(transferred, status)),
        }
    }
    Ok(())
}

/// Refuses a count that is larger than the length that was passed to the kernel.
pub(crate) const fn checked_count(count: usize, len: usize) -> Result<usize, Status> {
    if count <= len {
        Ok(count)
    } else {
        Err(Status::Internal)
    }
}

#[cfg(test)]
mod tests;
