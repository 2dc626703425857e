//! A debuggee that is this program, started again as a child. It prints and changes its own code on
//! command.

use super::{Access, LEN};
use crate::suite::child_process::ChildProcess;
use std::env;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use zx_process_memory::Process;

/// Atomics, because the debugger changes them.
#[repr(align(64))]
struct Code([AtomicU8; LEN]);

static CODE: Code = Code([const { AtomicU8::new(0) }; LEN]);

/// The first argument of the child.
const ARGUMENT: &str = "debuggee";

/// Whether this process is the child.
pub(crate) fn is_debuggee() -> bool {
    env::args().nth(1).as_deref() == Some(ARGUMENT)
}

pub(super) struct Child {
    process: ChildProcess,
    commands: ChildStdin,
    replies: Lines<BufReader<ChildStdout>>,
}

impl Child {
    pub(super) fn start() -> io::Result<Self> {
        let own = env::current_exe()?;
        // On Zircon, a program that starts from a boot image has a path relative to that image,
        // which is mounted at `/boot` (measured: 2018 and July 2019).
        let in_image = Path::new("/boot").join(own.strip_prefix("/").unwrap_or(&own));
        let process = Command::new(if own.exists() { own } else { in_image })
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // On Zircon of 2018 and 2019 a child cannot inherit stderr if it is a debuglog (measured).
            .stderr(Stdio::piped())
            .spawn()?;
        let mut process = ChildProcess(process);
        let commands = process.0.stdin.take().unwrap();
        let replies = BufReader::new(process.0.stdout.take().unwrap()).lines();
        Ok(Self {
            process,
            commands,
            replies,
        })
    }

    /// Sends a command and returns the reply.
    fn send(&mut self, command: impl Display) -> String {
        writeln!(self.commands, "{command}").unwrap();
        self.replies
            .next()
            .expect("the debuggee has ended")
            .unwrap()
    }
}

impl Access for Child {
    fn code_vaddr(&mut self) -> usize {
        self.send("address").parse().unwrap()
    }

    fn process(&self) -> Process {
        Process::from_child(&self.process.0).unwrap()
    }

    fn read_code(&mut self) -> Vec<u8> {
        decode(&self.send("read"))
    }

    fn write_code(&mut self, offset: usize, bytes: &[u8]) {
        self.send(format_args!("write {offset} {}", encode(bytes)));
    }

    /// The new process ends with the child.
    #[cfg(target_os = "linux")]
    fn fork(&mut self) -> Process {
        Process::from_pid(self.send("fork").parse().unwrap()).unwrap()
    }
}

/// Bytes as text, such as `1.2.255`.
fn encode(bytes: &[u8]) -> String {
    let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
    numbers.join(".")
}

fn decode(text: &str) -> Vec<u8> {
    let numbers = text.split('.');
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// The child's main function: executes commands until stdin is closed.
pub(crate) fn serve() {
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "address" => println!("{}", CODE.0.as_ptr().addr()),
            "read" => {
                let bytes = CODE.0.each_ref().map(|byte| byte.load(Relaxed));
                println!("{}", encode(&bytes));
            }
            "write" => {
                let code = &CODE.0[words[1].parse().unwrap()..];
                for (to, byte) in code.iter().zip(decode(words[2])) {
                    to.store(byte, Relaxed);
                }
                println!();
            }
            #[cfg(target_os = "linux")]
            "fork" => println!("{}", fork()),
            _ => panic!("unknown command: {line}"),
        }
    }
}

/// Forks, and returns the new process's PID. The new process waits until this one has ended.
#[cfg(target_os = "linux")]
fn fork() -> libc::pid_t {
    use std::os::unix::process::parent_id;
    let debuggee = std::process::id();
    // SAFETY: this process has one thread, and the new process only waits and exits.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        while parent_id() == debuggee {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        // SAFETY: _exit takes no pointer. It skips the exit handlers, which belong to the debuggee.
        unsafe { libc::_exit(0) };
    }
    assert!(pid > 0, "fork: {}", io::Error::last_os_error());
    pid
}
