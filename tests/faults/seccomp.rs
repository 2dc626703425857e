//! Has Linux answer like an older one.

use super::alone;
use rustix::io::Errno;
use std::io;

/// A system call that is not made from now on; where an argument is named, only with this
/// value in its lower half.
pub(crate) struct Answered {
    pub(crate) call: libc::c_long,
    pub(crate) argument: Option<(u32, u32)>,
    /// Its answer; without one it is 0.
    pub(crate) errno: Option<Errno>,
}

/// Where in `struct seccomp_data` they are.
const CALL: u32 = 0;
const ARGUMENTS: u32 = 16;

/// For this process from now on, and for all that it starts.
pub(crate) fn install(answered: &Answered) {
    let mut filter = Vec::new();
    let mut expect = |at, value, to_the_end| {
        filter.push(statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at));
        let mut jump = statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value);
        jump.jf = to_the_end;
        filter.push(jump);
    };
    // From each jump to the last statement, which allows the call.
    let to_the_end = if answered.argument.is_some() { 3 } else { 1 };
    expect(CALL, u32::try_from(answered.call).unwrap(), to_the_end);
    if let Some((index, value)) = answered.argument {
        let lower_half = if cfg!(target_endian = "big") { 4 } else { 0 };
        expect(ARGUMENTS + index * 8 + lower_half, value, 1);
    }
    let errno = answered.errno.map_or(0, Errno::raw_os_error);
    let errno = u32::try_from(errno).unwrap();
    for answer in [libc::SECCOMP_RET_ERRNO | errno, libc::SECCOMP_RET_ALLOW] {
        filter.push(statement(libc::BPF_RET | libc::BPF_K, answer));
    }
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap(),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: takes no pointer.
    let promised = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the program lives, and Linux copies it.
    let done = unsafe {
        let mode = libc::SECCOMP_MODE_FILTER;
        libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program)
    };
    if promised != 0 || done != 0 {
        let why = io::Error::last_os_error();
        alone::skip(&format!("no filters of system calls here: {why}"));
    }
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    let code = u16::try_from(code).unwrap();
    let (jt, jf) = (0, 0);
    libc::sock_filter { code, jt, jf, k }
}
