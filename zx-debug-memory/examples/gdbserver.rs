//! Serves the memory of a running process to an unmodified `gdb` or `lldb`.
//!
//!     cargo run -p zx-debug-memory --features gdbstub --example gdbserver -- --pid 1234
//!     gdb -ex 'target remote 127.0.0.1:2159'
//!     lldb -o 'gdb-remote 127.0.0.1:2159'
//!
//! On Fuchsia use `--koid`. The server searches for the process below the default job.
//!
//! The process continues to run, and its registers are unavailable. The server does not run it:
//! commands such as `continue` and `stepi` print that, and have no effect. Nor does it end the
//! process when the debugger sends a kill request, as lldb does when it quits. The server accepts
//! one connection. It ends when the debugger disconnects, or after an invalid packet.
//!
//! On Linux gdb and lldb receive the auxiliary vector. So they find the addresses of a
//! position-independent program if its file is loaded: `gdb FILE`, `lldb FILE`. 32-bit processes
//! are served as such. Fuchsia has no auxiliary vector: the README has the remedy.
//!
//! The server refuses breakpoints: it does not suspend the process or handle its exceptions, so a
//! thread that reaches a breakpoint would end the process. `--breakpoints` allows them, for a
//! process that is suspended by other means.

use clap::{Args, Parser};
use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, SingleThreadStopReason};
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use zx_debug_memory::gdb::{self, MemoryArch, MemoryTarget};
use zx_debug_memory::{Breakpoints, OnDrop};
use zx_process_memory::{Process, Status};

/// Serves the memory of a running process to gdb or lldb, for one connection. The process
/// continues to run.
#[derive(Parser)]
#[command(name = "gdbserver")]
struct Cli {
    #[command(flatten)]
    process: ProcessId,
    /// Address on which to listen. Port 0 selects a free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2159")]
    listen: SocketAddr,
    /// Allow breakpoints. Use it only if all threads of the process are suspended: a thread that
    /// reaches a breakpoint ends the process. They are removed when the debugger disconnects
    #[arg(long)]
    breakpoints: bool,
    /// Allow a listen address that other machines can reach. Every client that connects can
    /// change the process
    #[arg(long)]
    expose: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct ProcessId {
    /// PID of the process (on Linux)
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Koid of the process (on Fuchsia)
    #[arg(long, value_name = "KOID")]
    koid: Option<u64>,
}

/// The architecture of this program and, on Linux, of 32-bit processes.
#[cfg(target_arch = "x86_64")]
use zx_debug_memory::gdb::{X86_32 as Arch32, X86_64 as Arch};

#[cfg(target_arch = "aarch64")]
use zx_debug_memory::gdb::{Arm32 as Arch32, Arm64 as Arch};

#[cfg(target_arch = "riscv64")]
use zx_debug_memory::gdb::{Riscv64 as Arch, Riscv64 as Arch32};

fn main() -> ExitCode {
    env_logger::init();
    match serve(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("gdbserver: {message}");
            ExitCode::FAILURE
        }
    }
}

fn serve(cli: &Cli) -> Result<(), String> {
    let listen = cli.listen;
    if !listen.ip().is_loopback() && !cli.expose {
        return Err(format!(
            "other machines can reach {listen}, and every client can change the process: listen \
             on 127.0.0.1, or add --expose"
        ));
    }
    let process = open(&cli.process)?;
    let program = Program::read(&cli.process);
    // Reports a process that has ended before the debugger connects.
    let koid = process
        .koid()
        .map_err(|status| format!("cannot read the koid of the process: {status}"))?;
    let listener =
        TcpListener::bind(listen).map_err(|error| format!("cannot listen on {listen}: {error}"))?;
    let listen = listener
        .local_addr()
        .map_err(|error| format!("cannot read the listen address: {error}"))?;
    print_line(&format!(
        "serving process {koid}; connect with: lldb -o 'gdb-remote {listen}', or: \
         gdb -ex 'target remote {listen}'"
    ));

    let (connection, peer) = listener
        .accept()
        .map_err(|error| format!("cannot accept a connection: {error}"))?;
    // A second debugger gets "connection refused" instead of a connection without replies.
    drop(listener);
    print_line(&format!("{peer} connected"));
    disconnect_on_signal(&connection);
    let breakpoints = Breakpoints::new(process, OnDrop::Remove);
    if program.is_32_bit {
        session::<Arch32>(cli, &connection, breakpoints, program.auxv)
    } else {
        session::<Arch>(cli, &connection, breakpoints, program.auxv)
    }
}

/// Serves one debugger, and removes the breakpoints.
fn session<A: MemoryArch>(
    cli: &Cli,
    connection: &TcpStream,
    breakpoints: Breakpoints<Process>,
    auxv: Vec<u8>,
) -> Result<(), String> {
    let target = if cli.breakpoints {
        MemoryTarget::<Process, A>::new(breakpoints)
    } else {
        MemoryTarget::without_breakpoints(breakpoints)
    };
    let mut target = target.with_auxv(auxv);
    let end = debug(connection, &mut target);
    // Before the session's error is reported: breakpoints must not stay in the process.
    let removed = target.breakpoints_mut().remove_all();
    removed.map_err(|error| format!("breakpoint left in the process: {}", with_causes(&error)))?;
    let end = end.map_err(|error| format!("session failed: {}", with_causes(&*error)))?;
    print_line(&format!("{end}; all breakpoints are removed"));
    Ok(())
}

