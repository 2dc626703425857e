//! Other users, and PID and mount namespaces, where Linux allows them.

use super::subprocess;
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::mount::{mount, mount_change, unmount};
use rustix::process::geteuid;
use std::ffi::CStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The UID and GID of `nobody`, who owns no files.
const NOBODY: u32 = 65534;

pub(crate) fn skip_unless_root() {
    if !geteuid().is_root() {
        subprocess::skip("only root can change its user or mount /proc");
    }
}

/// A command that runs the function as another user. The caller must be root.
pub(crate) fn command_as_nobody(function: &str) -> Command {
    let mut command = subprocess::command(function);
    command.uid(NOBODY).gid(NOBODY);
    command
}

/// Unshares these namespaces: `CLONE_NEWNS` gives this process its own mounts, and `CLONE_NEWPID`
/// gives its children a new PID namespace, in which the next child has PID 1. This process keeps
/// its PID.
pub(crate) fn unshare(namespaces: libc::c_int) {
    skip_unless_root();
    // SAFETY: this process has one thread, and nothing in it depends on the old namespaces.
    if unsafe { libc::unshare(namespaces) } != 0 {
        let error = io::Error::last_os_error();
        subprocess::skip(&format!("cannot create namespaces: {error}"));
    }
    if namespaces & libc::CLONE_NEWNS != 0 {
        // Without this, later mounts would propagate to the old mount namespace.
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private).unwrap();
    }
}

/// Runs the function as PID 1 of a new PID namespace, with its own mounts.
pub(crate) fn run_in_new_namespaces(function: &str) {
    unshare(libc::CLONE_NEWPID | libc::CLONE_NEWNS);
    subprocess::run(&mut subprocess::command(function));
}

/// Mounts `/proc` of this process's PID namespace on top of the current one.
pub(crate) fn mount_proc(options: &CStr) -> Result<(), Errno> {
    mount("proc", "/proc", "proc", MountFlags::empty(), options)
}

pub(crate) fn mount_proc_or_skip() {
    if let Err(errno) = mount_proc(c"") {
        subprocess::skip(&format!("cannot mount /proc: {errno}"));
    }
}

/// Unmounts every `/proc`, since several may be mounted on top of each other.
pub(crate) fn unmount_proc() {
    while unmount("/proc", UnmountFlags::DETACH).is_ok() {}
}
