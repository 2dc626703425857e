//! A stock gdb against the example `gdbserver`, on a live process. Without gdb on this machine
//! the tests say so and do nothing: Debian's package is `gdb`.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use zx_process_memory::Process;

/// The text that the debuggee holds, and a cat that never gets to read it.
const TEXT: &str = "a text that gdb looks at";

/// A process with [`TEXT`] in its memory: an argument of `cat`'s, in the stack.
struct Debuggee {
    child: Child,
    vaddr: usize,
}

impl Debuggee {
    fn start() -> Self {
        // Reads its input first, and does not come to the file of that name.
        let child = Command::new("cat")
            .args(["-", TEXT])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let process = Process::from_child(&child).unwrap();
        let vaddr = wait_for(|| find(&process, child.id()));
        Self { child, vaddr }
    }

    /// What is in memory, break instructions included.
    fn raw(&self, len: usize) -> Vec<u8> {
        let process = Process::from_pid(self.child.id()).unwrap();
        let mut bytes = vec![0; len];
        process.read_exact_memory(self.vaddr, &mut bytes).unwrap();
        bytes
    }
}

impl Drop for Debuggee {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the text is on the stack, once the program has been loaded.
fn find(process: &Process, pid: u32) -> Option<usize> {
    let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    (exe.file_name()? != std::env::current_exe().ok()?.file_name()?).then_some(())?;
    let map = zx_debug_memory::MemoryMap::read(process).ok()?;
    let stack = map.iter().find(|mapping| mapping.name == "[stack]")?;
    let mut bytes = vec![0; stack.range.len()];
    process
        .read_exact_memory(stack.range.start, &mut bytes)
        .ok()?;
    let at = bytes
        .windows(TEXT.len())
        .position(|bytes| bytes == TEXT.as_bytes())?;
    Some(stack.range.start + at)
}

fn wait_for<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "it does not come"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn gdbserver() -> PathBuf {
    let built = escargot::CargoBuild::new()
        .package("zx-debug-memory")
        .example("gdbserver")
        .features("gdbstub")
        .run();
    built.unwrap().path().to_owned()
}

struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    /// The debuggee waits for its input, so that it meets no breakpoint.
    fn start(debuggee: &Debuggee) -> Self {
        Self::start_with(debuggee, &["--breakpoints"])
    }

    fn start_with(debuggee: &Debuggee, arguments: &[&str]) -> Self {
        let mut child = Command::new(gdbserver())
            .args(arguments)
            .args(["--listen", "127.0.0.1:0", "--pid"])
            .arg(debuggee.child.id().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end().trim_end_matches('\'').rsplit(' ').next();
        let address = address.unwrap().to_owned();
        Self {
            child,
            stdout,
            address,
        }
    }

    /// What it says at its end.
    fn ends(mut self) -> (String, bool) {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        (said, self.child.wait().unwrap().success())
    }
}

/// A gdb that is told one command after the other.
struct Gdb {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Gdb {
    /// `None` where there is no gdb.
    fn start() -> Option<Self> {
        let program = Command::new("gdb")
            .args([
                "-nx",
                "-q",
                "-ex",
                "set pagination off",
                "-ex",
                "set width 0",
            ])
            .args([
                "-ex",
                "set confirm off",
                "-ex",
                "set breakpoint always-inserted on",
            ])
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let mut child = match program {
            Ok(child) => child,
            Err(error) => {
                println!("no gdb, so nothing is tried: {error}");
                return None;
            }
        };
        let (stdin, stdout) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
        Some(Self {
            child,
            stdin,
            stdout,
        })
    }

    /// What gdb prints for the command, its errors included.
    fn ask(&mut self, command: &str) -> String {
        const END: &str = "that was all";
        // In Python, since gdb ends a script at the first error.
        writeln!(
            self.stdin,
            "python\ntry:\n  print(gdb.execute({command:?}, to_string=True))\n\
             except gdb.error as error:\n  print(error)\nprint({END:?})\nend"
        )
        .unwrap();
        let mut said = String::new();
        loop {
            let before = said.len();
            assert_ne!(self.stdout.read_line(&mut said).unwrap(), 0, "gdb: {said}");
            if said[before..].trim_end().ends_with(END) {
                said.truncate(before);
                return said
                    .replace("(gdb) ", "")
                    .replace('>', "")
                    .trim()
                    .to_owned();
            }
        }
    }

