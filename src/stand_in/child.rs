use crate::stand_in::{Opened, address_space, kernel, pidfd};
use crate::{Process, Status};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::process::Child;

pub(super) fn open(child: &Child) -> Result<Process, Status> {
    let pid = child.id();
    let pidfd = pidfd(pid).map_err(|status| match status {
        // Nobody has this pid: the child was waited for.
        Status::NotFound => Status::BadState,
        status => status,
    })?;
    let space = address_space(pidfd.as_fd());
    // First of all: if this is a stranger, what else Linux said was about the stranger.
    check_child_of_ours(pidfd.as_fd())?;
    let opened = Opened::from_parts(pid, pidfd, space?);
    if opened.shares_our_memory() {
        return Err(Status::InvalidArgs);
    }
    kernel().new_process(opened)
}

/// A pid that was free again may have come to name a process of anybody's, but never
/// a child of ours that std does not know: its `Child` is the one at hand.
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
