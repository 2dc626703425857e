use std::io::{self, Write};
use zx_process_memory::{Process, Status};

pub use std::env::current_exe;

pub const ID_OPTION: &str = "pid";
pub const ID_VALUE: &str = "PID";
pub type Id = u32;

pub fn print_line(line: &str) -> io::Result<()> {
    // `println!` would panic if stdout is closed or full.
    writeln!(io::stdout(), "{line}")
}

pub fn print_error(message: &str) {
    eprintln!("{message}");
}

/// The demo, if no child can be started.
pub fn run_without_child(_text: &[u8], error: &io::Error) -> Result<(), String> {
    Err(format!("cannot start a child process: {error}"))
}

pub fn own_id() -> Id {
    std::process::id()
}

/// Opens a process. An error includes a hint.
pub fn open(pid: Id) -> Result<Process, (Status, &'static str)> {
    Process::from_pid(pid).map_err(|status| {
        let hint = match status {
            Status::NotFound => "no process has this PID",
            Status::BadState => "the process has ended, or its main thread has",
            Status::InvalidArgs => {
                "give the PID of another process, above 0: poke cannot open itself, a thread, or a \
                 kernel thread, which has no memory"
            }
            Status::AccessDenied => {
                "Linux does not allow poke to trace the process: run poke as the user of the \
                 process or as root, and see ptrace_scope of Yama; RUST_LOG=debug logs the cause"
            }
            _ => "RUST_LOG=debug logs the cause",
        };
        (status, hint)
    })
}
