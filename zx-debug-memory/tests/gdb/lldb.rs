//! An unmodified lldb, connected to the example `gdbserver`, on a live process.

use super::program::Program;
use super::{ChildProcess, Debuggee, REFUSED, Server, TEXT};
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

/// An lldb that executes one command after the other.
struct Lldb {
    child: ChildProcess,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Lldb {
    /// `None` if lldb is not installed. Debian's packages install `lldb`, or `lldb-22` only.
    fn start() -> Option<Self> {
        let found = ["lldb", "lldb-22"].iter().find(|name| {
            let mut command = Command::new(name);
            command.arg("--version").stdout(Stdio::null());
            command.stderr(Stdio::null()).status().is_ok()
        });
        let Some(name) = found else {
            println!("skipped: lldb and lldb-22 are not installed");
            return None;
        };
        // Errors are printed to the same pipe, so they are read in order. With commands from a
        // file lldb waits for the end of each.
        let child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 2>&1", name])
            .args(["--no-lldbinit", "--batch"])
            .args([
                "-o",
                "settings set interpreter.stop-command-source-on-error false",
            ])
            .args(["-s", "/dev/stdin"])
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = ChildProcess(child.unwrap());
        let stdin = child.0.stdin.take()?;
        let stdout = BufReader::new(child.0.stdout.take()?);
        let mut lldb = Self {
            child,
            stdin,
            stdout,
        };
        // Reads what lldb prints at its start.
        lldb.execute("version");
        Some(lldb)
    }

    /// Returns what lldb prints for the command, including errors.
    ///
    /// # Panics
    ///
    /// If lldb prints without end, as it does if it repeats a command that has no effect.
    fn execute(&mut self, command: &str) -> String {
        writeln!(self.stdin, "{command}\nsettings show prompt").unwrap();
        let mut output = String::new();
        loop {
            let mut line = String::new();
            let len = self.stdout.read_line(&mut line).unwrap();
            assert_ne!(len, 0, "lldb has ended: {output}");
            if line.starts_with("prompt (string)") {
                return output;
            }
            // lldb prints each command.
            if !line.starts_with("(lldb) ") {
                output += &line;
            }
            assert!(output.lines().count() < 100, "{command}: {output}");
        }
    }

    fn connect(&mut self, server: &Server) {
        let output = self.execute(&format!("gdb-remote {}", server.address));
        assert!(output.contains("Process 1 stopped"), "{output}");
    }

    /// Ends it without a command that detaches. Returns what it prints.
    fn quit(mut self) -> String {
        drop(self.stdin);
        let mut output = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut output).unwrap();
        assert!(self.child.0.wait().unwrap().success(), "{output}");
        output
    }
}

/// A debuggee, a server for it, and an lldb that is connected. `None` if lldb is not installed.
fn session() -> Option<(Debuggee, Server, Lldb)> {
    let mut lldb = Lldb::start()?;
    let debuggee = Debuggee::start();
    let server = Server::start(&debuggee);
    lldb.connect(&server);
    Some((debuggee, server, lldb))
}

#[test]
fn lldb_reads_and_writes_a_live_process() {
    let Some((debuggee, server, mut lldb)) = session() else {
        return;
    };
    let vaddr = debuggee.vaddr;
    let output = lldb.execute(&format!("memory read --format s {vaddr:#x}"));
    assert_eq!(output, format!("{vaddr:#x}: {TEXT:?}\n"));
    let output = lldb.execute(&format!(
        "memory read --size 2 --format d --count 2 {:#x}",
        vaddr + 1
    ));
    assert!(
        output.contains(": 29728\n") && output.contains(": 30821\n"),
        "{output}"
    );

    lldb.execute(&format!("memory write {vaddr:#x} 0x41"));
    lldb.execute(&format!("memory write --size 2 {:#x} 0x5554", vaddr + 2));
    assert_eq!(debuggee.memory(6), b"A TUxt");
    let output = lldb.execute(&format!("expression *(char *){vaddr:#x} = 'B'"));
    assert!(output.contains("'B'"), "{output}");
    assert_eq!(debuggee.memory(6), b"B TUxt");

    let end = vaddr + TEXT.len();
    let output = lldb.execute(&format!("memory find --string gdb {vaddr:#x} {end:#x}"));
    assert!(
        output.contains(&format!("data found at location: {:#x}", vaddr + 12)),
        "{output}"
    );
    let output = lldb.execute(&format!("memory find --string qqq {vaddr:#x} {end:#x}"));
    assert!(output.contains("not found"), "{output}");

    lldb.execute("process detach");
    let (output, ok) = server.wait();
    assert!(ok && output.contains("the debugger detached"), "{output}");
    lldb.quit();
}

#[test]
fn breakpoints_are_hidden_from_lldb() {
    let Some((debuggee, server, mut lldb)) = session() else {
        return;
    };
    let vaddr = debuggee.vaddr;
    for offset in [2, 7] {
        let output = lldb.execute(&format!("breakpoint set --address {:#x}", vaddr + offset));
        assert!(output.starts_with("Breakpoint "), "{output}");
    }
    assert_eq!(debuggee.memory(9), b"a \xccext \xcch");
    let output = lldb.execute(&format!("memory read --format s {vaddr:#x}"));
    assert!(output.contains(TEXT), "{output}");
    lldb.execute(&format!(
        "memory write --size 8 {:#x} 0x3837363534333231",
        vaddr + 1
    ));
    assert_eq!(debuggee.memory(9), b"a1\xcc3456\xcc8");

    let output = lldb.execute("breakpoint delete 1");
    assert!(output.starts_with("1 breakpoints deleted"), "{output}");
    assert_eq!(debuggee.memory(9), b"a123456\xcc8");
    lldb.quit();
    let (output, ok) = server.wait();
    assert!(
        ok && output.contains("all breakpoints are removed"),
        "{output}"
    );
    assert_eq!(debuggee.memory(9), b"a12345678");
}

