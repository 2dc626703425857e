use super::address_space::AddressSpace;
use super::behavior::Behavior;
use super::errno;
use super::process_id::{ProcessId, is_kernel_thread};
use super::read_by_pid::ByPid;
use crate::Status;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::format;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::thread::sleep;
use std::time::Duration;

/// A process that was alive when it was opened.
pub(crate) struct OpenedProcess {
    pub(crate) id: ProcessId,
    pidfd: OwnedFd,
    pub(crate) space: AddressSpace,
    by_pid: ByPid,
}

impl OpenedProcess {
    /// Opens the process that has this PID in the caller's PID namespace.
    pub(crate) fn by_pid(pid: u32) -> Result<Self, Status> {
        let pidfd = pidfd(pid)?;
        let space = address_space(pidfd.as_fd())?;
        Self::new(pid, pidfd, space)
    }

    /// `pidfd` and `space` were opened from the process with this PID.
    pub(crate) fn new(pid: u32, pidfd: OwnedFd, space: AddressSpace) -> Result<Self, Status> {
        let id = ProcessId::new(pidfd.as_fd(), &space);
        // It had not ended when its identity was read, so the identity is its own.
        if has_ended(pidfd.as_fd()) {
            return Err(Status::BadState);
        }
        let id = id.map_err(|error| refusal(&error))?;
        Ok(Self {
            id,
            pidfd,
            space,
            by_pid: ByPid::new(pid),
        })
    }

    /// Reads at `vaddr`, at most to the end of the mapping there.
    pub(crate) fn read(
        &self,
        vaddr: usize,
        buffer: &mut [MaybeUninit<u8>],
        behavior: &Behavior,
    ) -> Result<usize, Status> {
        self.space.read(vaddr, buffer, behavior, |part| {
            self.by_pid
                .read(self.pidfd.as_fd(), &self.space, vaddr, part)
        })
    }

    pub(crate) fn is_alive(&self) -> bool {
        !has_ended(self.pidfd.as_fd()) && !self.space.is_gone()
    }

    /// Returns whether `other` is the same process with the same memory: no exec came between.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.id == other.id && self.space.is_same(&other.space)
    }
}

pub(crate) fn pidfd(pid: u32) -> Result<OwnedFd, Status> {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let number = number.ok_or(Status::InvalidArgs)?;
    pidfd_open(number, PidfdFlags::empty()).map_err(|errno| match errno {
        // The ID of a thread that is not a main thread. Older kernels return EINVAL.
        Errno::NOENT => Status::InvalidArgs,
        Errno::PERM => {
            log::debug!("a seccomp filter forbids pidfd_open, as in some containers");
            Status::AccessDenied
        }
        errno => errno::status("pidfd_open", errno),
    })
}

/// An exec takes about this long between the change of the memory and the first instruction.
const EXEC_PAUSE: Duration = Duration::from_millis(1);

/// Opens the memory of the process that `pidfd` names.
pub(crate) fn address_space(pidfd: BorrowedFd<'_>) -> Result<AddressSpace, Status> {
    // An exec can come between the opening of two files. No process does that many times in a row.
    for attempts_left in (0..16).rev() {
        let opened = pid_in_proc(pidfd).and_then(AddressSpace::open);
        let has_memory = match &opened {
            Ok((space, _)) => !space.is_gone(),
            Err(error) => Errno::from_io_error(error) != Some(Errno::SRCH),
        };
        let is_kernel_thread = !has_memory && pid_in_proc(pidfd).is_ok_and(is_kernel_thread);
        // The process had not ended after its files were opened, so the PID was still its own when
        // they were opened.
        if has_ended(pidfd) {
            return Err(Status::BadState);
        }
        if is_kernel_thread {
            log::debug!("the PID is that of a kernel thread, which has no memory");
            return Err(Status::InvalidArgs);
        }
        match opened {
            Ok((space, Some(true))) if has_memory => return Ok(space),
            // A program that has unmapped its mark, or whose memory cannot be read.
            Ok((space, None)) if has_memory && attempts_left == 0 => return Ok(space),
            Ok(_) => sleep(EXEC_PAUSE),
            Err(error) => return Err(refusal(&error)),
        }
    }
    Err(Status::BadState)
}

fn refusal(error: &io::Error) -> Status {
    match Errno::from_io_error(error) {
        // The process is alive, so `/proc` hides it or is not mounted.
        Some(Errno::NOENT) if fs::exists("/proc/self/mem").unwrap_or(false) => {
            errno::status("open /proc/PID/mem", Errno::PERM)
        }
        Some(Errno::NOENT) | None => {
            log::debug!(
                "/proc is not mounted, or it is of a PID namespace without this process: {error}"
            );
            Status::NotSupported
        }
        // The process exists, and it is ending.
        Some(Errno::SRCH) => Status::BadState,
        Some(errno) => errno::status("open /proc/PID/mem", errno),
    }
}

/// Returns the process's PID in `/proc`. It differs from the caller's PID for it if `/proc` is of
/// another PID namespace.
fn pid_in_proc(pidfd: BorrowedFd<'_>) -> io::Result<u32> {
    let info = fs::read_to_string(format!("/proc/thread-self/fdinfo/{}", pidfd.as_raw_fd()))?;
    info.lines()
        .find_map(|line| line.strip_prefix("Pid:"))
        .and_then(|pid| pid.trim().parse().ok())
        .filter(|pid| *pid != 0)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// A pidfd becomes readable when its process ends.
pub(crate) fn has_ended(pidfd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(pidfd, PollFlags::IN)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    loop {
        return match poll(&mut fds, Some(&at_once)) {
            // A pending signal interrupts the call even with a timeout of 0.
            Err(Errno::INTR) => continue,
            Ok(ready) => ready != 0,
            Err(errno) => {
                log::debug!("poll of a pidfd failed: {errno}");
                true
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenedProcess, address_space, has_ended, pidfd};
    use crate::Status;
    use rustix::fd::AsFd;
    use std::process::{Command, Stdio};

    #[test]
    fn kernel_thread_is_invalid_args() {
        // PID 2 is the parent of the kernel threads, in the initial PID namespace.
        if let Ok(name) = std::fs::read_to_string("/proc/2/comm") {
            if name == "kthreadd\n" {
                assert_eq!(OpenedProcess::by_pid(2).err(), Some(Status::InvalidArgs));
            }
        }
    }

    #[test]
    fn pidfd_shows_the_end_of_its_process() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pidfd = pidfd(child.id()).unwrap();
        assert!(!has_ended(pidfd.as_fd()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(has_ended(pidfd.as_fd()));
        assert_eq!(address_space(pidfd.as_fd()).err(), Some(Status::BadState));
    }
}
