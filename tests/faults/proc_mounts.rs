//! Unusual `/proc` mounts. The tests run in new mount and PID namespaces.

use super::debuggee::{Debuggee, Page, page_size};
use super::namespaces::{command_as_nobody, mount_proc, mount_proc_or_skip};
use super::namespaces::{run_in_new_namespaces, unmount_proc, unshare};
use super::refused::assert_own_child_is_written;
use super::subprocess;
use rustix::mount::{MountFlags, mount};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use zx_process_memory::{Process, Status};

pub(crate) fn process_hidden_by_hidepid_is_access_denied() {
    run_in_new_namespaces("proc_mounts::hidepid");
}

pub(crate) fn hidepid() {
    mount_proc_or_skip();
    let debuggee = Debuggee::start();
    let pid = debuggee.pid().to_string();
    for (options, shows) in [
        (c"hidepid=0", "shown"),
        (c"hidepid=1", "shown"),
        (c"hidepid=2", "hidden"),
        (c"hidepid=4", "hidden"),
    ] {
        if let Err(errno) = mount_proc(options) {
            // Linux before 5.8 has no hidepid=4.
            assert_eq!(options, c"hidepid=4", "{errno}");
            continue;
        }
        subprocess::run(command_as_nobody("refused::assert_access_denied").args([&pid, shows]));
        subprocess::run(&mut command_as_nobody(
            "refused::assert_own_child_is_written",
        ));
    }
}

pub(crate) fn open_without_proc_is_not_supported() {
    run_in_new_namespaces("proc_mounts::proc_unmounted");
}

pub(crate) fn proc_unmounted() {
    test_without_proc(unmount_proc);
}

pub(crate) fn open_with_other_file_system_on_proc_is_not_supported() {
    run_in_new_namespaces("proc_mounts::other_file_system_on_proc");
}

/// Mounts another file system on `/proc`.
pub(crate) fn other_file_system_on_proc() {
    test_without_proc(|| {
        mount("none", "/proc", "tmpfs", MountFlags::empty(), c"").unwrap();
        fs::create_dir("/proc/self").unwrap();
    });
}

fn test_without_proc(remove_proc: impl FnOnce()) {
    mount_proc_or_skip();
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    remove_proc();
    assert!(!fs::exists("/proc/self/mem").unwrap());
    assert_not_supported(&debuggee);

    assert_eq!(process.write_memory(base, &[5; 8]), Ok(8));
    assert_eq!(
        process.write_memory(base + 8, &vec![6; 3 * page_size()]),
        Ok(2 * page_size() - 8)
    );
    let mut seen = [0; 9];
    assert_eq!(process.read_memory(base, &mut seen), Ok(9));
    assert_eq!(seen, [5, 5, 5, 5, 5, 5, 5, 5, 6]);
    assert_eq!(process.write_memory(0, &[1]), Err(Status::NoMemory));
    debuggee.kill_and_wait();
    assert_eq!(process.write_memory(base, &[7]), Err(Status::BadState));
}

fn assert_not_supported(debuggee: &Debuggee) {
    for _ in 0..3 {
        let by_child = Process::from_child(&debuggee.child);
        assert_eq!(by_child.unwrap_err(), Status::NotSupported);
        let by_pid = Process::from_pid(debuggee.pid());
        assert_eq!(by_pid.unwrap_err(), Status::NotSupported);
    }
}

/// As in a container with the `/proc` of the host, in which processes have other PIDs.
pub(crate) fn proc_of_parent_namespace_is_sufficient() {
    run_in_new_namespaces("proc_mounts::proc_of_parent_namespace");
}

pub(crate) fn proc_of_parent_namespace() {
    assert_eq!(std::process::id(), 1);
    assert_ne!(fs::read_link("/proc/self").unwrap().to_str(), Some("1"));
    assert_own_child_is_written();
}

/// A child namespace's `/proc` does not show this process, so there is no `/proc/self`.
pub(crate) fn proc_of_child_namespace_is_not_supported() {
    unshare(libc::CLONE_NEWNS);
    let debuggee = Debuggee::start();
    unshare(libc::CLONE_NEWPID);
    let mut init = subprocess::command("proc_mounts::mount_proc_and_wait");
    let init = init.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut init = init.spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(init.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    if line != "mounted\n" {
        subprocess::skip(&line);
    }
    assert!(fs::exists("/proc/1/mem").unwrap());
    assert!(!fs::exists("/proc/self/mem").unwrap());
    assert_not_supported(&debuggee);
    drop(init.stdin.take());
    init.wait().unwrap();
}

/// Waits after the mount, since `/proc` is empty after PID 1 of its namespace has ended.
pub(crate) fn mount_proc_and_wait() {
    mount_proc_or_skip();
    println!("mounted");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
