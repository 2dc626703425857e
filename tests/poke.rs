//! The example, as a user meets it.
#![cfg(backend = "linux")]

use snapbox::cmd::Command;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command as Program, Stdio};

fn poke() -> PathBuf {
    // Fresh, and not built twice: cargo finds what it built for the tests.
    let built = escargot::CargoBuild::new().example("poke").run();
    built.unwrap().path().to_owned()
}

fn command(arguments: &[&str]) -> Command {
    Command::new(poke()).args(arguments).env_remove("RUST_LOG")
}

struct Debuggee {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Debuggee {
    fn start() -> Self {
        let mut child = Program::new(poke())
            .arg("child")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdin,
            stdout,
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The address in the first line, and the pid as poke wants it.
    fn place(&mut self) -> (String, String) {
        let (line, pid) = (self.line(), self.child.id().to_string());
        let rest = line.strip_prefix(&format!("pid {pid} address ")).unwrap();
        let (address, text) = rest.split_once(" text ").unwrap();
        assert_eq!(text, "hello from the child");
        (pid, address.to_owned())
    }

    fn text(&mut self) -> String {
        self.stdin.write_all(b"\n").unwrap();
        self.line().split_once(" text ").unwrap().1.to_owned()
    }
}

impl Drop for Debuggee {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn without_arguments_it_tells_the_whole_story() {
    command(&[]).assert().success().stderr_eq("").stdout_eq(
        "before: hello from the child
wrote 20 bytes at 0x[..] in process [..]
after: poked by its parent!
",
    );
}

#[test]
fn each_way_to_give_bytes_writes_them() {
    let mut debuggee = Debuggee::start();
    let (pid, address) = debuggee.place();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "from a file").unwrap();
    let path = file.path().to_str().unwrap();
    for (option, value, count, seen) in [
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
        assert_eq!(debuggee.text(), seen);
    }
}

#[test]
fn an_address_may_be_decimal() {
    let mut debuggee = Debuggee::start();
    let (pid, address) = debuggee.place();
    let decimal = u64::from_str_radix(&address[2..], 16).unwrap().to_string();
    let write = command(&["write", "--pid", &pid, &decimal, "--text", "J"]);
    write.assert().success();
    assert_eq!(debuggee.text(), "Jello from the child");
}

#[test]
fn a_write_that_fails_names_process_address_and_remedy() {
    let mut debuggee = Debuggee::start();
    let (pid, _) = debuggee.place();
    command(&["write", "--pid", &pid, "0x10", "--text", "hello"])
        .assert()
        .code(1)
        .stdout_eq("")
        .stderr_eq(format!(
            "poke: cannot write 5 bytes at 0x10 in process {pid}: stopped at 0x10 after 0 bytes: \
             ZX_ERR_NO_MEMORY (-4): out of memory, or no memory at that address
hint: nothing is mapped at the address, or the process is gone: look at its mappings
"
        ));
    assert_eq!(debuggee.text(), "hello from the child");
}

#[test]
fn a_process_that_is_not_there_is_told() {
    command(&["write", "--pid", "2147483647", "0x10", "--text", "hello"])
        .assert()
        .code(1)
        .stdout_eq("")
        .stderr_eq(
            "poke: cannot write at 0x10, nor open process 2147483647: ZX_ERR_NOT_FOUND (-25): what was asked for \
             was not found
hint: no process has this pid
",
        );
}

#[test]
fn wrong_usage_is_two() {
    let missing = "/nonexistent/file";
    for (arguments, told) in [
        (&["write", "--pid", "1", "0x10"][..], "--hex"),
        (&["write", "0x10", "--text", "x"], "--pid"),
        (&["write", "--pid", "1", "--text", "x"], "ADDRESS"),
        (&["write", "--pid", "one", "0x10", "--text", "x"], "one"),
        (
            &["write", "--pid", "1", "7f00", "--text", "x"],
            "hex starts with 0x",
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
        assert!(stderr.contains(told), "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_log_is_shown_on_request_and_keeps_the_bytes_secret() {
    let mut debuggee = Debuggee::start();
    let (pid, address) = debuggee.place();
    let output = command(&["write", "--pid", &pid, &address, "--text", "swordfish"])
        .env("RUST_LOG", "trace")
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("zx_process_write_memory(0x"), "{stderr}");
    assert!(stderr.contains(&format!("{address}, 9 bytes")), "{stderr}");
    assert!(!stderr.contains("swordfish"), "{stderr}");
}

#[test]
fn where_nobody_listens_it_says_so_and_does_not_panic() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = Program::new(poke())
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("poke: stdout: "), "{stderr}");
}
