use crate::Status;
use crate::sys::zx_vaddr_t;

/// A loop over several calls that stopped before its end: how far it came, where,
/// and why.
///
/// ```
/// use zx_process_memory::Process;
///
/// # fn main() -> Result<(), zx_process_memory::Status> {
/// // SAFETY: nothing is mapped at 0, so nothing is written.
/// let process = unsafe { Process::current() }?;
/// let stopped = process.write_all_memory(0x10, b"text").unwrap_err();
/// assert_eq!(stopped.transferred, 0);
/// assert_eq!(stopped.vaddr, 0x10);
/// assert!(stopped.to_string().starts_with("stopped at 0x10 after 0 bytes: ZX_ERR_NO"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("stopped at {vaddr:#x} after {transferred} bytes: {status}")]
#[non_exhaustive]
pub struct TransferError {
    /// How many bytes were done, from the first on. The call that failed may have
    /// changed more: a kernel's write that fails part-way leaves its first pages
    /// written.
    pub transferred: usize,
    /// The address at which the call failed: the start plus `done`.
    pub vaddr: zx_vaddr_t,
    /// Why.
    pub status: Status,
}
