//! Starts a program, up to its entry point.

use super::super::{Result, RunControl, Stop};
use super::{Thread, Traced, ctrl_c};
use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use object::elf::ELFCLASS64;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
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
        let mut child = command
            .spawn()
            .map_err(|error| spawn_error(&program, &error))?;
        match Self::trace(child.id(), &program) {
            Ok((traced, process)) => Ok((traced, process, child)),
            Err(error) => {
                // Nothing traces it any more, and it is stopped. Both calls fail if it has ended.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    fn trace(id: u32, program: &str) -> Result<(Self, Process)> {
        let pid = Pid::from_raw(id.try_into()?);
        // It has stopped at its exec. Only a process that is traced by `seize` can be interrupted without
        // a signal. So detach, and keep it stopped by SIGSTOP.
        waitpid(pid, None)?;
        ptrace::detach(pid, Signal::SIGSTOP)?;
        waitpid(pid, Some(WaitPidFlag::WUNTRACED))?;
        let mut traced = Self::attach(id).map_err(|error| format!("{program}: {error}"))?;
        ctrl_c::stop_on_ctrl_c(pid)?;
        let process = Process::from_pid(id)?;
        traced.run_to(entry(id)?, &process, program)?;
        Ok((traced, process))
    }

    /// The file of the program: for a script, that of its interpreter.
    pub(crate) fn file_of(&self, _program: &Path) -> PathBuf {
        PathBuf::from(format!("/proc/{}/exe", self.pid))
    }

    /// Traces a child process that was stopped by `SIGSTOP`.
    pub(crate) fn attach(pid: u32) -> Result<Self> {
        let pid = Pid::from_raw(pid.try_into()?);
        // Without TRACEEXIT, the end of the first thread is reported only after that of all others. With
        // EXITKILL, the process ends if the debugger fails, instead of at one of the breakpoints.
        let options =
            Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_TRACEEXIT | Options::PTRACE_O_EXITKILL;
        ptrace::seize(pid, options).map_err(seize_error)?;
        let mut traced = Self {
            pid,
            threads: BTreeMap::from([(pid, Thread::Running)]),
            trapped: Vec::new(),
            is_interrupted: false,
            ended: None,
        };
        traced.wait(Some(pid))?;
        // Ends the stop that the SIGSTOP began.
        kill(pid, Signal::SIGCONT)?;
        Ok(traced)
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
    let mut ident = [0; 5];
    File::open(format!("/proc/{pid}/exe"))?.read_exact(&mut ident)?;
    if ident[4] != ELFCLASS64.0 {
        return Err("32-bit programs are not supported".into());
    }
    let auxv = fs::read(format!("/proc/{pid}/auxv"))?;
    // Pairs of words: a type and a value.
    let mut pairs = auxv.chunks_exact(16).map(|pair| pair.split_at(8));
    let entry = pairs.find(|(kind, _)| *kind == libc::AT_ENTRY.to_ne_bytes());
    let (_, value) = entry.ok_or("the process has no AT_ENTRY")?;
    Ok(usize::from_ne_bytes(value.try_into()?))
}

fn spawn_error(program: &str, error: &std::io::Error) -> String {
    if error.raw_os_error() == Some(Errno::EPERM as i32) {
        format!("{program}: {}", seize_error(Errno::EPERM))
    } else {
        format!("cannot start {program}: {error}")
    }
}

fn seize_error(error: Errno) -> String {
    match error {
        Errno::EPERM => {
            "cannot trace the process: it is traced already, by a debugger or `strace -f`; or \
                         its file cannot be read; or Linux does not allow it (EPERM)"
                .to_owned()
        }
        error => format!("cannot trace the process: {error}"),
    }
}
