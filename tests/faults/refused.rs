//! Processes that Linux does not allow this process to trace.

use super::debuggee::{Debuggee, Page, page_size};
use super::namespaces::{command_as_nobody, skip_unless_root};
use super::subprocess;
use rustix::process::{DumpableBehavior, geteuid, set_dumpable_behavior};
use std::fs;
use zx_process_memory::{Process, Status};

/// The PID in the first argument of this subprocess.
fn pid_argument() -> u32 {
    std::env::args().nth(1).unwrap().parse().unwrap()
}

pub(crate) fn process_of_other_user_is_access_denied() {
    skip_unless_root();
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    let pid = debuggee.pid().to_string();
    subprocess::run(command_as_nobody("refused::assert_access_denied").arg(pid));
    // The other user has access to its own child.
    subprocess::run(&mut command_as_nobody(
        "refused::assert_own_child_is_written",
    ));
    assert!(debuggee.sees_only(0, base..base + page_size()));
}

/// Asserts that the process in the first argument cannot be opened, that failed opens leak no
/// descriptor, and that `/proc` shows the process unless the second argument is "hidden".
pub(crate) fn assert_access_denied() {
    let count_descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = count_descriptors();
    for _ in 0..3 {
        let refused = Process::from_pid(pid_argument());
        assert_eq!(refused.unwrap_err(), Status::AccessDenied);
    }
    assert_eq!(count_descriptors(), before);
    let is_hidden = !fs::exists(format!("/proc/{}", pid_argument())).unwrap();
    assert_eq!(
        is_hidden,
        std::env::args().nth(2).as_deref() == Some("hidden")
    );
}

pub(crate) fn assert_own_child_is_written() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadOnly]);
    let written = debuggee.process().write_memory(base, &[1, 2, 3]);
    assert_eq!(written, Ok(3));
    assert_eq!(debuggee.sees(base..base + 4), [1, 2, 3, 0]);
}

pub(crate) fn undumpable_target_is_access_denied() {
    // Root may trace an undumpable process, so root starts the test as another user.
    if geteuid().is_root() {
        subprocess::run(&mut command_as_nobody("refused::undumpable_target"));
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
    let by_pid = Process::from_pid(debuggee.pid());
    assert_eq!(by_pid.unwrap_err(), Status::AccessDenied);
    // A handle keeps its access from when it was opened, as in Zircon.
    assert_eq!(before.write_memory(base, &[1, 2]), Ok(2));
    assert_eq!(
        before.write_memory(base, &vec![3; 2 * page_size()]),
        Ok(page_size())
    );
    assert!(debuggee.sees_only(3, base..base + page_size()));
}

pub(crate) fn own_memory_of_undumpable_debugger_is_bad_handle() {
    if geteuid().is_root() {
        subprocess::run(&mut command_as_nobody("refused::undumpable_debugger"));
    } else {
        undumpable_debugger();
    }
}

/// The files of an undumpable process in `/proc` belong to root, even for the process itself.
pub(crate) fn undumpable_debugger() {
    let mut debuggee = Debuggee::start();
    let base = debuggee.lay_out(&[Page::ReadWrite]);
    set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap();
    // SAFETY: this test writes nothing to its own process.
    let own = unsafe { Process::current() };
    assert_eq!(own.unwrap_err(), Status::BadHandle);
    // `from_child` reads this process's `/proc/self/fdinfo`, to which newer kernels allow access.
    match Process::from_child(&debuggee.child) {
        Ok(process) => assert_eq!(process.write_memory(base, &[1]), Ok(1)),
        Err(status) => assert_eq!(status, Status::AccessDenied),
    }
}

/// The test does not change the setting, which applies to the whole machine.
pub(crate) fn sibling_under_yama_is_access_denied() {
    let Ok(scope) = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope") else {
        subprocess::skip("Linux runs without Yama");
    };
    if scope.trim() == "0" {
        subprocess::skip("Yama is disabled: ptrace_scope is 0");
    }
    // The debuggee is a sibling of the subprocess that opens it, not a descendant.
    let mut sibling = Debuggee::start();
    if geteuid().is_root() {
        subprocess::run(&mut command_as_nobody("refused::sibling_of_same_user"));
    } else {
        let pid = sibling.pid().to_string();
        subprocess::run(subprocess::command("refused::assert_access_denied").arg(pid));
    }
    sibling.kill_and_wait();
}

pub(crate) fn sibling_of_same_user() {
    let sibling = Debuggee::start();
    let pid = sibling.pid().to_string();
    subprocess::run(subprocess::command("refused::assert_access_denied").arg(pid));
}
