use std::io::{self, Write};
use zx_process_memory::{Process, Status};

pub use std::env::current_exe;

pub const NUMBER: &str = "pid";
pub type Number = u32;

pub fn say(line: &str) -> io::Result<()> {
    // `println!` would panic where nobody listens.
    writeln!(io::stdout(), "{line}")
}

/// What to do instead if no child can be started.
pub fn without_child(text: &[u8], error: &io::Error) -> Result<(), String> {
    let len = text.len();
    Err(format!("no child to write {len} bytes into: {error}"))
}

pub fn own_number() -> Number {
    std::process::id()
}

pub fn open(pid: Number) -> Result<Process, (Status, &'static str)> {
    Process::from_pid(pid).map_err(|status| {
        let hint = match status {
            Status::NotFound => "no process has this pid",
            Status::BadState => "the process has ended",
            Status::InvalidArgs => "that is poke itself, or a thread, or no pid at all",
            Status::AccessDenied => "one must be allowed to trace it; RUST_LOG=debug tells more",
            _ => "RUST_LOG=debug tells more",
        };
        (status, hint)
    })
}
