use crate::Status;
use crate::sys::zx_vaddr_t;
use core::fmt;

/// The error of a transfer that takes several calls: how many bytes were transferred, the address
/// of the call that failed, and its status.
///
/// [`source`](core::error::Error::source) returns the status. `Display` does not repeat it.
///
/// ```
/// use zx_process_memory::Process;
///
/// # fn main() -> Result<(), zx_process_memory::Status> {
/// // SAFETY: nothing is mapped at 0x10, so nothing is written.
/// let process = unsafe { Process::current() }?;
/// let error = process.write_all_memory(0x10, b"text").unwrap_err();
/// assert_eq!((error.transferred, error.vaddr), (0, 0x10));
/// assert!(error.status.may_mean_unmapped());
/// assert_eq!(error.to_string(), "transfer stopped at 0x10 after 0 bytes");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("transfer stopped at {vaddr:#x} after {transferred} bytes")]
#[non_exhaustive]
pub struct TransferError {
    /// How many bytes were transferred, counted from the first one.
    ///
    /// The call that failed may have changed more: when a kernel's write fails part-way, the pages
    /// before that point are written (measured: April 2021).
    pub transferred: usize,
    /// The address of the call that failed: the first address plus `transferred`.
    pub vaddr: zx_vaddr_t,
    /// The status of the call that failed. [`Internal`](Status::Internal) also stands for an
    /// impossible count: larger than the length, or 0 in 1000 calls in a row.
    #[source]
    pub status: Status,
}

/// Prints the address in hex.
impl fmt::Debug for TransferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferError")
            .field("transferred", &self.transferred)
            .field("vaddr", &format_args!("{:#x}", self.vaddr))
            .field("status", &self.status)
            .finish()
    }
}
