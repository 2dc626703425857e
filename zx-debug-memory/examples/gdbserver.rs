//! Serves the memory of a running process to a stock `gdb`. The process goes on running, and
//! its registers are unavailable.
//!
//!     cargo run -p zx-debug-memory --features gdbstub --example gdbserver -- --pid 1234
//!     gdb -ex 'target remote 127.0.0.1:2159'
//!
//! On Fuchsia it is `--koid`, and the process is looked for below the default job.
//!
//! One session: when gdb leaves, or sends what is no packet, the server ends. Breakpoints are
//! refused, since nobody stops the process, and the first of its threads that met one would
//! kill it. `--breakpoints` allows them, for a process that somebody else has stopped.

use clap::{Args, Parser};
use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, SingleThreadStopReason};
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use zx_debug_memory::gdb::{MemoryArch, MemoryTarget};
use zx_debug_memory::{Breakpoints, OnDrop};
use zx_process_memory::{Process, Status};

/// Serves the memory of a running process to gdb, for one session. The process goes on
/// running.
#[derive(Parser)]
#[command(name = "gdbserver")]
struct Cli {
    #[command(flatten)]
    which: Which,
    /// Where to listen. Port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2159")]
    listen: SocketAddr,
    /// Let gdb set breakpoints: only in a process whose threads are all stopped, for one that
    /// runs into a breakpoint dies of it. They are removed when gdb leaves
    #[arg(long)]
    breakpoints: bool,
    /// Allow an address that other machines can reach. Whoever connects owns the process
    #[arg(long)]
    expose: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The process, by pid (on Linux)
    #[arg(long, value_name = "P")]
    pid: Option<u32>,
    /// The process, by koid (on Fuchsia)
    #[arg(long, value_name = "K")]
    koid: Option<u64>,
}

#[cfg(target_arch = "x86_64")]
type Arch = zx_debug_memory::gdb::X86_64;
#[cfg(target_arch = "aarch64")]
type Arch = zx_debug_memory::gdb::Arm64;
#[cfg(target_arch = "riscv64")]
type Arch = zx_debug_memory::gdb::Riscv64;

fn main() -> ExitCode {
    env_logger::init();
    match serve(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("gdbserver: {why}");
            ExitCode::FAILURE
        }
    }
}

fn serve(cli: &Cli) -> Result<(), String> {
    let listen = cli.listen;
    if !listen.ip().is_loopback() && !cli.expose {
        return Err(format!(
            "{listen} can be reached from other machines, and whoever connects can change the \
             process: listen on 127.0.0.1, or say --expose"
        ));
    }
    let process = open(&cli.which)?;
    // A handle may be had where the memory is not: better told now than by gdb.
    let koid = process.koid().map_err(|status| status.to_string())?;
    let listener = TcpListener::bind(listen).map_err(|error| format!("{listen}: {error}"))?;
    let listen = listener.local_addr().map_err(|error| error.to_string())?;
    say(&format!("process {koid}: gdb -ex 'target remote {listen}'"));

    let (connection, peer) = listener.accept().map_err(|error| error.to_string())?;
    // A second gdb is told at once that nobody listens.
    drop(listener);
    say(&format!("{peer} is connected"));
    end_on_signal(&connection);
    let breakpoints = Breakpoints::new(process, OnDrop::Remove);
    let mut target = if cli.breakpoints {
        MemoryTarget::<Process, Arch>::new(breakpoints)
    } else {
        MemoryTarget::without_breakpoints(breakpoints)
    };
    let end = debug(&connection, &mut target);
    // First of all, whatever came.
    let left = target.breakpoints_mut().remove_all();
    left.map_err(|error| format!("a breakpoint is left behind: {error}"))?;
    say(end.map_err(|error| format!("the session ended: {error}"))?);
    Ok(())
}

