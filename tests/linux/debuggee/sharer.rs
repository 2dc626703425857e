//! A process that shares the debuggee's memory until it calls exec, as the child of a `vfork` does.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

pub(crate) struct Sharer;

/// The arguments of the exec, or null: wait.
static ARGUMENTS: AtomicPtr<*const c_char> = AtomicPtr::new(null_mut());

const STACK: usize = 1 << 16;

impl Sharer {
    /// Returns its PID.
    pub(crate) fn start() -> c_int {
        let stack = Box::leak(vec![0_u128; STACK / 16].into_boxed_slice());
        let top = stack.as_mut_ptr_range().end.cast::<c_void>();
        let flags = libc::CLONE_VM | libc::SIGCHLD;
        // SAFETY: `wait_and_exec` makes system calls only, and it has a stack of its own, which is never
        // freed.
        let pid = unsafe { libc::clone(wait_and_exec, top, flags, null_mut()) };
        assert!(pid > 0);
        pid
    }

    /// Lets it exec this program with these arguments.
    pub(super) fn exec(words: &[&str]) {
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
    // SAFETY: the list has a first element, which is not null.
    let program = unsafe { *arguments };
    // SAFETY: the arguments are strings, with a null at the end of the list, and are never freed.
    unsafe { libc::execv(program, arguments) };
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
