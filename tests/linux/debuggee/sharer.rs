//! A process that shares the debuggee's memory until it calls exec, as the child of a `vfork` does.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

pub(crate) struct Sharer {
    pid: c_int,
}

/// The arguments of the exec, or null: wait.
static ARGUMENTS: AtomicPtr<*const c_char> = AtomicPtr::new(null_mut());

const STACK: usize = 1 << 16;

impl Sharer {
    pub(crate) fn start() -> Self {
        let stack = Box::leak(vec![0_u128; STACK / 16].into_boxed_slice());
        let top = stack.as_mut_ptr_range().end.cast::<c_void>();
        let flags = libc::CLONE_VM | libc::SIGCHLD;
        // SAFETY: `wait_and_exec` makes system calls only, and it has a stack of its own, which is never
        // freed.
        let pid = unsafe { libc::clone(wait_and_exec, top, flags, null_mut()) };
        assert!(pid > 0);
        Self { pid }
    }

    pub(super) fn pid(&self) -> c_int {
        self.pid
    }

    /// Lets it exec this program with these arguments.
    pub(super) fn exec(self, words: &[&str]) {
        let all = ["/proc/self/exe", "sharer"].iter().chain(words);
        let arguments = all.map(|word| CString::new(*word).unwrap().into_raw().cast_const());
        let arguments: Vec<_> = arguments.chain([null()]).collect();
        ARGUMENTS.store(arguments.leak().as_mut_ptr(), Ordering::Release);
    }
}

extern "C" fn wait_and_exec(_: *mut c_void) -> c_int {
    loop {
        let arguments = ARGUMENTS.load(Ordering::Acquire);
        if !arguments.is_null() {
            exec(arguments);
        }
        // SAFETY: the call takes no pointer.
        unsafe { libc::sched_yield() };
    }
}

fn exec(arguments: *const *const c_char) -> ! {
    // SAFETY: there is a first argument. The arguments are a list of strings with a null at its end, which
    // is never freed.
    unsafe { libc::execv(*arguments, arguments) };
    // SAFETY: the call takes no pointer. It skips the exit handlers of the debuggee.
    unsafe { libc::_exit(1) };
}

/// The program of the exec. It maps memory of this address and length, sets each byte of it, prints the
/// reply, and waits to be killed with the debuggee.
pub(super) fn run() {
    let word = |index| std::env::args().nth(index).unwrap();
    let number = |index| word(index).parse::<usize>().unwrap();
    // SAFETY: the call takes no pointer.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    let base = super::map_private_at(number(2), number(3)).expect("the addresses are used");
    super::fill(base..base + number(3), word(4).parse().unwrap());
    println!();
    loop {
        std::thread::park();
    }
}
