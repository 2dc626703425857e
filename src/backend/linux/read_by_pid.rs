//! Reads by PID, which are faster than reads of the memory file if they are large.

use super::address_space::{AddressSpace, Mark};
use super::fork::Generation;
use super::opened_process::has_ended;
use core::ffi::{c_int, c_ulong};
use rustix::fd::BorrowedFd;
use std::mem::MaybeUninit;
use std::ptr::without_provenance_mut;

/// The process that had this PID when it was opened.
pub(crate) struct ByPid {
    pid: c_int,
    /// The PID is that of another process in the PID namespace of a fork.
    opened_by: Option<Generation>,
}

/// Below this size a read of the memory file is faster (see the benchmarks).
const MIN_LEN: usize = 16 << 10;

impl ByPid {
    pub(crate) fn new(pid: u32) -> Self {
        Self {
            // 0 is no process, so that Linux refuses it.
            pid: c_int::try_from(pid).unwrap_or(0),
            opened_by: Generation::current(),
        }
    }

    /// Fills `buffer` from `vaddr`, and returns `true` if these are the bytes of this address space. After
    /// `false` the buffer has no byte of another process: zeros at its start, and the rest is unchanged.
    ///
    /// The process still exists afterwards, so the PID named it during the read. In the same call
    /// Linux reads the program's mark. It shows that the process had not called exec before: the address
    /// space alone does not show that, because others can use it, such as the parent of a `vfork`.
    pub(crate) fn read(
        &self,
        pidfd: BorrowedFd<'_>,
        space: &AddressSpace,
        vaddr: usize,
        buffer: &mut [MaybeUninit<u8>],
    ) -> bool {
        if buffer.len() < MIN_LEN || self.opened_by.is_none() {
            return false;
        }
        let Some(mark) = space.mark() else {
            return false;
        };
        if self.opened_by != Generation::current() {
            return false;
        }
        let (changed, is_read) = read_with_mark(self.pid, vaddr, buffer, mark);
        if is_read && !has_ended(pidfd) {
            return true;
        }
        buffer[..changed].fill(MaybeUninit::new(0));
        false
    }
}

/// Returns how many bytes of `buffer` were changed, and whether all of it was read from an address space
/// with this mark.
fn read_with_mark(
    pid: c_int,
    vaddr: usize,
    buffer: &mut [MaybeUninit<u8>],
    mark: Mark,
) -> (usize, bool) {
    let mut seen = [0; 16];
    let local = [
        IoVec {
            base: buffer.as_mut_ptr().cast(),
            len: buffer.len(),
        },
        IoVec {
            base: seen.as_mut_ptr(),
            len: seen.len(),
        },
    ];
    let remote = [
        IoVec {
            base: without_provenance_mut(vaddr),
            len: buffer.len(),
        },
        IoVec {
            base: without_provenance_mut(mark.vaddr),
            len: seen.len(),
        },
    ];
    let all = buffer.len() + seen.len();
    // SAFETY: both arrays have two elements. Linux writes at most `len` bytes at each `base` of `local`,
    // which are the buffers, and it checks the addresses of `remote`.
    let count = unsafe { process_vm_readv(pid, local.as_ptr(), 2, remote.as_ptr(), 2, 0) };
    // Linux counts every byte that it has copied. After an error it has copied none.
    let count = usize::try_from(count).unwrap_or(0);
    (count.min(buffer.len()), count == all && seen == mark.bytes)
}

/// `struct iovec` of `<sys/uio.h>`.
#[repr(C)]
struct IoVec {
    base: *mut u8,
    len: usize,
}

unsafe extern "C" {
    /// Of the C library, which `std` links.
    fn process_vm_readv(
        pid: c_int,
        local: *const IoVec,
        local_count: c_ulong,
        remote: *const IoVec,
        remote_count: c_ulong,
        flags: c_ulong,
    ) -> isize;
}