/// Hands gdb's bytes to gdbstub until gdb leaves.
fn debug<A: MemoryArch>(
    connection: &TcpStream,
    target: &mut MemoryTarget<Process, A>,
) -> Result<&'static str, Box<dyn Error>> {
    let mut packet = [0; PACKET];
    let mut stub = GdbStub::builder(Answers(connection, Vec::new()))
        .with_packet_buffer(&mut packet)
        .build()?
        .run_state_machine(target)?;
    let mut requests = io::BufReader::new(connection).bytes();
    loop {
        stub = match stub {
            GdbStubStateMachine::Idle(stub) => {
                let byte = match requests.next() {
                    Some(Ok(byte)) => byte,
                    Some(Err(error)) if error.kind() != ErrorKind::ConnectionReset => {
                        return Err(error.into());
                    }
                    _ => return Ok("gdb is gone; no breakpoint is left"),
                };
                stub.incoming_data(target, byte)?
            }
            // Nobody stopped the process, and nobody can.
            GdbStubStateMachine::CtrlCInterrupt(stub) => {
                let nothing: Option<SingleThreadStopReason<u64>> = None;
                stub.interrupt_handled(target, nothing)?
            }
            GdbStubStateMachine::Running(stub) => {
                stub.report_stop(target, SingleThreadStopReason::DoneStep)?
            }
            GdbStubStateMachine::Disconnected(stub) => {
                return Ok(match stub.get_reason() {
                    DisconnectReason::Kill => {
                        "gdb asked to kill the process, which goes on; no breakpoint is left"
                    }
                    _ => "gdb is detached; no breakpoint is left",
                });
            }
        };
    }
}

/// As large as a packet may be, and all that a client can have this server keep.
const PACKET: usize = 16 << 10;

/// What gdbstub says, byte by byte, sent when it is complete.
struct Answers<'a>(&'a TcpStream, Vec<u8>);

impl Connection for Answers<'_> {
    type Error = io::Error;

    fn write(&mut self, byte: u8) -> io::Result<()> {
        self.1.push(byte);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.write_all(&self.1)?;
        self.1.clear();
        Ok(())
    }

    fn on_session_start(&mut self) -> io::Result<()> {
        self.0.set_nodelay(true)
    }
}

/// Where nobody listens the server serves all the same.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn open(which: &Which) -> Result<Process, String> {
    let (number, found) = match (which.pid, which.koid) {
        (Some(pid), _) => (format!("pid {pid}"), by_pid(pid)),
        // One of the two is there, says clap.
        (None, koid) => {
            let koid = koid.unwrap_or_default();
            (format!("koid {koid}"), by_koid(koid))
        }
    };
    found.map_err(|status| {
        let hint = match status {
            Status::NotFound => "there is none (or none below the default job)",
            Status::BadState => "it has ended",
            Status::InvalidArgs => "that is gdbserver itself, or no process",
            Status::AccessDenied => "one must be allowed to trace it; RUST_LOG=debug tells more",
            Status::NotSupported => "it goes by pid on Linux, by koid on Fuchsia",
            _ => "RUST_LOG=debug tells more",
        };
        format!("{number}: {status}: {hint}")
    })
}

#[cfg(target_os = "linux")]
fn by_pid(pid: u32) -> Result<Process, Status> {
    Process::from_pid(pid)
}

#[cfg(not(target_os = "linux"))]
fn by_pid(_pid: u32) -> Result<Process, Status> {
    Err(Status::NotSupported)
}

/// On Linux koids are this program's own, so that it knows none yet.
#[cfg(not(target_os = "linux"))]
fn by_koid(koid: u64) -> Result<Process, Status> {
    zx_process_memory::JobRef::default_job()?.find_process(koid)
}

#[cfg(target_os = "linux")]
fn by_koid(_koid: u64) -> Result<Process, Status> {
    Err(Status::NotSupported)
}

/// The end of the connection is the end of the session, so that Ctrl-C leaves no breakpoint
/// behind.
#[cfg(target_os = "linux")]
fn end_on_signal(connection: &TcpStream) {
    let handler = connection.try_clone().map(|connection| {
        ctrlc::set_handler(move || {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        })
    });
    if !matches!(handler, Ok(Ok(()))) {
        eprintln!("gdbserver: Ctrl-C will leave breakpoints behind: detach gdb first");
    }
}

#[cfg(not(target_os = "linux"))]
fn end_on_signal(_connection: &TcpStream) {}
