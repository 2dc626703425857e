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
pub fn open(_: Id) -> Result<Process, (Status, &'static str)> {
    Err((
        Status::NotSupported,
        "poke opens processes only on Fuchsia and Linux",
    ))
}