    fn quits(mut self) {
        drop(self.stdin);
        self.child.wait().unwrap();
    }
}

/// A debuggee, a server for it, and a gdb that is connected.
fn session() -> Option<(Debuggee, Server, Gdb)> {
    let mut gdb = Gdb::start()?;
    let debuggee = Debuggee::start();
    let server = Server::start(&debuggee);
    let said = gdb.ask(&format!("target remote {}", server.address));
    assert!(!said.contains("failed"), "{said}");
    Some((debuggee, server, gdb))
}

#[test]
fn gdb_reads_and_writes_a_live_process() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    let vaddr = format!("{:#x}", debuggee.vaddr);
    let text = |gdb: &mut Gdb| gdb.ask(&format!("x/s {vaddr}"));
    assert_eq!(text(&mut gdb), format!("{vaddr}:\t{TEXT:?}"));
    assert!(
        gdb.ask(&format!("x/4xb {vaddr}"))
            .contains("0x61\t0x20\t0x74\t0x65")
    );
    assert!(
        gdb.ask(&format!("x/2dh {vaddr}+1"))
            .contains("29728\t30821")
    );

    gdb.ask(&format!("set var *(char*){vaddr} = 'A'"));
    gdb.ask(&format!("set var *(short*)({vaddr}+2) = 0x5554"));
    assert_eq!(debuggee.raw(6), b"A TUxt");
    assert!(text(&mut gdb).contains("A TUxt that"));

    let found = gdb.ask(&format!("find {vaddr}, +64, 'g', 'd', 'b'"));
    assert!(
        found.contains(&format!("{:#x}", debuggee.vaddr + 12)),
        "{found}"
    );
    let nowhere = gdb.ask(&format!("find {vaddr}, +64, 'q', 'q', 'q'"));
    assert!(nowhere.contains("not found"), "{nowhere}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memory").display().to_string();
    gdb.ask(&format!("dump binary memory {file} {vaddr} {vaddr}+24"));
    assert_eq!(fs::read(&file).unwrap(), b"A TUxt that gdb looks at");
    fs::write(&file, b"what was restored").unwrap();
    gdb.ask(&format!("restore {file} binary {vaddr}+2"));
    assert_eq!(debuggee.raw(19), b"A what was restored");

    gdb.ask("detach");
    let (said, ok) = server.ends();
    assert!(ok && said.contains("gdb is detached"), "{said}");
    gdb.quits();
}

#[test]
fn gdb_does_not_see_its_breakpoints() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    let vaddr = debuggee.vaddr;
    for offset in [2, 7] {
        let said = gdb.ask(&format!("break *{:#x}", vaddr + offset));
        assert!(said.starts_with("Breakpoint "), "{said}");
    }
    assert_eq!(debuggee.raw(9), b"a \xccext \xcch");
    assert!(gdb.ask(&format!("x/s {vaddr:#x}")).contains(TEXT));

    // Over one, beside it, and over both.
    gdb.ask(&format!("set var *(char*){:#x} = 'T'", vaddr + 2));
    gdb.ask(&format!("set var *(char*){:#x} = 'E'", vaddr + 3));
    assert_eq!(debuggee.raw(9), b"a \xccExt \xcch");
    gdb.ask(&format!(
        "set var *(long*){:#x} = 0x3837363534333231",
        vaddr + 1
    ));
    assert_eq!(debuggee.raw(9), b"a1\xcc3456\xcc8");
    assert!(gdb.ask(&format!("x/s {vaddr:#x}")).contains("a12345678at"));

    gdb.ask("delete 1");
    assert_eq!(debuggee.raw(9), b"a123456\xcc8");
    // Gone without a word: the server cleans up.
    gdb.child.kill().unwrap();
    gdb.child.wait().unwrap();
    let (said, ok) = server.ends();
    assert!(ok && said.contains("no breakpoint is left"), "{said}");
    assert_eq!(debuggee.raw(9), b"a12345678");
}

#[test]
fn gdb_is_told_what_cannot_be_had() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    let said = gdb.ask("x/xb 0x10");
    assert_eq!(said, "Cannot access memory at address 0x10");
    let said = gdb.ask("set var *(int*)0x10 = 1");
    assert_eq!(said, "Cannot access memory at address 0x10");
    let said = gdb.ask("info registers");
    assert!(
        said.contains("rax") || said.contains("x0") || said.contains("zero"),
        "{said}"
    );
    let unavailable = said.lines().filter(|line| line.ends_with("<unavailable"));
    // `ask` has taken the last character for a prompt's.
    assert_eq!(unavailable.count(), said.lines().count() - 1, "{said}");
    // Nobody runs or stops it.
    let before = debuggee.raw(TEXT.len());
    gdb.ask("stepi");
    assert_eq!(debuggee.raw(TEXT.len()), before);
    let said = gdb.ask("break *0x10");
    assert!(said.contains("Cannot insert breakpoint"), "{said}");
    gdb.ask("delete");

    let vaddr = debuggee.vaddr;
    let said = gdb.ask(&format!("x/xb {vaddr:#x}"));
    assert_eq!(said, format!("{vaddr:#x}:\t0x61"));
    gdb.ask(&format!("break *{vaddr:#x}"));
    assert_eq!(debuggee.raw(1), [0xcc]);
    drop(debuggee);
    let said = gdb.ask(&format!("x/xb {vaddr:#x}"));
    assert_eq!(said, format!("Cannot access memory at address {vaddr:#x}"));
    gdb.ask("detach");
    let (said, ok) = server.ends();
    assert!(ok && said.contains("no breakpoint is left"), "{said}");
    gdb.quits();
}

