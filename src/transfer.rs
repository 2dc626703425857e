//! The loop that both directions share, and the repetition of calls that return a count of 0.

use crate::sys::zx_vaddr_t;
use crate::{MAX_WRITE_LEN, Status, TransferError};
use core::ops::Range;

/// How many calls in a row may return success with a count of 0. After that many, the result is
/// `Internal`.
///
/// Kernels of July 2019 and April 2021 return it if the mapping disappears during the call
/// (measured). The next call returns the reason, unless memory is mapped there again. In a test that
/// mapped and unmapped the memory all the time, 220 of 1000 writes returned 0, so 16 in a row are
/// not expected.
pub(crate) const MAX_ZERO_COUNTS: u32 = 16;

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
        let count = nonzero_count(part, || {
            call(
                vaddr.wrapping_add(transferred),
                transferred..transferred + part,
            )
        });
        match count {
            Ok(count) => transferred += count,
            Err(status) => return Err(error(transferred, status)),
        }
    }
    Ok(())
}

/// Makes a call that transfers up to `len` bytes, and repeats it while it returns a count of 0.
/// Returns a count from 1 to `len`.
pub(crate) fn nonzero_count(
    len: usize,
    mut call: impl FnMut() -> Result<usize, Status>,
) -> Result<usize, Status> {
    for _ in 0..MAX_ZERO_COUNTS {
        match checked_count(call()?, len)? {
            0 => {}
            count => return Ok(count),
        }
    }
    Err(Status::Internal)
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
