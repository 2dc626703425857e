//! An unmodified gdb or lldb, connected to the example `gdbserver`, on a live process. Tests that
//! need one of them print "skipped" if it is not installed (Debian's packages `gdb` and `lldb` or
//! `lldb-22`).
#![cfg(target_os = "linux")]

#[path = "debugger/child_process.rs"]
mod child_process;
#[path = "gdb/lldb.rs"]
mod lldb;
#[path = "gdb/program.rs"]
mod program;

use child_process::ChildProcess;
use program::Program;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use zx_process_memory::Process;

/// The text in the debuggee's memory.
const TEXT: &str = "a text that gdb looks at";

/// What the server prints in the debugger for commands that run the target.
const REFUSED: &str = "this server does not run the target";

/// A `cat` whose stack contains [`TEXT`], as an argument.
struct Debuggee {
    child: ChildProcess,
    /// The address of the text.
    vaddr: usize,
}

impl Debuggee {
    fn start() -> Self {
        // `cat` waits for stdin first, so it does not open the file with the text's name.
        let child = Command::new("cat")
            .args(["-", TEXT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let child = ChildProcess(child);
        let process = Process::from_child(&child.0).unwrap();
        let vaddr = wait_for(|| find_text(&process, child.0.id()));
        Self { child, vaddr }
    }

    fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// The first bytes of the text in memory, with break instructions.
    fn memory(&self, len: usize) -> Vec<u8> {
        let process = Process::from_pid(self.pid()).unwrap();
        let mut bytes = vec![0; len];
        process.read_exact_memory(self.vaddr, &mut bytes).unwrap();
        bytes
    }
}

/// The address of the text on the stack, or `None` if the program is not loaded yet.
fn find_text(process: &Process, pid: u32) -> Option<usize> {
    let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    (exe.file_name()? != std::env::current_exe().ok()?.file_name()?).then_some(())?;
    let map = zx_debug_memory::MemoryMap::read(process).ok()?;
    let stack = map.iter().find(|mapping| mapping.name == "[stack]")?;
    let mut bytes = vec![0; stack.range.len()];
    process
        .read_exact_memory(stack.range.start, &mut bytes)
        .ok()?;
    let offset = bytes
        .windows(TEXT.len())
        .position(|bytes| bytes == TEXT.as_bytes())?;
    Some(stack.range.start + offset)
}

fn wait_for<T>(mut poll: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = poll() {
            return value;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "timed out");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn gdbserver() -> PathBuf {
    let example = escargot::CargoBuild::new()
        .package("zx-debug-memory")
        .example("gdbserver")
        .features("gdbstub")
        .run();
    example.unwrap().path().to_owned()
}

struct Server {
    child: ChildProcess,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    /// Starts a server that allows breakpoints: the debuggee waits for stdin, so it does not reach
    /// them.
    fn start(debuggee: &Debuggee) -> Self {
        Self::start_with(debuggee.pid(), &["--breakpoints"])
    }

    fn start_with(pid: u32, arguments: &[&str]) -> Self {
        let child = Command::new(gdbserver())
            .args(arguments)
            .args(["--listen", "127.0.0.1:0", "--pid"])
            .arg(pid.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut child = ChildProcess(child);
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        // The line ends with: gdb -ex 'target remote ADDRESS'
        let address = line.trim_end().trim_end_matches('\'').rsplit(' ').next();
        let address = address.unwrap().to_owned();
        Self {
            child,
            stdout,
            address,
        }
    }

    /// Waits for its end. Returns the rest of its output, and whether it succeeded.
    fn wait(mut self) -> (String, bool) {
        let mut output = String::new();
        self.stdout.read_to_string(&mut output).unwrap();
        (output, self.child.0.wait().unwrap().success())
    }
}

/// A gdb that executes one command after the other.
struct Gdb {
    child: ChildProcess,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Gdb {
    /// `None` if gdb is not installed.
    fn start() -> Option<Self> {
        let mut command = Command::new("gdb");
        command.args(["-nx", "-q"]);
        for setting in [
            "set pagination off",
            "set width 0",
            "set confirm off",
            "set breakpoint always-inserted on",
        ] {
            command.args(["-ex", setting]);
        }
        let child = command
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let mut child = match child {
            Ok(child) => ChildProcess(child),
            Err(error) => {
                println!("skipped: cannot start gdb: {error}");
                return None;
            }
        };
        let stdin = child.0.stdin.take()?;
        let stdout = BufReader::new(child.0.stdout.take()?);
        Some(Self {
            child,
            stdin,
            stdout,
        })
    }

    /// Returns what gdb prints for the command, including errors.
    fn execute(&mut self, command: &str) -> String {
        const END: &str = "end of output";
        // As a Python script, because gdb ends a gdb script at the first error.
        writeln!(
            self.stdin,
            "python\ntry:\n  print(gdb.execute({command:?}, to_string=True))\n\
             except gdb.error as error:\n  print(error)\nprint({END:?})\nend"
        )
        .unwrap();
        let mut output = String::new();
        loop {
            let before = output.len();
            assert_ne!(
                self.stdout.read_line(&mut output).unwrap(),
                0,
                "gdb has ended: {output}"
            );
            if output[before..].trim_end().ends_with(END) {
                output.truncate(before);
                // Removes the prompts.
                let output = output.replace("(gdb) ", "").replace('>', "");
                return output.trim().to_owned();
            }
        }
    }

    fn quit(mut self) {
        drop(self.stdin);
        self.child.0.wait().unwrap();
    }
}

/// A debuggee, a server for it, and a gdb that is connected. `None` if gdb is not installed.
fn session() -> Option<(Debuggee, Server, Gdb)> {
    let mut gdb = Gdb::start()?;
    let debuggee = Debuggee::start();
    let server = Server::start(&debuggee);
    let output = gdb.execute(&format!("target remote {}", server.address));
    assert!(!output.contains("failed"), "{output}");
    Some((debuggee, server, gdb))
}

#[test]
fn gdb_reads_and_writes_a_live_process() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    let vaddr = format!("{:#x}", debuggee.vaddr);
    let text = |gdb: &mut Gdb| gdb.execute(&format!("x/s {vaddr}"));
    assert_eq!(text(&mut gdb), format!("{vaddr}:\t{TEXT:?}"));
    assert!(
        gdb.execute(&format!("x/4xb {vaddr}"))
            .contains("0x61\t0x20\t0x74\t0x65")
    );
    assert!(
        gdb.execute(&format!("x/2dh {vaddr}+1"))
            .contains("29728\t30821")
    );

    gdb.execute(&format!("set var *(char*){vaddr} = 'A'"));
    gdb.execute(&format!("set var *(short*)({vaddr}+2) = 0x5554"));
    assert_eq!(debuggee.memory(6), b"A TUxt");
    assert!(text(&mut gdb).contains("A TUxt that"));

    let found = gdb.execute(&format!("find {vaddr}, +64, 'g', 'd', 'b'"));
    assert!(
        found.contains(&format!("{:#x}", debuggee.vaddr + 12)),
        "{found}"
    );
    let nowhere = gdb.execute(&format!("find {vaddr}, +64, 'q', 'q', 'q'"));
    assert!(nowhere.contains("not found"), "{nowhere}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memory").display().to_string();
    gdb.execute(&format!("dump binary memory {file} {vaddr} {vaddr}+24"));
    assert_eq!(fs::read(&file).unwrap(), b"A TUxt that gdb looks at");
    fs::write(&file, b"what was restored").unwrap();
    gdb.execute(&format!("restore {file} binary {vaddr}+2"));
    assert_eq!(debuggee.memory(19), b"A what was restored");

    gdb.execute("detach");
    let (output, ok) = server.wait();
    assert!(ok && output.contains("the debugger detached"), "{output}");
    gdb.quit();
}

#[test]
fn breakpoints_are_hidden_from_gdb() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    let vaddr = debuggee.vaddr;
    for offset in [2, 7] {
        let output = gdb.execute(&format!("break *{:#x}", vaddr + offset));
        assert!(output.starts_with("Breakpoint "), "{output}");
    }
    assert_eq!(debuggee.memory(9), b"a \xccext \xcch");
    assert!(gdb.execute(&format!("x/s {vaddr:#x}")).contains(TEXT));

    // Writes at one breakpoint, next to it, and across both.
    gdb.execute(&format!("set var *(char*){:#x} = 'T'", vaddr + 2));
    gdb.execute(&format!("set var *(char*){:#x} = 'E'", vaddr + 3));
    assert_eq!(debuggee.memory(9), b"a \xccExt \xcch");
    gdb.execute(&format!(
        "set var *(long*){:#x} = 0x3837363534333231",
        vaddr + 1
    ));
    assert_eq!(debuggee.memory(9), b"a1\xcc3456\xcc8");
    assert!(
        gdb.execute(&format!("x/s {vaddr:#x}"))
            .contains("a12345678at")
    );

    gdb.execute("delete 1");
    assert_eq!(debuggee.memory(9), b"a123456\xcc8");
    // gdb ends without detaching.
    gdb.child.0.kill().unwrap();
    gdb.child.0.wait().unwrap();
    let (output, ok) = server.wait();
    assert!(
        ok && output.contains("all breakpoints are removed"),
        "{output}"
    );
    assert_eq!(debuggee.memory(9), b"a12345678");
}

#[test]
fn impossible_requests_are_errors() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    let output = gdb.execute("x/xb 0x10");
    assert_eq!(output, "Cannot access memory at address 0x10");
    let output = gdb.execute("set var *(int*)0x10 = 1");
    assert_eq!(output, "Cannot access memory at address 0x10");
    let output = gdb.execute("info registers");
    assert!(
        output.contains("rax") || output.contains("x0") || output.contains("zero"),
        "{output}"
    );
    let unavailable = output.lines().filter(|line| line.ends_with("<unavailable"));
    // `execute` has removed the `>`. The program counter has a value.
    assert_eq!(unavailable.count(), output.lines().count() - 1, "{output}");
    let output = gdb.execute("break *0x10");
    assert!(output.contains("Cannot insert breakpoint"), "{output}");
    gdb.execute("delete");

    let vaddr = debuggee.vaddr;
    let output = gdb.execute(&format!("x/xb {vaddr:#x}"));
    assert_eq!(output, format!("{vaddr:#x}:\t0x61"));
    gdb.execute(&format!("break *{vaddr:#x}"));
    assert_eq!(debuggee.memory(1), [0xcc]);
    drop(debuggee);
    let output = gdb.execute(&format!("x/xb {vaddr:#x}"));
    assert_eq!(
        output,
        format!("Cannot access memory at address {vaddr:#x}")
    );
    gdb.execute("detach");
    let (output, ok) = server.wait();
    assert!(
        ok && output.contains("all breakpoints are removed"),
        "{output}"
    );
    gdb.quit();
}

#[test]
fn gdb_commands_that_run_the_target_are_refused() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    let before = debuggee.memory(TEXT.len());
    for command in ["stepi", "stepi 3", "continue", "signal 0"] {
        let output = gdb.execute(command);
        assert_eq!(output.matches(REFUSED).count(), 1, "{command}: {output}");
        // It does not report a step or a breakpoint.
        assert!(
            output.contains("SIGINT") && !output.contains("SIGTRAP"),
            "{command}: {output}"
        );
    }
    assert_eq!(debuggee.memory(TEXT.len()), before);
    // The session continues.
    let output = gdb.execute(&format!("x/s {:#x}", debuggee.vaddr));
    assert!(output.contains(TEXT), "{output}");
    gdb.execute("detach");
    assert!(server.wait().1);
    gdb.quit();
}

#[test]
fn gdb_finds_the_addresses_of_a_position_independent_program() {
    let Some(mut gdb) = Gdb::start() else {
        return;
    };
    let program = Program::start_position_independent();
    let server = Server::start_with(program.pid(), &[]);
    gdb.execute(&format!("file {}", program.file().display()));
    gdb.execute(&format!("target remote {}", server.address));
    let output = gdb.execute("print &marker");
    assert!(
        output.contains(&format!("{:#x} <marker", program.marker)),
        "{output}"
    );
    let output = gdb.execute("print marker");
    assert!(output.contains(&Program::MARKER.to_string()), "{output}");
    gdb.execute("set var marker = 5");
    assert_eq!(program.read_marker(), 5);
    gdb.execute("detach");
    assert!(server.wait().1);
    gdb.quit();
}

#[test]
#[cfg(target_arch = "x86_64")]
fn gdb_loads_the_file_of_a_32_bit_process() {
    let Some(mut gdb) = Gdb::start() else {
        return;
    };
    let Some(program) = Program::start_32_bit() else {
        return;
    };
    let server = Server::start_with(program.pid(), &["--breakpoints"]);
    gdb.execute(&format!("file {}", program.file().display()));
    let output = gdb.execute(&format!("target remote {}", server.address));
    assert!(!output.contains("not available"), "{output}");
    gdb.execute("set var marker = 5");
    assert_eq!(program.read_marker(), 5);
    let output = gdb.execute("info registers eip");
    assert!(output.contains("0x0"), "{output}");
    let output = gdb.execute("break *&marker");
    assert!(output.starts_with("Breakpoint "), "{output}");
    assert_eq!(program.read_marker(), 0xcc);
    gdb.execute("delete");
    assert_eq!(program.read_marker(), 5);
    gdb.execute("detach");
    assert!(server.wait().1);
    gdb.quit();
}

#[test]
fn kill_request_does_not_end_the_process_and_the_server_says_so() {
    for kill in ["k", "vKill;1"] {
        let debuggee = Debuggee::start();
        let server = Server::start(&debuggee);
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let set = format!("Z0,{:x},1", debuggee.vaddr);
        assert_eq!(send(&mut stream, &set), "OK");
        let sum = kill.bytes().fold(0u8, u8::wrapping_add);
        write!(stream, "+${kill}#{sum:02x}").unwrap();
        let (output, ok) = server.wait();
        assert!(
            ok && output.contains(
                "the debugger sent a kill request, which this server does not execute: the process \
                 was not ended; all breakpoints are removed"
            ),
            "{kill}: {output}"
        );
        // Every debugger can be the one that is connected.
        assert!(!output.contains("gdb"), "{kill}: {output}");
        assert_eq!(debuggee.memory(1), b"a");
    }
}

#[test]
fn idle_server_blocks_in_a_read() {
    let debuggee = Debuggee::start();
    let server = Server::start(&debuggee);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    assert_eq!(send(&mut stream, &format!("m{:x},1", debuggee.vaddr)), "61");
    // The file has "running" for a thread that does not block, or the number of the system call.
    let read = libc::SYS_recvfrom.to_string();
    let file = format!("/proc/{}/syscall", server.child.0.id());
    wait_for(|| {
        let call = fs::read_to_string(&file).unwrap();
        (call.split(' ').next() == Some(&read)).then_some(())
    });
    drop(stream);
    assert!(server.wait().1);
}

/// Sends a packet without gdb. Returns the content of the reply, without `$`, `#` and checksum.
fn send(stream: &mut TcpStream, packet: &str) -> String {
    let sum = packet.bytes().fold(0u8, u8::wrapping_add);
    write!(stream, "+${packet}#{sum:02x}").unwrap();
    let mut reply = Vec::new();
    let mut byte = [0];
    while reply.iter().rev().nth(2) != Some(&b'#') {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "no reply to {packet}");
        reply.extend(byte);
    }
    let reply = String::from_utf8(reply).unwrap();
    let reply = reply.trim_start_matches('+').trim_start_matches('$');
    reply[..reply.len() - 3].to_owned()
}

