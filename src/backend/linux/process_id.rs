//! The identity of a Linux process. The PID is not sufficient: it is reused, and it
//! means different processes in different PID namespaces.

use super::address_space::AddressSpace;
use rustix::fd::BorrowedFd;
use rustix::fs::{fstat, fstatfs};
use std::format;
use std::fs;
use std::io;

/// The identity of a process, for as long as something keeps its pidfd open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProcessId {
    /// The inode of its pidfd. Linux 6.9 and later never use one again.
    PidfdInode(u64),
    /// Older kernels give every pidfd the same inode.
    ProcEntry {
        /// The device of the `/proc` that was opened. Each PID namespace has its own, and since Linux 5.8
        /// each mount.
        device: u64,
        /// The PID in that `/proc`.
        pid: u32,
        /// When the process started, in clock ticks since boot.
        start_time: u64,
    },
}

/// `PID_FS_MAGIC` of `<linux/magic.h>`.
const PID_FS_MAGIC: u64 = 0x5049_4446;

impl ProcessId {
    /// The identity of the process that `pidfd` names, whose memory is `space`.
    pub(crate) fn new(pidfd: BorrowedFd<'_>, space: &AddressSpace) -> io::Result<Self> {
        // The type of `f_type` differs between architectures.
        #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)]
        let has_own_inode = fstatfs(pidfd).is_ok_and(|statfs| statfs.f_type as u64 == PID_FS_MAGIC);
        if has_own_inode {
            return Ok(Self::PidfdInode(fstat(pidfd)?.st_ino));
        }
        let stat = fs::read(format!("/proc/{}/stat", space.pid_in_proc))?;
        Ok(Self::ProcEntry {
            device: space.proc_device()?,
            pid: space.pid_in_proc,
            start_time: start_time(&stat).ok_or(io::ErrorKind::InvalidData)?,
        })
    }
}

/// Returns whether the process is a thread of the kernel.
pub(crate) fn is_kernel_thread(pid_in_proc: u32) -> bool {
    let stat = fs::read(format!("/proc/{pid_in_proc}/stat"));
    let flags = stat.ok().and_then(|stat| field(&stat, 9));
    flags.is_some_and(|flags| flags & PF_KTHREAD != 0)
}

/// `PF_KTHREAD` of `<linux/sched.h>`.
const PF_KTHREAD: u64 = 0x0020_0000;

fn start_time(stat: &[u8]) -> Option<u64> {
    field(stat, 22)
}

/// A field of `/proc/PID/stat`, counted from 1. Field 2, the program's name in parentheses, can contain
/// spaces, parentheses and bytes that are not UTF-8.
fn field(stat: &[u8], number: usize) -> Option<u64> {
    let end_of_name = stat.windows(2).rposition(|bytes| bytes == b") ")?;
    let from_field_3 = core::str::from_utf8(&stat[end_of_name + 2..]).ok()?;
    from_field_3.split(' ').nth(number - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::start_time;

    #[test]
    fn start_time_is_field_22_whatever_the_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        for name in [&b"cat"[..], b"a) S 1 (b) ", b"caf\xc3\xa9\xff\xc3", b""] {
            let stat = [b"7 (", name, b") ", rest.as_bytes()].concat();
            assert_eq!(start_time(&stat), Some(4711), "{name:?}");
        }
        assert_eq!(start_time(b"7 (cat) S 1 2"), None);
        assert_eq!(start_time(b""), None);
    }
}
