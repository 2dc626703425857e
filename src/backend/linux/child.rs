use super::objects;
use super::opened_process::{OpenedProcess, address_space, pidfd};
use crate::{Process, Status};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, waitid};
use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

/// A child can share the caller's memory until its exec is complete. `spawn` may return shortly
/// before.
const EXEC_ATTEMPTS: u32 = 1000;
const EXEC_PAUSE: Duration = Duration::from_millis(1);

pub(crate) fn open(child: &Child) -> Result<Process, Status> {
    for _ in 1..EXEC_ATTEMPTS {
        let opened = open_once(child.id())?;
        // The constructor below reports an error.
        if opened.space.is_ours() != Ok(true) {
            return objects().new_process(opened);
        }
        sleep(EXEC_PAUSE);
    }
    // The child keeps the caller's address space, which this refuses.
    objects().new_process(open_once(child.id())?)
}

fn open_once(pid: u32) -> Result<OpenedProcess, Status> {
    let pidfd = pidfd(pid).map_err(|status| match status {
        // The PID is free: the child was waited for.
        Status::NotFound => Status::BadState,
        status => status,
    })?;
    let space = address_space(pidfd.as_fd());
    // This check comes before any error of `address_space`: that of another process is of no use.
    check_is_child(pidfd.as_fd())?;
    OpenedProcess::new(pid, pidfd, space?)
}

/// Checks that the process is a child of the caller and has not ended. The PID of a child that was
/// waited for can name any process.
fn check_is_child(pidfd: BorrowedFd<'_>) -> Result<(), Status> {
    let without_reaping = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::PidFd(pidfd), without_reaping) {
        Ok(None) => Ok(()),
        Ok(Some(_)) | Err(Errno::CHILD) => Err(Status::BadState),
        Err(errno) => {
            log::debug!("waitid of a pidfd failed: {errno} (it requires Linux 5.4)");
            Err(Status::NotSupported)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::open_once;
    use crate::Status;

    /// The PID of a child that was waited for can be reused by another process.
    #[test]
    fn process_that_is_not_a_child_is_bad_state() {
        let parent = std::os::unix::process::parent_id();
        assert_eq!(open_once(parent).err(), Some(Status::BadState));
    }
}
