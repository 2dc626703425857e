//! Starts a program, up to its first instruction.

use super::super::{Result, RunControl, Stop};
use super::{Traced, ctrl_c};
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
use zx_process_memory::{Process, Rights};

impl Traced {
    /// Starts a program, and returns when it is about to execute the instruction at its entry point. All
    /// libraries that it is linked with are loaded then.
    pub(crate) fn spawn(command: &mut Command) -> Result<(Self, Process, Child)> {
        let trace_me = || Ok(ptrace::traceme()?);
        // SAFETY: the closure only makes a system call, which is allowed between fork and exec.
        unsafe { command.pre_exec(trace_me) };
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .spawn()
            .map_err(|error| spawn_error(&program, &error))?;
        let pid = Pid::from_raw(child.id().try_into()?);
        // It has stopped at its exec. `seize` allows what `traceme` does not: to stop other threads
        // without a signal. So stop it in another way first.
        waitpid(pid, None)?;
        ptrace::detach(pid, Signal::SIGSTOP)?;
        waitpid(pid, Some(WaitPidFlag::WUNTRACED))?;
        ctrl_c::stop_on_ctrl_c(pid)?;
        let mut traced = Self::attach(child.id())?;
        let process = Process::from_pid(child.id())?;
        traced.run_to(entry(child.id())?, &process, &program)?;
        Ok((traced, process, child))
    }

    fn run_to(&mut self, vaddr: usize, process: &Process, program: &str) -> Result<()> {
        let process = process.duplicate(Rights::SAME_RIGHTS)?;
        let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
        breakpoints.insert(vaddr, BreakInstruction::NATIVE)?;
        match self.run(&breakpoints)? {
            Stop::Hits(_) => Ok(breakpoints.remove_all()?),
            Stop::Interrupted => Err("interrupted before the program's entry point".into()),
            Stop::Ended(status) => Err(format!(
                "{program} has ended before its entry point, with status {status}"
            )
            .into()),
        }
    }
}

/// The address of the program's first instruction, which the kernel stores for the program loader.
fn entry(pid: u32) -> Result<usize> {
    let auxv = fs::read(format!("/proc/{pid}/auxv"))?;
    // Pairs of words: a type and a value.
    let mut pairs = auxv.chunks_exact(16).map(|pair| pair.split_at(8));
    let entry = pairs.find(|(kind, _)| *kind == libc::AT_ENTRY.to_ne_bytes());
    let (_, value) = entry.ok_or("the process has no AT_ENTRY")?;
    Ok(usize::from_ne_bytes(value.try_into()?))
}

fn spawn_error(program: &str, error: &std::io::Error) -> String {
    if error.raw_os_error() == Some(Errno::EPERM as i32) {
        format!("cannot trace {program}: {}", seize_error(Errno::EPERM))
    } else {
        format!("cannot start {program}: {error}")
    }
}

pub(super) fn seize_error(error: Errno) -> String {
    match error {
        Errno::EPERM => {
            "another process, such as `strace -f` or a debugger, traces it already, or Linux \
                         does not allow this process to trace (EPERM)"
                .to_owned()
        }
        error => format!("ptrace failed with {error}"),
    }
}
