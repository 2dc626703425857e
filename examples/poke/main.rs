//! Writes to the memory of another process.
//!
//! Without arguments, poke starts a child that holds a text, writes a new text to the child's
//! memory, and prints the text as the child reads it before and after the write.

mod child;
mod target;

use clap::{Args, Parser, Subcommand};
use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use zx_process_memory::{Process, TransferError, sys::zx_vaddr_t};

/// Write to the memory of another process.
///
/// Without a command, poke starts a child that holds a text, writes a new text to the child's
/// memory, and prints the text as the child reads it before and after the write.
///
/// Set RUST_LOG=debug to log failed calls, or RUST_LOG=trace to log every call.
///
/// Exit status: 0 on success, 1 if an operation failed, 2 if the arguments are wrong.
#[derive(Parser)]
#[command(name = "poke")]
struct Cli {
    #[command(subcommand)]
    command: Option<PokeCommand>,
}

#[derive(Subcommand)]
enum PokeCommand {
    /// Hold a text in memory, as a process to try `poke write` on
    ///
    /// Prints the process, the address and the text, and prints them again for each line on stdin.
    Child,
    /// Write bytes to an address in a process
    Write(WriteArgs),
}

#[derive(Args)]
struct WriteArgs {
    /// The process to write to
    #[arg(long = target::ID_OPTION, value_name = target::ID_VALUE)]
    process: target::Id,
    /// The address to write to, in hex with 0x or in decimal
    #[arg(value_parser = parse_address)]
    address: zx_vaddr_t,
    #[command(flatten)]
    source: Source,
}

/// The bytes to write.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// Write these bytes, such as 90cc or 0x90cc
    #[arg(long)]
    hex: Option<String>,
    /// Write this text, without a terminating null
    #[arg(long)]
    text: Option<String>,
    /// Write the contents of this file
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
}

/// The exit status and the message of a failed command.
struct Failure {
    exit_status: u8,
    message: String,
}

impl Failure {
    /// The operation failed.
    fn new(message: impl Display) -> Self {
        Self {
            exit_status: 1,
            message: message.to_string(),
        }
    }

    /// The arguments are wrong.
    fn usage(message: impl Display) -> Self {
        Self {
            exit_status: 2,
            message: message.to_string(),
        }
    }
}

fn main() -> ExitCode {
    env_logger::init();
    let result = match Cli::parse().command {
        None => run_demo(),
        Some(PokeCommand::Child) => {
            child::run().map_err(|error| Failure::new(format_args!("child: {error}")))
        }
        Some(PokeCommand::Write(args)) => write(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            target::print_error(&format!("poke: {}", failure.message));
            ExitCode::from(failure.exit_status)
        }
    }
}

/// Writes to the memory of a new child.
fn run_demo() -> Result<(), Failure> {
    let text = b"poked by its parent!";
    let mut child = match PokedChild::start() {
        Ok(child) => child,
        Err(error) => return target::run_without_child(text, &error).map_err(Failure::new),
    };

    let (id, address, before) = child.read_report()?;
    print_line(format_args!("before: {before}"))?;

    let len = text.len();
    let process = Process::from_child(&child.0).map_err(|status| {
        Failure::new(format_args!(
            "cannot open child process {id} to write {len} bytes at {address:#x}: {status}"
        ))
    })?;
    write_bytes(&process, &id, address, text)?;

    child.request_report()?;
    let (_, _, after) = child.read_report()?;
    print_line(format_args!("after: {after}"))?;
    if after.as_bytes() == text {
        Ok(())
    } else {
        Err(Failure::new(format_args!(
            "wrong text in child process {id} after the write"
        )))
    }
}

fn write(args: &WriteArgs) -> Result<(), Failure> {
    let (id, address) = (args.process, args.address);
    let bytes = args.source.bytes().map_err(Failure::usage)?;
    let len = bytes.len();
    let process = target::open(id).map_err(|(status, hint)| {
        Failure::new(format_args!(
            "cannot open process {id} to write {len} bytes at {address:#x}: {status}\nhint: {hint}"
        ))
    })?;
    write_bytes(&process, id, address, &bytes)
}

/// Writes all bytes, and prints that it did.
fn write_bytes(
    process: &Process,
    id: impl Display,
    address: zx_vaddr_t,
    bytes: &[u8],
) -> Result<(), Failure> {
    let len = bytes.len();
    process
        .write_all_memory(address, bytes)
        .map_err(|error| write_failure(len, address, &id, &error))?;
    print_line(format_args!(
        "wrote {len} bytes at {address:#x} in process {id}"
    ))
}

/// The message for a failed write: the process, the address, the status and the library's hint.
fn write_failure(
    len: usize,
    address: zx_vaddr_t,
    id: impl Display,
    error: &TransferError,
) -> Failure {
    let hint = match error.status.write_memory_hint() {
        Some(hint) => format!("\nhint: {hint}"),
        None => String::new(),
    };
    let error = with_sources(error);
    Failure::new(format_args!(
        "cannot write {len} bytes at {address:#x} in process {id}: {error}{hint}"
    ))
}

/// The error and its sources, as `outer: inner`.
fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn print_line(line: impl Display) -> Result<(), Failure> {
    target::print_line(&line.to_string())
        .map_err(|error| Failure::new(format_args!("cannot write to stdout: {error}")))
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
            return Err("nothing to write: give at least one byte".into());
        }
        Ok(bytes)
    }
}

fn parse_address(text: &str) -> Result<zx_vaddr_t, String> {
    match text.strip_prefix("0x") {
        // `from_str_radix` accepts a sign.
        Some(digits) if !digits.starts_with('+') => zx_vaddr_t::from_str_radix(digits, 16),
        _ => text.parse(),
    }
    .map_err(|error| format!("{error}; give hex digits after 0x, or a decimal number"))
}

/// A child process that runs `poke child`.
struct PokedChild(Child);

impl PokedChild {
    fn start() -> io::Result<Self> {
        let mut program = Command::new(target::current_exe()?);
        program
            .arg("child")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // Kernels of 2018 and 2019 cannot pass a debuglog on (measured), so stderr is piped, too.
        program.stderr(Stdio::piped()).spawn().map(Self)
    }

    /// Makes the child print another report.
    fn request_report(&mut self) -> Result<(), Failure> {
        let stdin = self.0.stdin.as_mut().expect("stdin is piped");
        stdin.write_all(b"\n").map_err(|error| {
            Failure::new(format_args!("cannot write to the child's stdin: {error}"))
        })
    }

    /// The child's ID, and the address and contents of its text.
    fn read_report(&mut self) -> Result<(String, zx_vaddr_t, String), Failure> {
        let stdout = self.0.stdout.as_mut().expect("stdout is piped");
        let mut line = String::new();
        // The child prints one line for each request, so this buffer drops nothing.
        let result = BufReader::new(stdout).read_line(&mut line);
        let report = result
            .ok()
            .and_then(|_| child::parse_report(line.trim_end()));
        report.ok_or_else(|| {
            let mut stderr = String::new();
            if let Some(mut pipe) = self.0.stderr.take() {
                let _ = pipe.read_to_string(&mut stderr);
            }
            Failure::new(format_args!(
                "unexpected output of the child: {line:?}; its stderr: {stderr:?}"
            ))
        })
    }
}

impl Drop for PokedChild {
    /// Closes the child's stdin, at whose end the child exits, and waits for it. The result of the
    /// wait is ignored, since std gets no exit code from kernels of 2018 and 2019 (measured).
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