/// The protocol without a gdb: a packet, and what frames the answer left away.
fn packet(stream: &mut TcpStream, packet: &str) -> String {
    let sum = packet.bytes().fold(0u8, u8::wrapping_add);
    write!(stream, "+${packet}#{sum:02x}").unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while answer.iter().rev().nth(2) != Some(&b'#') {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "{packet}");
        answer.extend(byte);
    }
    let answer = String::from_utf8(answer).unwrap();
    let answer = answer.trim_start_matches('+').trim_start_matches('$');
    answer[..answer.len() - 3].to_owned()
}

#[test]
fn a_short_read_of_any_length_is_what_is_there() {
    let debuggee = Debuggee::start();
    let process = Process::from_pid(debuggee.child.id()).unwrap();
    let map = zx_debug_memory::MemoryMap::read(&process).unwrap();
    let end = map.find(debuggee.vaddr).unwrap().range.end;
    let server = Server::start(&debuggee);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let mut whole = [0; 16];
    process.read_exact_memory(end - 16, &mut whole).unwrap();
    // Zeros in a run are counted, so this compares what they stand for.
    let expected = packet(&mut stream, &format!("m{:x},10", end - 16));
    for len in ["11", "400", "7ff"] {
        let said = packet(&mut stream, &format!("m{:x},{len}", end - 16));
        assert_eq!(said, expected, "{len}");
    }
    assert_eq!(packet(&mut stream, &format!("m{end:x},10")), "E0e");

    // One session, one client.
    assert!(TcpStream::connect(&server.address).is_err());
    drop(stream);
    assert!(server.ends().1);
}

#[test]
fn what_is_no_packet_ends_the_session_and_leaves_no_breakpoint() {
    for nonsense in [
        "$m10,1#00".to_owned(),
        "$".to_owned() + &"x".repeat(1 << 20),
    ] {
        let debuggee = Debuggee::start();
        let server = Server::start(&debuggee);
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let set = format!("Z0,{:x},1", debuggee.vaddr);
        assert_eq!(packet(&mut stream, &set), "OK");
        assert_eq!(debuggee.raw(1), [0xcc]);
        // The server need not take it all.
        let _ = stream.write_all(nonsense.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        server.ends();
        assert_eq!(debuggee.raw(1), b"a");
    }
}

#[test]
fn breakpoints_are_refused_unless_asked_for() {
    let debuggee = Debuggee::start();
    let server = Server::start_with(&debuggee, &[]);
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let set = format!("Z0,{:x},1", debuggee.vaddr);
    assert_eq!(packet(&mut stream, &set), "E16");
    assert_eq!(debuggee.raw(1), b"a");
    drop(stream);
    assert!(server.ends().1);
}

#[test]
fn ctrl_c_leaves_no_breakpoint() {
    let Some((debuggee, server, mut gdb)) = session() else {
        return;
    };
    gdb.ask(&format!("break *{:#x}", debuggee.vaddr));
    assert_eq!(debuggee.raw(1), [0xcc]);
    let killed = Command::new("kill")
        .args(["-INT", &server.child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    let (said, ok) = server.ends();
    assert!(ok && said.contains("no breakpoint is left"), "{said}");
    assert_eq!(debuggee.raw(1), b"a");
    gdb.quits();
}

/// What it says on stderr, where it does not get as far as to serve.
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
fn mistakes_are_told() {
    let said = refused(&["--pid", "1", "--listen", "0.0.0.0:0"]);
    assert!(
        said.contains("can be reached from other machines"),
        "{said}"
    );
    let said = refused(&["--pid", "1", "--listen", "localhost"]);
    assert!(said.contains("--listen"), "{said}");
    let said = refused(&[]);
    assert!(said.contains("--pid") && said.contains("--koid"), "{said}");
    let said = refused(&["--koid", "1024"]);
    assert!(
        said.contains("koid 1024") && said.contains("by pid on Linux"),
        "{said}"
    );
    // Over the largest pid that Linux gives out.
    let said = refused(&["--pid", "4194305"]);
    assert!(
        said.contains("pid 4194305") && said.contains("there is none"),
        "{said}"
    );
}
