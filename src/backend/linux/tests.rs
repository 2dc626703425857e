use super::fuchsia_child::open_handle;
use super::{OpenedProcess, objects};
use crate::sys::{zx_handle_close, zx_process_self};
use crate::{Process, Status};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).spawn().unwrap()
}

/// Every safe constructor goes through this.
#[test]
fn new_handle_to_calling_process_is_invalid_args() {
    let own = OpenedProcess::by_pid(std::process::id()).unwrap();
    let refused = objects().new_process(own).unwrap_err();
    assert_eq!(refused, Status::InvalidArgs);
}

/// The value of std's handle comes to name the calling process between two calls of `open_handle`.
#[test]
fn fuchsia_child_checks_the_handle_that_it_returns() {
    let mut child = cat();
    let process = Process::from_child(&child).unwrap();
    let (koid, reused) = (process.koid().unwrap(), process.into_raw());
    let handles = &objects().handles;
    let [of_child, of_self] =
        [reused, zx_process_self()].map(|handle| handles.get(handle).unwrap());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                handles.replace(reused, of_self.clone());
                handles.replace(reused, of_child.clone());
            }
        });
        // Stops the other thread, also when an assertion fails.
        let _stop = OnDrop(&is_over);
        for _ in 0..20_000 {
            match open_handle(reused) {
                Ok(process) => assert_eq!(process.koid(), Ok(koid)),
                Err(status) => assert_eq!(status, Status::InvalidArgs),
            }
        }
    });
    // SAFETY: this function owns the handle and does not use it again.
    unsafe { zx_handle_close(reused) };
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn fuchsia_child_that_has_ended_is_bad_state() {
    let mut child = cat();
    let process = Process::from_child(&child).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(open_handle(process.as_raw()).unwrap_err(), Status::BadState);
    assert_eq!(open_handle(0).unwrap_err(), Status::BadHandle);
}
