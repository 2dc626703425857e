//! The loop that both directions share, and the check of the counts that calls return.

use crate::sys::zx_vaddr_t;
use crate::{MAX_WRITE_LEN, Status, TransferError};
use core::ops::Range;

/// How many calls in a row may return success with a count of 0. After that many, the result is
/// `Internal`.
///
/// Kernels of July 2019 and April 2021 return it if the mapping disappears during the call
/// (measured). The next call returns the reason, unless memory is mapped there again. In a test that
/// mapped and unmapped the memory all the time, up to 220 of 1000 calls returned 0. In an emulator that
/// shares its processors with other programs, the zeros come in bursts, of more than 16.
pub(crate) const MAX_ZERO_COUNTS: u32 = 1000;

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
    let (mut transferred, mut zero_counts) = (0, ZeroCounts::default());
    while transferred < len {
        let part = (len - transferred).min(MAX_WRITE_LEN);
        let count = call(
            vaddr.wrapping_add(transferred),
            transferred..transferred + part,
        )
        .and_then(|count| zero_counts.check(count, part));
        match count {
            Ok(count) => transferred += count,
            Err(status) => return Err(error(transferred, status)),
        }
    }
    Ok(())
}

/// How many calls in a row returned a count of 0.
///
/// It is not a loop that repeats a call: compilers unroll that, which made `read_exact_memory` five
/// times as long.
#[derive(Default)]
pub(crate) struct ZeroCounts(u32);

impl ZeroCounts {
    /// Checks the count that a call for `len` bytes returned. If it returns `Ok(0)`, the caller
    /// repeats the call.
    pub(crate) const fn check(&mut self, count: usize, len: usize) -> Result<usize, Status> {
        if count > 0 {
            self.0 = 0;
            return checked_count(count, len);
        }
        self.0 += 1;
        if self.0 < MAX_ZERO_COUNTS {
            Ok(0)
        } else {
            Err(Status::Internal)
        }
    }
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
