use crate::sys::zx_vaddr_t;
use crate::{MAX_WRITE_LEN, Status, TransferError};
use core::ops::Range;

/// Makes as many calls as `len` bytes from `vaddr` on take. `call` gets the address and
/// the part of the bytes that is to go there, and answers how many of them were done.
pub(crate) fn transfer(
    vaddr: zx_vaddr_t,
    len: usize,
    mut call: impl FnMut(zx_vaddr_t, Range<usize>) -> Result<usize, Status>,
) -> Result<(), TransferError> {
    let stopped = |transferred, status| TransferError {
        transferred,
        // `transferred` is less than the length, so this is one of the checked addresses.
        vaddr: vaddr.wrapping_add(transferred),
        status,
    };
    // The last byte has an address; the one behind it need not.
    if vaddr.checked_add(len.saturating_sub(1)).is_none() {
        return Err(stopped(0, Status::OutOfRange));
    }
    let mut done = 0;
    while done < len {
        let part = (len - done).min(MAX_WRITE_LEN);
        match call(vaddr.wrapping_add(done), done..done + part) {
            Ok(count) if 0 < count && count <= part => done += count,
            Ok(_) => return Err(stopped(done, Status::Internal)),
            Err(status) => return Err(stopped(done, status)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
