//! `/proc` is not as it should be. In mounts and pids of our own.

use super::alone;
use super::debuggee::{Debuggee, PAGE, Page};
use super::namespaces::{as_nobody, leave, mount_proc, mount_proc_or_skip, unmount_proc};
use super::refused::own_child_is_written;
use rustix::mount::{MountFlags, mount};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use zx_process_memory::{Process, Status};

/// Runs a part as the first process in a space of pids of its own.
fn as_first(part: &str) {
    leave(libc::CLONE_NEWPID | libc::CLONE_NEWNS);
    alone::part(&mut alone::program(part));
}

pub(crate) fn a_process_that_hidepid_hides_is_denied() {
    as_first("proc_mounts::hidden");
}

pub(crate) fn hidden() {
    mount_proc_or_skip();
    let debuggee = Debuggee::start();
    let pid = debuggee.child.id().to_string();
    for (options, shows) in [
        (c"hidepid=0", "shown"),
        (c"hidepid=1", "shown"),
        (c"hidepid=2", "hidden"),
        (c"hidepid=4", "hidden"),
    ] {
        if let Err(errno) = mount_proc(options) {
            // It came with Linux 5.8; 2 is what the rest is about.
            assert_eq!(options, c"hidepid=4", "{errno}");
            continue;
        }
        alone::part(as_nobody("refused::process_is_denied").args([&pid, shows]));
        alone::part(&mut as_nobody("refused::own_child_is_written"));
    }
}

pub(crate) fn without_proc_nothing_opens_and_open_handles_go_on() {
    as_first("proc_mounts::unmounted");
}

pub(crate) fn unmounted() {
    without_proc(unmount_proc);
}

pub(crate) fn another_proc_over_it_is_not_supported() {
    as_first("proc_mounts::covered");
}

/// By a file system that is not `/proc`.
pub(crate) fn covered() {
    without_proc(|| {
        mount("none", "/proc", "tmpfs", MountFlags::empty(), c"").unwrap();
        fs::create_dir("/proc/self").unwrap();
    });
}

fn without_proc(take_away: impl FnOnce()) {
    mount_proc_or_skip();
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite; 2]);
    let process = debuggee.process();
    take_away();
    assert!(!fs::exists("/proc/self/mem").unwrap());
    assert_not_supported(&debuggee);

    assert_eq!(process.write_memory(base, &[5; 8]), Ok(8));
    assert_eq!(
        process.write_memory(base + 8, &[6; 3 * PAGE]),
        Ok(2 * PAGE - 8)
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
        let by_pid = Process::from_pid(debuggee.child.id());
        assert_eq!(by_pid.unwrap_err(), Status::NotSupported);
    }
}

/// As in a container that was given the host's `/proc`: pids have other numbers there.
pub(crate) fn the_proc_of_a_namespace_above_is_used() {
    as_first("proc_mounts::proc_of_a_namespace_above");
}

pub(crate) fn proc_of_a_namespace_above() {
    assert_eq!(std::process::id(), 1);
    assert_ne!(fs::read_link("/proc/self").unwrap().to_str(), Some("1"));
    own_child_is_written();
}

/// Where this process is not seen: it finds nothing of itself.
pub(crate) fn the_proc_of_a_namespace_below_is_not_supported() {
    leave(libc::CLONE_NEWNS);
    let debuggee = Debuggee::start();
    leave(libc::CLONE_NEWPID);
    let mut first = alone::program("proc_mounts::mount_proc_and_stay");
    let first = first.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut first = first.spawn().unwrap();
    let mut line = String::new();
    let mut answer = BufReader::new(first.stdout.take().unwrap());
    answer.read_line(&mut line).unwrap();
    if line != "mounted\n" {
        alone::skip(&line);
    }
    assert!(fs::exists("/proc/1/mem").unwrap());
    assert!(!fs::exists("/proc/self/mem").unwrap());
    assert_not_supported(&debuggee);
    drop(first.stdin.take());
    first.wait().unwrap();
}

/// And stays, for without a first process its `/proc` is empty.
pub(crate) fn mount_proc_and_stay() {
    mount_proc_or_skip();
    println!("mounted");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
