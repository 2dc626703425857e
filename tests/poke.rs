//! The example `poke`: its output, exit statuses and errors.
#![cfg(backend = "linux")]

#[path = "debuggee/debuggee.rs"]
#[allow(dead_code)] // These tests do not use all of it.
mod debuggee;

use debuggee::Debuggee;
use snapbox::cmd::{Command, OutputAssert};
use std::path::PathBuf;
use std::process::{Command as StdCommand, Stdio};
use zx_process_memory::Status;

fn poke() -> PathBuf {
    // Cargo builds the example only if it is out of date.
    let built = escargot::CargoBuild::new().example("poke").run();
    built.unwrap().path().to_owned()
}

fn command(arguments: &[&str]) -> Command {
    Command::new(poke()).args(arguments).env_remove("RUST_LOG")
}

/// A process that runs `poke child`.
struct PokedChild {
    debuggee: Debuggee,
    pid: String,
    /// The address of the text, in hex.
    address: String,
}

impl PokedChild {
    fn start() -> Self {
        let mut debuggee = Debuggee::spawn(StdCommand::new(poke()).arg("child"));
        let (line, pid) = (debuggee.read_line().unwrap(), debuggee.pid().to_string());
        let rest = line.strip_prefix(&format!("pid {pid} address ")).unwrap();
        let (address, text) = rest.split_once(" text ").unwrap();
        assert_eq!(text, "hello from the child");
        let address = address.to_owned();
        Self {
            debuggee,
            pid,
            address,
        }
    }

    /// The text as the child reads it.
    fn text(&mut self) -> String {
        let line = self.debuggee.ask("");
        line.split_once(" text ").unwrap().1.to_owned()
    }
}

/// Asserts exit status 1, no output, and an error message with this start, the code of the status,
/// and this hint.
fn assert_failure(result: OutputAssert, start: &str, status: Status, hint: &str) {
    let output = result.code(1).stdout_eq("").get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = stderr.lines().collect();
    let [error, last] = lines[..] else {
        panic!("not two lines: {stderr}");
    };
    assert!(error.starts_with(start), "{stderr}");
    // Once: an error and its source must not both contain the status.
    assert_eq!(error.matches(&status.to_string()).count(), 1, "{stderr}");
    assert_eq!(last, format!("hint: {hint}"));
}

#[test]
fn demo_prints_text_before_and_after_write() {
    command(&[]).assert().success().stderr_eq("").stdout_eq(
        "before: hello from the child
wrote 20 bytes at 0x[..] in process [..]
after: poked by its parent!
",
    );
}

#[test]
fn text_hex_and_file_arguments_are_written() {
    let mut child = PokedChild::start();
    let (pid, address) = (child.pid.clone(), child.address.clone());
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from a file").unwrap();
    let path = file.path().to_str().unwrap();
    for (option, value, count, text) in [
        ("--text", "HELLO", 5, "HELLO from the child"),
        ("--hex", "4a", 1, "JELLO from the child"),
        ("--hex", "0x59454C", 3, "YELLO from the child"),
        ("--file", path, 11, "from a filethe child"),
    ] {
        command(&["write", "--pid", &pid, &address, option, value])
            .assert()
            .success()
            .stderr_eq("")
            .stdout_eq(format!(
                "wrote {count} bytes at {address} in process {pid}\n"
            ));
        assert_eq!(child.text(), text);
    }
}

#[test]
fn decimal_address_is_accepted() {
    let mut child = PokedChild::start();
    let hex = child.address.strip_prefix("0x").unwrap();
    let decimal = u64::from_str_radix(hex, 16).unwrap().to_string();
    let write = command(&["write", "--pid", &child.pid, &decimal, "--text", "J"]);
    write.assert().success();
    assert_eq!(child.text(), "Jello from the child");
}

#[test]
fn failed_write_reports_process_address_status_and_hint() {
    let mut child = PokedChild::start();
    let pid = &child.pid;
    assert_failure(
        command(&["write", "--pid", pid, "0x10", "--text", "hello"]).assert(),
        &format!("poke: cannot write 5 bytes at 0x10 in process {pid}: "),
        Status::NoMemory,
        Status::NoMemory.write_memory_hint().unwrap(),
    );
    assert_eq!(child.text(), "hello from the child");
}

#[test]
fn failed_open_reports_process_address_status_and_hint() {
    let pid = "2147483647";
    assert_failure(
        command(&["write", "--pid", pid, "0x10", "--text", "hello"]).assert(),
        &format!("poke: cannot open process {pid} to write 5 bytes at 0x10: "),
        Status::NotFound,
        "no process has this PID",
    );
}

/// A kernel thread is alive, and has no memory.
#[test]
fn failed_open_of_a_kernel_thread_does_not_say_that_it_has_ended() {
    // PID 2 is the parent of the kernel threads, in the initial PID namespace.
    let name = std::fs::read_to_string("/proc/2/comm").unwrap_or_default();
    if name != "kthreadd\n" || !rustix::process::geteuid().is_root() {
        return;
    }
    assert_failure(
        command(&["write", "--pid", "2", "0x10", "--text", "hello"]).assert(),
        "poke: cannot open process 2 to write 5 bytes at 0x10: ",
        Status::InvalidArgs,
        "give the PID of another process, above 0: poke cannot open itself, a thread, or a kernel \
         thread, which has no memory",
    );
}

#[test]
fn wrong_arguments_exit_with_2() {
    let missing = "/nonexistent/file";
    for (arguments, expected) in [
        (&["write", "--pid", "1", "0x10"][..], "--hex"),
        (&["write", "0x10", "--text", "x"], "--pid"),
        (&["write", "--pid", "1", "--text", "x"], "ADDRESS"),
        (&["write", "--pid", "one", "0x10", "--text", "x"], "one"),
        (
            &["write", "--pid", "1", "7f00", "--text", "x"],
            "hex digits after 0x",
        ),
        (&["write", "--pid", "1", "0xzz", "--text", "x"], "0xzz"),
        (&["write", "--pid", "1", "0x+10", "--text", "x"], "0x+10"),
        (&["write", "--pid", "1", "0x10", "--hex", "abc"], "abc"),
        (&["write", "--pid", "1", "0x10", "--hex", "zz"], "zz"),
        (
            &["write", "--pid", "1", "0x10", "--text", ""],
            "nothing to write",
        ),
        (&["write", "--pid", "1", "0x10", "--file", missing], missing),
        (
            &["write", "--pid", "1", "0x10", "--text", "x", "--hex", "00"],
            "--hex",
        ),
        (&["prod"], "prod"),
    ] {
        let output = command(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn log_shows_calls_without_bytes() {
    let child = PokedChild::start();
    let (pid, address) = (&child.pid, &child.address);
    let output = command(&["write", "--pid", pid, address, "--text", "swordfish"])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("zx_process_write_memory(0x"), "{stderr}");
    assert!(stderr.contains(&format!("{address}, 9 bytes")), "{stderr}");
    assert!(!stderr.contains("swordfish"), "{stderr}");
}

#[test]
fn full_stdout_is_an_error_without_panic() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = StdCommand::new(poke())
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("poke: cannot write to stdout: "),
        "{stderr}"
    );
}
