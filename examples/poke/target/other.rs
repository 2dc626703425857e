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

pub fn open(_: Number) -> Result<Process, (Status, &'static str)> {
    Err((Status::NotSupported, "this is neither Fuchsia nor Linux"))
}