/// Passes the debugger's bytes to gdbstub until it disconnects. Returns the reason of the end.
fn debug<A: MemoryArch>(
    connection: &TcpStream,
    target: &mut MemoryTarget<Process, A>,
) -> Result<&'static str, Box<dyn Error>> {
    let mut packet = [0; PACKET];
    let mut stub = GdbStub::builder(Replies(connection, Vec::new()))
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
                    _ => return Ok("the debugger disconnected"),
                };
                stub.incoming_data(target, byte)?
            }
            // This server cannot stop the process, so there is no stop to report.
            GdbStubStateMachine::CtrlCInterrupt(stub) => {
                let no_stop: Option<SingleThreadStopReason<u64>> = None;
                stub.interrupt_handled(target, no_stop)?
            }
            GdbStubStateMachine::Running(mut stub) => {
                let stop = gdb::refuse_resume(stub.borrow_conn())?;
                stub.report_stop(target, stop)?
            }
            GdbStubStateMachine::Disconnected(stub) => {
                return Ok(match stub.get_reason() {
                    DisconnectReason::Kill => {
                        "the debugger sent a kill request, which this server does not execute: \
                         the process was not ended"
                    }
                    _ => "the debugger detached",
                });
            }
        };
    }
}

/// The maximum length of a packet, in bytes.
const PACKET: usize = 16 << 10;

/// Collects the bytes of gdbstub's reply, and sends them when the reply is complete.
struct Replies<'a>(&'a TcpStream, Vec<u8>);

impl Connection for Replies<'_> {
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

/// Prints to stdout. Ignores an error: the server also runs with a closed stdout.
fn print_line(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The error and all its causes, separated by colons.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |&error| error.source());
    let messages: Vec<_> = errors.map(ToString::to_string).collect();
    messages.join(": ")
}

/// What a debugger must know of the process's program.
#[derive(Default)]
struct Program {
    /// The auxiliary vector. Empty if the system has none.
    auxv: Vec<u8>,
    /// Whether it has [`Arch32`], and not the architecture of this server.
    is_32_bit: bool,
}

impl Program {
    /// Uses the defaults for what cannot be read: the debugger then has no addresses of a
    /// position-independent program.
    #[cfg(target_os = "linux")]
    fn read(process: &ProcessId) -> Self {
        let Some(pid) = process.pid else {
            return Self::default();
        };
        let auxv = std::fs::read(format!("/proc/{pid}/auxv")).unwrap_or_default();
        // The file header of an ELF program until the machine, which has the byte order of this
        // server.
        let mut header = [0; 20];
        let is_read = std::fs::File::open(format!("/proc/{pid}/exe"))
            .and_then(|mut exe| exe.read_exact(&mut header))
            .is_ok();
        let machine = u16::from_ne_bytes([header[18], header[19]]);
        Self {
            auxv,
            is_32_bit: is_read && Some(machine) == MACHINE_32,
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn read(_process: &ProcessId) -> Self {
        Self::default()
    }
}

/// The machine of [`Arch32`] in ELF files: `EM_386` or `EM_ARM`.
#[cfg(target_os = "linux")]
const MACHINE_32: Option<u16> = if cfg!(target_arch = "x86_64") {
    Some(3)
} else if cfg!(target_arch = "aarch64") {
    Some(40)
} else {
    None
};

fn open(process: &ProcessId) -> Result<Process, String> {
    let (name, process) = match (process.pid, process.koid) {
        (Some(pid), _) => (format!("PID {pid}"), by_pid(pid)),
        // clap requires one of the two options.
        (None, koid) => {
            let koid = koid.unwrap_or_default();
            (format!("koid {koid}"), by_koid(koid))
        }
    };
    process.map_err(|status| {
        let hint = match status {
            Status::NotFound if cfg!(target_os = "linux") => "no process has this PID",
            Status::NotFound => "no process below the default job has this koid",
            Status::BadState if cfg!(target_os = "linux") => {
                "the process has ended, or its main thread has"
            }
            Status::BadState => "the process has ended",
            Status::InvalidArgs => "it is gdbserver itself, a thread, or not a process",
            Status::AccessDenied => {
                "you need permission to trace it; RUST_LOG=debug prints the failed call"
            }
            Status::NotSupported => "use --pid on Linux and --koid on Fuchsia",
            _ => "RUST_LOG=debug prints the failed call",
        };
        format!("cannot open {name}: {status}: {hint}")
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

/// On Linux, koids are assigned when this program opens a process, so the user has none to pass.
#[cfg(not(target_os = "linux"))]
fn by_koid(koid: u64) -> Result<Process, Status> {
    zx_process_memory::JobRef::default_job()?.find_process(koid)
}

#[cfg(target_os = "linux")]
fn by_koid(_koid: u64) -> Result<Process, Status> {
    Err(Status::NotSupported)
}

/// Closes the connection on Ctrl-C. The session then ends and removes the breakpoints.
#[cfg(target_os = "linux")]
fn disconnect_on_signal(connection: &TcpStream) {
    let handler = connection.try_clone().map(|connection| {
        ctrlc::set_handler(move || {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        })
    });
    if !matches!(handler, Ok(Ok(()))) {
        eprintln!(
            "gdbserver: no handler for Ctrl-C: it would leave breakpoints in the process, so \
             detach the debugger first"
        );
    }
}

#[cfg(not(target_os = "linux"))]
fn disconnect_on_signal(_connection: &TcpStream) {}
