use super::kernel;
use super::opened_process::{OpenedProcess, address_space, pidfd};
use crate::{Process, Status};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

/// A child may share our memory until its exec is through, which `spawn` need not have
/// awaited to the last. That is over in no time.
const PATIENCE: (u32, Duration) = (1000, Duration::from_millis(1));

pub(crate) fn open(child: &Child) -> Result<Process, Status> {
    let pid = child.id();
    for _ in 0..PATIENCE.0 {
        let opened = open_once(pid)?;
        if opened.space.is_ours() == Ok(false) {
            return kernel().new_process(opened);
        }
        sleep(PATIENCE.1);
    }
    Err(Status::InvalidArgs)
}

fn open_once(pid: u32) -> Result<OpenedProcess, Status> {
    let pidfd = pidfd(pid).map_err(|status| match status {
        // Nobody has this pid: the child was waited for.
        Status::NotFound => Status::BadState,
        status => status,
    })?;
    let space = address_space(pidfd.as_fd());
    // First of all: if this is a stranger, what else Linux said was about the stranger.
    check_child_of_ours(pidfd.as_fd())?;
    OpenedProcess::new(pidfd, space?)
}

/// A pid that was free again may have come to name anybody's process. A stranger's is
/// refused; a later child of this program with the same pid cannot be told apart.
fn check_child_of_ours(pidfd: BorrowedFd<'_>) -> Result<(), Status> {
    let without_reaping = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::PidFd(pidfd), without_reaping) {
        Ok(None) => Ok(()),
        Ok(Some(_)) | Err(Errno::CHILD) => Err(Status::BadState),
        Err(errno) => {
            log::debug!("waitid on a pidfd: {errno}; Linux 5.4 and later have it");
            Err(Status::NotSupported)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::open_once;
    use crate::Status;

    /// As if the pid of a child that was waited for had come to name it.
    #[test]
    fn a_stranger_is_refused() {
        let parent = std::os::unix::process::parent_id();
        assert_eq!(open_once(parent).err(), Some(Status::BadState));
    }
}
