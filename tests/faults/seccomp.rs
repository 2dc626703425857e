//! Seccomp filters. They make system calls fail, as on an older Linux or in a container.

use super::subprocess;
use rustix::io::Errno;
use std::io;

/// A system call that Linux no longer makes, and its result instead.
pub(crate) struct Filter {
    pub(crate) syscall: libc::c_long,
    /// The index of an argument and a value: the filter applies only to calls in which the lower
    /// half of the argument has the value.
    pub(crate) argument: Option<(u32, u32)>,
    /// The error that the call returns. With `None` the call returns 0.
    pub(crate) errno: Option<Errno>,
}

/// Offsets in `struct seccomp_data`.
const SYSCALL_OFFSET: u32 = 0;
const ARGUMENTS_OFFSET: u32 = 16;

/// Installs the filter for this process and for all processes that it starts from now on.
pub(crate) fn install(filter: &Filter) {
    let mut program = Vec::new();
    let mut skip_unless_equal = |offset, value, skip| {
        program.push(instruction(
            libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
            offset,
        ));
        let mut jump = instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value);
        jump.jf = skip;
        program.push(jump);
    };
    // Each jump goes to the last instruction, which allows the call.
    let skip = if filter.argument.is_some() { 3 } else { 1 };
    let syscall = u32::try_from(filter.syscall).unwrap();
    skip_unless_equal(SYSCALL_OFFSET, syscall, skip);
    if let Some((index, value)) = filter.argument {
        let lower_half = if cfg!(target_endian = "big") { 4 } else { 0 };
        skip_unless_equal(ARGUMENTS_OFFSET + index * 8 + lower_half, value, 1);
    }
    let errno = filter.errno.map_or(0, Errno::raw_os_error);
    let errno = u32::try_from(errno).unwrap();
    for result in [libc::SECCOMP_RET_ERRNO | errno, libc::SECCOMP_RET_ALLOW] {
        program.push(instruction(libc::BPF_RET | libc::BPF_K, result));
    }
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap(),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: this operation of prctl takes no pointer.
    let no_new_privs = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: `program` points to `len` instructions that live until the end of this function, and
    // Linux copies them.
    let installed = unsafe {
        let mode = libc::SECCOMP_MODE_FILTER;
        libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program)
    };
    if no_new_privs != 0 || installed != 0 {
        let error = io::Error::last_os_error();
        subprocess::skip(&format!("cannot install a seccomp filter: {error}"));
    }
}

fn instruction(code: u32, k: u32) -> libc::sock_filter {
    let code = u16::try_from(code).unwrap();
    let (jt, jf) = (0, 0);
    libc::sock_filter { code, jt, jf, k }
}
