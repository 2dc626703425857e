//! A forked process. Its memory is a copy, so the code and the data of this program are at the same
//! addresses.

use super::super::run_control::{Result, Traced};
use super::{Code, Counted, Debuggee, Text};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::thread;
use zx_debug_memory::{Breakpoints, OnDrop};
use zx_process_memory::Process;

/// Kills the process on drop, and waits for its threads, as its debugger.
pub(super) struct Killed(libc::pid_t);

impl Drop for Killed {
    fn drop(&mut self) {
        // SAFETY: the call takes no pointer. The process is a child that was not waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        let mut status = 0;
        loop {
            // SAFETY: `status` is valid for a write.
            let waited = unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL) };
            let has_ended = libc::WIFEXITED(status) || libc::WIFSIGNALED(status);
            if waited == -1 || (waited == self.0 && has_ended) {
                break;
            }
            // A traced thread stops once more before it ends.
            // SAFETY: the request takes no pointer.
            unsafe { libc::ptrace(libc::PTRACE_CONT, waited, 0, 0) };
        }
    }
}

impl Debuggee {
    /// Starts a process with a thread for each number of passes. No thread has executed an instruction of
    /// the code yet.
    pub(crate) fn start(code: Code, text: Text, passes: &[u64]) -> Self {
        let (code, other_mapping) = match text {
            Text::Once => (code, None),
            Text::Twice => {
                let (executed, other) = map_twice(code.bytes());
                (code.copied_to(executed), Some(other))
            }
        };
        let counted = |passes: &u64| Counted {
            passes: *passes,
            counter: 0,
        };
        let mut data: Vec<_> = passes.iter().map(counted).collect();
        // SAFETY: the tests run one after the other, in the only thread of this process.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
        if pid == 0 {
            count(code, &mut data);
        }
        let killed = Killed(pid);
        wait_until_stopped(pid);
        let traced = Traced::attach(pid.unsigned_abs()).unwrap();
        let process = Process::from_pid(pid.unsigned_abs()).unwrap();
        Self {
            killed,
            traced: Some(traced),
            breakpoints: Breakpoints::new(process, OnDrop::Leave),
            code,
            other_mapping,
            data: data.as_ptr().addr(),
        }
    }

    pub(crate) fn attach_again(&self) -> Result<Traced> {
        Traced::attach(self.killed.0.unsigned_abs())
    }
}

/// The new process: it waits for the debugger, and executes the code in a thread for each counter.
fn count(code: Code, data: &mut [Counted]) -> ! {
    let entry: *const () = std::ptr::with_exposed_provenance(code.start);
    // SAFETY: the code has this signature.
    let entry: extern "C" fn(usize, *mut Counted) -> ! = unsafe { std::mem::transmute(entry) };
    // SAFETY: the call takes no pointer.
    unsafe { libc::raise(libc::SIGSTOP) };
    thread::scope(|scope| {
        for counted in data {
            scope.spawn(|| entry(0, counted));
        }
    });
    unreachable!("the threads do not return");
}

fn wait_until_stopped(pid: libc::pid_t) {
    let mut status = 0;
    // SAFETY: `status` is valid for a write.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, libc::WUNTRACED) };
    assert_eq!((waited, libc::WIFSTOPPED(status)), (pid, true));
}

/// Maps a copy of the code twice, to execute it through one of the mappings. Linux lets a debugger write a
/// shared mapping only if it is writable.
fn map_twice(code: &[u8]) -> (usize, usize) {
    // SAFETY: the name ends with a 0 byte.
    let fd = unsafe { libc::memfd_create(c"executed".as_ptr(), libc::MFD_CLOEXEC) };
    assert!(fd >= 0, "memfd_create: {}", std::io::Error::last_os_error());
    // SAFETY: this function owns the new descriptor.
    let mut file = unsafe { File::from_raw_fd(fd) };
    file.write_all(code).unwrap();
    let map = |protection| {
        let (fd, anywhere) = (file.as_raw_fd(), std::ptr::null_mut());
        // SAFETY: the kernel chooses the address, so no memory in use is replaced.
        let vaddr =
            unsafe { libc::mmap(anywhere, code.len(), protection, libc::MAP_SHARED, fd, 0) };
        assert_ne!(vaddr, libc::MAP_FAILED);
        vaddr.expose_provenance()
    };
    let writable = libc::PROT_READ | libc::PROT_WRITE;
    (map(writable | libc::PROT_EXEC), map(writable))
}