#[test]
fn read_across_the_end_of_a_mapping_is_short() {
    let debuggee = Debuggee::start();
    let process = Process::from_pid(debuggee.pid()).unwrap();
    let map = zx_debug_memory::MemoryMap::read(&process).unwrap();
    let end = map.find(debuggee.vaddr).unwrap().range.end;
    let server = Server::start(&debuggee);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    process.read_exact_memory(end - 16, &mut [0; 16]).unwrap();
    // The replies are run-length encoded, so the test compares them with each other.
    let expected = send(&mut stream, &format!("m{:x},10", end - 16));
    for len in ["11", "400", "7ff"] {
        let output = send(&mut stream, &format!("m{:x},{len}", end - 16));
        assert_eq!(output, expected, "{len}");
    }
    assert_eq!(send(&mut stream, &format!("m{end:x},10")), "E0e");

    // The server accepts one connection only.
    assert!(TcpStream::connect(&server.address).is_err());
    drop(stream);
    assert!(server.wait().1);
}

#[test]
fn invalid_packet_ends_the_session_and_removes_breakpoints() {
    for invalid in [
        "$m10,1#00".to_owned(),
        "$".to_owned() + &"x".repeat(1 << 20),
    ] {
        let debuggee = Debuggee::start();
        let server = Server::start(&debuggee);
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let set = format!("Z0,{:x},1", debuggee.vaddr);
        assert_eq!(send(&mut stream, &set), "OK");
        assert_eq!(debuggee.memory(1), [0xcc]);
        // The server may close the connection before it has read everything.
        let _ = stream.write_all(invalid.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        server.wait();
        assert_eq!(debuggee.memory(1), b"a");
    }
}

#[test]
fn breakpoints_are_refused_without_the_option() {
    let debuggee = Debuggee::start();
    let server = Server::start_with(debuggee.pid(), &[]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let set = format!("Z0,{:x},1", debuggee.vaddr);
    assert_eq!(send(&mut stream, &set), "E16");
    assert_eq!(debuggee.memory(1), b"a");
    drop(stream);
    assert!(server.wait().1);
}

#[test]
fn ctrl_c_removes_breakpoints() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    gdb.execute(&format!("break *{:#x}", debuggee.vaddr));
    assert_eq!(debuggee.memory(1), [0xcc]);
    let killed = Command::new("kill")
        .args(["-INT", &server.child.0.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let (output, ok) = server.wait();
    assert!(
        ok && output.contains("all breakpoints are removed"),
        "{output}"
    );
    assert_eq!(debuggee.memory(1), b"a");
    gdb.quit();
}

/// Runs the server with arguments that it refuses. Returns its stderr.
fn refused(arguments: &[&str]) -> String {
    let output = Command::new(gdbserver())
        .args(arguments)
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn wrong_arguments_are_errors() {
    for (arguments, expected) in [
        (
            &["--pid", "1", "--listen", "0.0.0.0:0"][..],
            &["other machines can reach 0.0.0.0:0", "--expose"][..],
        ),
        (&["--pid", "1", "--listen", "localhost"], &["--listen"]),
        (&[], &["--pid", "--koid"]),
        (&["--koid", "1024"], &["koid 1024", "--pid on Linux"]),
        // Larger than the maximum PID of Linux.
        (
            &["--pid", "4194305"],
            &["PID 4194305", "ZX_ERR_NOT_FOUND", "no process has this PID"],
        ),
    ] {
        let stderr = refused(arguments);
        for expected in expected {
            assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        }
    }
}
