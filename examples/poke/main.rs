//! Writes into the memory of another process.
//!
//! Without arguments it starts a child that holds a text, changes that text from
//! outside, and lets the child say what it sees.

mod child;
mod target;

use clap::{Args, Parser, Subcommand};
use std::fmt::Display;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use zx_process_memory::{Process, sys::zx_vaddr_t};

/// Write into the memory of another process.
///
/// Without a command: start a child that holds a text, write into it, and show
/// what the child then sees. RUST_LOG=debug (or =trace) shows the library's log.
#[derive(Parser)]
#[command(name = "poke")]
struct Cli {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Be a debuggee to practise on: say where the text is, again for each line on stdin
    Child,
    /// Write bytes at an address of a process
    Write(WriteArgs),
}

#[derive(Args)]
struct WriteArgs {
    /// The process
    #[arg(long = target::NUMBER, value_name = "P")]
    process: target::Number,
    /// The address: 0x and hex digits, or decimal
    #[arg(value_parser = parse_address)]
    address: zx_vaddr_t,
    #[command(flatten)]
    source: Source,
}

/// What to write
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// Bytes as hex digits, as in 90cc or 0x90cc
    #[arg(long)]
    hex: Option<String>,
    /// A text, as it is
    #[arg(long)]
    text: Option<String>,
    /// The contents of a file
    #[arg(long)]
    file: Option<PathBuf>,
}

/// Exit status 1 means that the write failed, 2 that it was not asked for properly.
struct Failure(u8, String);

fn say(line: impl Display) -> Result<(), Failure> {
    target::say(&line.to_string()).map_err(|error| failed(format!("stdout: {error}")))
}

fn failed(message: impl Display) -> Failure {
    Failure(1, message.to_string())
}

fn main() -> ExitCode {
    env_logger::init();
    let done = match Cli::parse().action {
        None => demonstrate(),
        Some(Action::Child) => child::run().map_err(|error| failed(format!("stdio: {error}"))),
        Some(Action::Write(args)) => write(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(code, message)) => {
            eprintln!("poke: {message}");
            ExitCode::from(code)
        }
    }
}

/// The whole story: a child before, the write, the child after.
fn demonstrate() -> Result<(), Failure> {
    let text = b"poked by its parent!";
    let mut debuggee = match Debuggee::start() {
        Ok(debuggee) => debuggee,
        Err(error) => return target::without_child(text, &error).map_err(failed),
    };

    let (number, address, before) = debuggee.report()?;
    say(format_args!("before: {before}"))?;

    let process = Process::from_child(&debuggee.0).map_err(|status| {
        failed(format!(
            "cannot write at {address:#x}, nor open process {number}: {status}"
        ))
    })?;
    let written = process.write_memory(address, text).map_err(|status| {
        let hint = status.write_memory_hint().unwrap_or("no hint for this one");
        failed(format!(
            "cannot write {} bytes at {address:#x} in process {number}: {status}\nhint: {hint}",
            text.len()
        ))
    })?;
    say(format_args!(
        "wrote {written} bytes at {address:#x} in process {number}"
    ))?;

    debuggee.ask()?;
    let (_, _, after) = debuggee.report()?;
    say(format_args!("after: {after}"))?;
    if after.as_bytes() == text {
        Ok(())
    } else {
        Err(failed("the child did not see what was written"))
    }
}

fn write(args: &WriteArgs) -> Result<(), Failure> {
    let (number, address) = (args.process, args.address);
    let bytes = args.source.bytes().map_err(|why| Failure(2, why))?;
    let process = target::open(number).map_err(|(status, hint)| {
        failed(format!(
            "cannot write at {address:#x}, nor open process {number}: {status}\nhint: {hint}"
        ))
    })?;
    process
        .write_all_memory(address, &bytes)
        .map_err(|stopped| {
            let hint = stopped.status.write_memory_hint();
            failed(format!(
                "cannot write {} bytes at {address:#x} in process {number}: {stopped}\nhint: {}",
                bytes.len(),
                hint.unwrap_or("no hint for this one")
            ))
        })?;
    let len = bytes.len();
    say(format_args!(
        "wrote {len} bytes at {address:#x} in process {number}"
    ))
}

impl Source {
    fn bytes(&self) -> Result<Vec<u8>, String> {
        let bytes = if let Some(hex) = &self.hex {
            const_hex::decode(hex).map_err(|error| format!("--hex {hex}: {error}"))?
        } else if let Some(file) = &self.file {
            fs::read(file).map_err(|error| format!("--file {}: {error}", file.display()))?
        } else {
            self.text.clone().unwrap_or_default().into_bytes()
        };
        if bytes.is_empty() {
            return Err("there is nothing to write: give at least one byte".into());
        }
        Ok(bytes)
    }
}

fn parse_address(text: &str) -> Result<zx_vaddr_t, String> {
    match text.strip_prefix("0x") {
        // Parsing alone would take a sign.
        Some(digits) if !digits.starts_with('+') => zx_vaddr_t::from_str_radix(digits, 16),
        _ => text.parse(),
    }
    .map_err(|error| format!("{error}; an address in hex starts with 0x"))
}

/// This program, started again as `poke child`.
struct Debuggee(Child);

impl Debuggee {
    fn start() -> io::Result<Self> {
        let mut program = Command::new(target::current_exe()?);
        program
            .arg("child")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // Piped like the others: old kernels cannot pass a debuglog on.
        program.stderr(Stdio::piped()).spawn().map(Self)
    }

    /// Has the child say again what it sees.
    fn ask(&mut self) -> Result<(), Failure> {
        let stdin = self.0.stdin.as_mut().expect("it is piped");
        stdin
            .write_all(b"\n")
            .map_err(|error| failed(format!("the child is gone: {error}")))
    }

    /// The child's number, where its text is, and what it says.
    fn report(&mut self) -> Result<(String, zx_vaddr_t, String), Failure> {
        let stdout = self.0.stdout.as_mut().expect("it is piped");
        let mut line = String::new();
        // One line is all that there is, so nothing is lost with this buffer.
        let read = BufReader::new(stdout).read_line(&mut line);
        let parsed = read.ok().and_then(|_| child::parse(line.trim_end()));
        parsed.ok_or_else(|| {
            let mut why = String::new();
            let _ = self
                .0
                .stderr
                .take()
                .map(|mut stderr| stderr.read_to_string(&mut why));
            failed(format!("the child said {line:?} {why}"))
        })
    }
}

impl Drop for Debuggee {
    /// The end of its stdin is the child's end. Old kernels do not tell std the exit
    /// code, which nobody wants to know here.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