#[test]
fn refused_breakpoints_are_reported_by_lldb() {
    let Some(mut lldb) = Lldb::start() else {
        return;
    };
    let debuggee = Debuggee::start();
    let server = Server::start_with(debuggee.pid(), &[]);
    lldb.connect(&server);
    let output = lldb.execute(&format!("breakpoint set --address {:#x}", debuggee.vaddr));
    assert!(output.contains("failed to set breakpoint site"), "{output}");
    assert_eq!(debuggee.memory(1), b"a");
    lldb.quit();
    assert!(server.wait().1);
}

#[test]
fn lldb_commands_that_run_the_target_are_refused_once() {
    let Some((debuggee, server, mut lldb)) = session() else {
        return;
    };
    let before = debuggee.memory(TEXT.len());
    for command in [
        "thread step-inst",
        "thread step-inst --count 3",
        "thread step-inst-over",
        "thread step-over",
        "process continue",
    ] {
        let output = lldb.execute(command);
        assert_eq!(output.matches(REFUSED).count(), 1, "{command}: {output}");
        assert!(
            output.contains("stop reason = signal SIGINT"),
            "{command}: {output}"
        );
        assert!(!output.contains("exited"), "{command}: {output}");
    }
    assert_eq!(debuggee.memory(TEXT.len()), before);
    // The session continues.
    let output = lldb.execute(&format!("memory read --format s {:#x}", debuggee.vaddr));
    assert!(output.contains(TEXT), "{output}");
    lldb.quit();
    assert!(server.wait().1);
}

#[test]
fn impossible_lldb_commands_are_errors() {
    let Some((debuggee, server, mut lldb)) = session() else {
        return;
    };
    let vaddr = debuggee.vaddr;
    let before = debuggee.memory(TEXT.len());
    for (command, expected) in [
        ("memory read 0x10", "memory read failed"),
        ("memory write 0x10 1", "memory write failed for 0x10"),
        (
            "breakpoint set --address 0x10",
            "failed to set breakpoint site at 0x10",
        ),
        ("register write rax 1", "error"),
        (&format!("thread jump --address {vaddr:#x}"), "error"),
        (
            &format!("watchpoint set expression -- {vaddr:#x}"),
            "failed",
        ),
        ("process signal SIGUSR1", "error: Failed to send signal"),
        ("process interrupt", "error: Failed to halt process"),
        (&format!("memory region {vaddr:#x}"), "not supported"),
    ] {
        let output = lldb.execute(command);
        assert!(output.contains(expected), "{command}: {output}");
    }
    assert_eq!(debuggee.memory(TEXT.len()), before);

    // Only the program counter has a value.
    let output = lldb.execute("register read");
    let values = output.lines().filter(|line| line.contains(" = ")).count();
    assert_eq!(values, 1, "{output}");
    assert!(output.contains(" = 0x0000000000000000\n"), "{output}");
    assert!(output.contains("registers were unavailable"), "{output}");

    // lldb takes the process for stopped, and caches its memory.
    lldb.execute("settings set target.process.disable-memory-cache true");
    drop(debuggee);
    let output = lldb.execute(&format!("memory read {vaddr:#x}"));
    assert!(output.contains("memory read failed"), "{output}");
    lldb.quit();
    assert!(server.wait().1);
}

#[test]
fn quitting_lldb_leaves_the_process_and_no_message_claims_a_kill() {
    let Some((debuggee, server, lldb)) = session() else {
        return;
    };
    lldb.quit();
    // lldb 14 sends a kill request, lldb 22 detaches.
    let (output, ok) = server.wait();
    let refused = output.contains("kill request, which this server does not execute");
    assert!(
        ok && (refused || output.contains("the debugger detached")),
        "{output}"
    );
    assert_eq!(debuggee.memory(1), b"a");
}

#[test]
fn lldb_finds_the_addresses_of_a_position_independent_program() {
    let Some(mut lldb) = Lldb::start() else {
        return;
    };
    let program = Program::start_position_independent();
    let server = Server::start_with(program.pid(), &[]);
    lldb.execute(&format!("target create {}", program.file().display()));
    lldb.connect(&server);
    let output = lldb.execute("expression &marker");
    assert!(
        output.contains(&format!("{:#018x}", program.marker)),
        "{output}"
    );
    let output = lldb.execute("expression marker");
    assert!(output.contains(&Program::MARKER.to_string()), "{output}");
    lldb.execute("expression marker = 5");
    assert_eq!(program.read_marker(), 5);
    lldb.quit();
    assert!(server.wait().1);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn lldb_loads_the_file_of_a_32_bit_process() {
    let Some(mut lldb) = Lldb::start() else {
        return;
    };
    let Some(program) = Program::start_32_bit() else {
        return;
    };
    let server = Server::start_with(program.pid(), &[]);
    lldb.execute(&format!("target create {}", program.file().display()));
    lldb.connect(&server);
    lldb.execute("expression marker = 5");
    assert_eq!(program.read_marker(), 5);
    let output = lldb.execute("register read eip");
    assert!(output.contains("eip = 0x00000000\n"), "{output}");
    lldb.quit();
    assert!(server.wait().1);
}
