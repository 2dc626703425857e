//! Linux does not let the process be traced.

use super::alone;
use super::debuggee::{Debuggee, PAGE, Page};
use super::namespaces::{as_nobody, need_root};
use rustix::process::{DumpableBehavior, geteuid, set_dumpable_behavior};
use std::fs;
use zx_process_memory::{Process, Status};

/// The number that this part of a test was given.
fn pid_argument() -> u32 {
    std::env::args().nth(1).unwrap().parse().unwrap()
}

pub(crate) fn another_users_process_is_denied() {
    need_root();
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let pid = debuggee.child.id().to_string();
    alone::part(as_nobody("refused::process_is_denied").arg(pid));
    // Nor is it the other way round: what runs is the user's part, not the process.
    alone::part(&mut as_nobody("refused::own_child_is_written"));
    assert!(debuggee.sees_only(0, base..base + PAGE));
}

/// That the process with this pid cannot be opened, that nothing is left of the attempts,
/// and that `/proc` shows it or not, as was said.
pub(crate) fn process_is_denied() {
    let in_use = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = in_use();
    for _ in 0..3 {
        let refused = Process::from_pid(pid_argument());
        assert_eq!(refused.unwrap_err(), Status::AccessDenied);
    }
    assert_eq!(in_use(), before);
    let is_hidden = !fs::exists(format!("/proc/{}", pid_argument())).unwrap();
    assert_eq!(
        is_hidden,
        std::env::args().nth(2).as_deref() == Some("hidden")
    );
}

pub(crate) fn own_child_is_written() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadOnly]);
    let written = debuggee.process().write_memory(base, &[1, 2, 3]);
    assert_eq!(written, Ok(3));
    assert_eq!(debuggee.sees(base..base + 4), [1, 2, 3, 0]);
}

pub(crate) fn a_target_that_is_not_dumpable_is_denied() {
    // Root may trace it.
    if geteuid().is_root() {
        alone::part(&mut as_nobody("refused::undumpable_target"));
    } else {
        undumpable_target();
    }
}

pub(crate) fn undumpable_target() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let before = debuggee.process();
    debuggee.ask("undumpable");
    let by_child = Process::from_child(&debuggee.child);
    assert_eq!(by_child.unwrap_err(), Status::AccessDenied);
    let by_pid = Process::from_pid(debuggee.child.id());
    assert_eq!(by_pid.unwrap_err(), Status::AccessDenied);
    // A handle keeps what was allowed when it was made, as Zircon's do.
    assert_eq!(before.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(before.write_memory(base, &[3; 2 * PAGE]), Ok(PAGE));
    assert!(debuggee.sees_only(3, base..base + PAGE));
}

pub(crate) fn a_debugger_that_is_not_dumpable_is_denied_its_own_memory() {
    if geteuid().is_root() {
        alone::part(&mut as_nobody("refused::undumpable_debugger"));
    } else {
        undumpable_debugger();
    }
}

/// What `/proc` has of such a process is root's, its own memory too.
pub(crate) fn undumpable_debugger() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap();
    // SAFETY: nothing is written by it.
    let own = unsafe { Process::current() };
    assert_eq!(own.unwrap_err(), Status::BadHandle);
    // Its descriptors, by which the child is found, it is shown by newer kernels.
    match Process::from_child(&debuggee.child) {
        Ok(process) => assert_eq!(process.write_memory(base, &[1]), Ok(1)),
        Err(status) => assert_eq!(status, Status::AccessDenied),
    }
}

/// The setting is the whole machine's, so it is taken as it is.
pub(crate) fn yama_denies_what_is_no_descendant() {
    let Ok(scope) = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope") else {
        alone::skip("this Linux runs without Yama");
    };
    if scope.trim() == "0" {
        alone::skip("Yama is off: ptrace_scope is 0");
    }
    // A sibling of the debugger, and as the same user.
    let mut sibling = Debuggee::start();
    if geteuid().is_root() {
        alone::part(&mut as_nobody("refused::stranger_of_the_same_user"));
    } else {
        let pid = sibling.child.id().to_string();
        alone::part(alone::program("refused::process_is_denied").arg(pid));
    }
    sibling.kill_and_wait();
}

pub(crate) fn stranger_of_the_same_user() {
    let sibling = Debuggee::start();
    let pid = sibling.child.id().to_string();
    alone::part(alone::program("refused::process_is_denied").arg(pid));
}
