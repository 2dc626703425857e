//! Other users and namespaces, where Linux lets this process have them.

use super::alone;
use rustix::io::Errno;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::mount::{mount, mount_change, unmount};
use rustix::process::geteuid;
use std::ffi::CStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The user who owns nothing.
const NOBODY: u32 = 65534;

pub(crate) fn need_root() {
    if !geteuid().is_root() {
        alone::skip("only root can become another user or mount /proc");
    }
}

/// A part of the test as another user. The caller is root.
pub(crate) fn as_nobody(part: &str) -> Command {
    let mut program = alone::program(part);
    program.uid(NOBODY).gid(NOBODY);
    program
}

/// Gives this process mounts of its own, and to its children a space of pids of their own:
/// the next one is the first in it. This process stays where it was.
pub(crate) fn leave(what: libc::c_int) {
    need_root();
    // SAFETY: there is one thread, and nothing here relies on what is left behind.
    if unsafe { libc::unshare(what) } != 0 {
        let why = io::Error::last_os_error();
        alone::skip(&format!("no namespaces here: {why}"));
    }
    if what & libc::CLONE_NEWNS != 0 {
        // Or what is mounted here would be so outside.
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private).unwrap();
    }
}

/// Puts another `/proc` over the one that is there: that of this process's pids.
pub(crate) fn mount_proc(options: &CStr) -> Result<(), Errno> {
    mount("proc", "/proc", "proc", MountFlags::empty(), options)
}

pub(crate) fn mount_proc_or_skip() {
    if let Err(errno) = mount_proc(c"") {
        alone::skip(&format!("/proc cannot be mounted here: {errno}"));
    }
}

pub(crate) fn unmount_proc() {
    // As often as it was mounted.
    while unmount("/proc", UnmountFlags::DETACH).is_ok() {}
}
