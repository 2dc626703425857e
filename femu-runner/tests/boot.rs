//! Runs the boot engine with fake emulators that hang, exit early, fail or do not exist.
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "support/fake.rs"]
mod fake;

use fake::{Fake, KERNEL_X64, dynamic_elf, image, stderr};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

const X64: u16 = 62;

/// Runs a program with this emulator.
fn run(fake: &Fake, emulator: &Path) -> Output {
    let mut runner = fake.boot(emulator);
    runner.arg(fake.program("t", X64)).output().unwrap()
}

/// Whether the process exists and is not a zombie.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits until the process has ended. A killed grandchild needs some time to end.
fn assert_ends(pid: &str) {
    for _ in 0..1000 {
        if !is_alive(pid) {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("process {pid} is still alive");
}

#[test]
fn hanging_emulator_and_its_children_are_killed_at_time_limit() {
    let fake = Fake::new();
    let pids = fake.path("pids");
    let body = format!(
        "sleep 1000 & echo $! > '{0}'; echo $$ >> '{0}'; wait",
        pids.display()
    );
    let emulator = fake.script("qemu", &body);
    let output = fake
        .boot(&emulator)
        .args(["--timeout", "1"])
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(stderr(&output).contains("the console is silent"));
    for pid in fs::read_to_string(pids).unwrap().lines() {
        assert_ends(pid);
    }
    assert_eq!(fake.temporary_files(), 0);
}

#[test]
fn endless_line_is_killed_at_time_limit() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "exec tr '\\0' 'x' </dev/zero");
    let mut runner = fake.boot(&emulator);
    let output = runner
        .args(["--timeout", "1"])
        .arg(fake.program("t", X64))
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
}

#[test]
fn machine_that_powers_off_without_output_of_the_program_is_no_output() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'kernel'; exit 31");
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
}

#[test]
fn emulator_that_rejects_its_arguments_is_setup_error() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'qemu: bad option' >&2; exit 1");
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains(
        "QEMU ended with status 1 before the kernel printed something: qemu: bad option"
    ));
}

#[test]
fn emulator_that_exits_at_once_is_setup_error() {
    let fake = Fake::new();
    for status in [3, 31] {
        let emulator = fake.script("qemu", &format!("exit {status}"));
        let output = run(&fake, &emulator);
        assert_eq!(output.status.code(), Some(2));
        let message = format!(
            "QEMU ended with status {status} before the kernel printed something: it printed nothing"
        );
        assert!(stderr(&output).contains(&message), "{}", stderr(&output));
    }
}

#[test]
fn result_line_decides_if_the_machine_keeps_running() {
    let fake = Fake::new();
    for (result, code) in [
        ("ok. 1 passed; 0 failed", 0),
        ("FAILED. 0 passed; 1 failed", 1),
    ] {
        let emulator = fake.script(
            "qemu",
            &format!("echo 'running 1 test'; echo 'test result: {result}'; exec sleep 1000"),
        );
        let start = Instant::now();
        let output = run(&fake, &emulator);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        // 0.3 s of silence, and time for a busy machine. The limit is 300 s.
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn last_lines_of_the_program_are_printed_after_a_timeout() {
    let fake = Fake::new();
    let emulator = fake.script(
        "qemu",
        "echo 'kernel'; echo 'running 1 test'; echo 'test t ... '; exec sleep 1000",
    );
    let mut runner = fake.boot(&emulator);
    let output = runner
        .args(["--timeout", "1"])
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(6));
    let messages = stderr(&output);
    assert!(
        messages.starts_with(
            "femu-runner: last lines of the program:\n    running 1 test\n    test t ... \n"
        ),
        "{messages}"
    );
    assert!(!messages.contains("kernel\n"), "{messages}");
}

#[test]
fn lost_lines_are_reported() {
    let fake = Fake::new();
    let emulator = fake.script(
        "qemu",
        "echo 'running 3 tests'; echo 'test a ... ok'; echo 'test result: ok. 3 passed; 0 failed'; exit 31",
    );
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stderr(&output).contains("the console shows 1 of 3 test cases"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn program_that_bootsvc_cannot_start_is_not_run() {
    let fake = Fake::new();
    let emulator = fake.script(
        "qemu",
        "echo '[00000.288] 01069:01136> bootsvc: Launching next process...'
         echo '[00000.288] 01069:01136> bootsvc: launchpad bin/t failed: cannot load: ZX_ERR_NOT_FOUND'
         exec sleep 1000",
    );
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let messages = stderr(&output);
    for expected in [
        "femu-runner: last lines of the boot log:\n    bootsvc: Launching next process...\n",
        "femu-runner: not run: bootsvc: launchpad bin/t failed: cannot load: ZX_ERR_NOT_FOUND\n",
    ] {
        assert!(messages.contains(expected), "{messages}");
    }
}

#[test]
fn machine_that_halts_is_not_waited_for() {
    let fake = Fake::new();
    let emulator = fake.script(
        "qemu",
        "echo 'platform_halt suggested_action 0 reason 2'; echo 'Halting...'; exec sleep 1000",
    );
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let message = "not run: the kernel halted the machine before the program was started";
    assert!(stderr(&output).contains(message), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("    Halting...\n"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn killed_emulator_is_unknown() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'running 1 test'; kill -9 $$");
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    assert!(stderr(&output).contains("QEMU was killed"));
}

#[test]
fn grandchild_with_open_console_does_not_delay_end() {
    let fake = Fake::new();
    let pids = fake.path("pids");
    let emulator = fake.script(
        "qemu",
        &format!(
            "echo kernel; sleep 1000 & echo $! > '{}'; exit 31",
            pids.display()
        ),
    );
    let output = run(&fake, &emulator);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert_ends(&fs::read_to_string(pids).unwrap());
}

#[test]
fn signal_to_runner_kills_emulator() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let fake = Fake::new();
        let pids = fake.path("pids");
        let body = format!(
            "echo $$ > '{}'; echo 'running 1 test'; exec sleep 1000",
            pids.display()
        );
        let emulator = fake.script("qemu", &body);
        let mut runner = fake.boot(&emulator);
        let mut runner = runner
            .arg(fake.program("t", X64))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(runner.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(
            line, "running 1 test\n",
            "output is printed before the emulator exits"
        );
        let kill = Command::new("kill")
            .args(["-s", signal, &runner.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
        assert_eq!(runner.wait().unwrap().code(), Some(code));
        assert_ends(&fs::read_to_string(pids).unwrap());
        assert_eq!(fake.temporary_files(), 0);
    }
}

#[test]
fn killed_runner_leaves_no_emulator_and_no_image() {
    for kills_group in [false, true] {
        let fake = Fake::new();
        let pids = fake.path("pids");
        let body = format!(
            "sleep 1000 & echo $! > '{0}'; echo $$ >> '{0}'; echo 'running 1 test'; wait",
            pids.display()
        );
        let emulator = fake.script("qemu", &body);
        let mut runner = fake.boot(&emulator);
        let mut runner = runner
            .arg(fake.program("t", X64))
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(runner.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert_eq!(fake.temporary_files(), 1);
        let target = if kills_group {
            format!("-{}", runner.id())
        } else {
            runner.id().to_string()
        };
        let kill = Command::new("kill")
            .args(["-s", "KILL", "--", &target])
            .status();
        assert!(kill.unwrap().success());
        runner.wait().unwrap();
        for pid in fs::read_to_string(pids).unwrap().lines() {
            assert_ends(pid);
        }
        for _ in 0..1000 {
            if fake.temporary_files() == 0 {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(fake.temporary_files(), 0);
    }
}

#[test]
fn closed_output_does_not_change_the_exit_status() {
    let fake = Fake::new();
    let body = "echo 'running 1 test'; echo 'test result: FAILED. 0 passed; 1 failed'; exit 31";
    let emulator = fake.script("qemu", body);
    for dry_run in ["0", "1"] {
        let mut runner = fake.boot(&emulator);
        let runner = runner
            .env("FEMU_DRY_RUN", dry_run)
            .arg(fake.program("t", X64));
        let mut runner = runner
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop((runner.stdout.take(), runner.stderr.take()));
        let expected = i32::from(dry_run == "0");
        assert_eq!(runner.wait().unwrap().code(), Some(expected));
    }
}

#[test]
fn blocked_output_does_not_stop_the_time_limit_or_a_signal() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo 'running 1 test'; while :; do echo line; done");
    for (limit, signal, code) in [("1", None, 6), ("300", Some("TERM"), 143)] {
        let mut runner = fake.boot(&emulator);
        let runner = runner
            .args(["--timeout", limit])
            .arg(fake.program("t", X64));
        // Nothing reads the pipe.
        let mut runner = runner
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if let Some(signal) = signal {
            thread::sleep(Duration::from_secs(1));
            let kill = Command::new("kill")
                .args(["-s", signal, &runner.id().to_string()])
                .status();
            assert!(kill.unwrap().success());
        }
        assert_eq!(runner.wait().unwrap().code(), Some(code));
        assert_eq!(fake.temporary_files(), 0);
    }
}

#[test]
fn directory_of_the_temporary_image_can_contain_spaces_and_commas() {
    let fake = Fake::new();
    let directory = fake.path("a b,c");
    fs::create_dir(&directory).unwrap();
    let body = "while [ \"$1\" != -initrd ]; do shift; done
         case $2 in */*|*,*|*' '*) echo \"bad name $2\";; esac
         test -s \"$2\" && echo 'running 0 tests' && echo 'test result: ok. 0 passed' && exit 31";
    let emulator = fake.script("qemu", body);
    let mut runner = fake.boot(&emulator);
    let runner = runner.env("TMPDIR", &directory).arg(fake.program("t", X64));
    let output = runner.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "running 0 tests\ntest result: ok. 0 passed\n"
    );
}

#[test]
fn paths_are_relative_to_the_directory_of_the_caller() {
    let fake = Fake::new();
    fake.program("t", X64);
    fake.script(
        "qemu",
        "while [ \"$1\" != -kernel ]; do shift; done; test -f \"$2\" && echo kernel && exit 31",
    );
    let mut runner = fake.runner();
    let runner = runner
        .current_dir(fake.path(""))
        .args(["--kernel", "kernel", "--zbi", "zbi"]);
    let output = runner
        .args(["--accel", "tcg", "--qemu", "./qemu", "t"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
}

#[test]
fn empty_variables_count_as_not_set() {
    let fake = Fake::new();
    let mut runner = fake.boot(&fake.path("none"));
    for name in [
        "ENGINE", "TIMEOUT", "SDK", "BUNDLE", "CPU", "SMP", "LIBS", "ENV", "RAW", "IMAGE",
    ] {
        runner.env(format!("FEMU_{name}"), "");
    }
    let output = runner
        .arg("--dry-run")
        .arg(fake.program("t", X64))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains(" -smp 2 "));
}

#[test]
fn option_is_not_split_and_variable_is() {
    let fake = Fake::new();
    fs::create_dir(fake.path("a=b")).unwrap();
    fs::write(fake.path("a=b/lib:x.so"), "").unwrap();
    let lib = fake.path("a=b/lib:x.so");
    let program = fake.program("t", X64);
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        let mut runner = fake.boot(&fake.path("none"));
        let runner = runner
            .arg("--dry-run")
            .args(args)
            .envs(variables.iter().copied());
        let output = runner.arg(&program).output().unwrap();
        (
            output.status.code(),
            stderr(&output) + &String::from_utf8_lossy(&output.stdout),
        )
    };
    let (code, text) = run(&["--lib", lib.to_str().unwrap()], &[]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = run(&["--env", "K=a b"], &[]);
    assert!(
        code == Some(2) && text.contains("cannot pass the variable \"K=a b\""),
        "{text}"
    );
    let (code, text) = run(&[], &[("FEMU_ENV", "A=1  B=2")]);
    assert!(code == Some(0) && text.contains(" A=1 B=2"), "{text}");
    for lib in ["a=", "x/=/bin/sh", "x/../y=/bin/sh"] {
        let (code, text) = run(&["--lib", lib], &[]);
        assert!(
            code == Some(2) && text.contains(&format!("{lib:?} is not a library")),
            "{text}"
        );
    }
}

#[test]
fn input_is_not_overwritten() {
    let fake = Fake::new();
    let program = fake.program("t", X64);
    for input in ["zbi", "kernel", "t"] {
        let before = fs::read(fake.path(input)).unwrap();
        let mut runner = fake.boot(&fake.path("none"));
        let runner = runner.arg("--dry-run").arg("--image").arg(fake.path(input));
        let output = runner.arg(&program).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("it is an input of the run"),
            "{}",
            stderr(&output)
        );
        assert_eq!(fs::read(fake.path(input)).unwrap(), before);
    }
}

#[test]
fn program_named_like_a_file_of_the_image_gets_another_name() {
    let fake = Fake::new();
    let mut runner = fake.boot(&fake.path("none"));
    let output = runner
        .arg("--dry-run")
        .arg(fake.program("bootsvc", X64))
        .output()
        .unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.contains(" bootsvc.next=bin/femu-bootsvc "), "{line}");
}

#[test]
fn arguments_that_userboot_drops_are_reported() {
    let fake = Fake::new();
    for (args, is_reported) in [(&[][..], false), (&["--list"], true)] {
        let mut runner = fake.boot(&fake.path("none"));
        let runner = runner.args(["--dry-run", "--start", "userboot"]);
        let output = runner
            .arg(fake.program("t", X64))
            .args(args)
            .output()
            .unwrap();
        let messages = stderr(&output);
        assert_eq!(
            messages.contains("without its arguments"),
            is_reported,
            "{messages}"
        );
    }
}

#[test]
fn emulator_stdin_is_empty() {
    let fake = Fake::new();
    let emulator = fake.script(
        "qemu",
        "echo 'running 0 tests'; cat; echo 'test result: ok. 0 passed'; exit 31",
    );
    let mut runner = fake.boot(&emulator);
    let runner = runner
        .args(["--timeout", "10"])
        .arg(fake.program("t", X64))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // The write end of the pipe stays open, so that a read from it would block.
    let mut child = runner.spawn().unwrap();
    let stdin = child.stdin.take();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(stdin);
}

#[test]
fn broken_kvm_falls_back_to_tcg() {
    let fake = Fake::new();
    let log = fake.path("calls");
    for failure in [
        "echo 'Could not access KVM kernel module' >&2; exit 1",
        "echo 'KVM internal error. Suberror: 1' >&2; exec sleep 1000",
    ] {
        let body = format!(
            "case \"$*\" in *'-accel kvm'*) {failure};; esac\n\
             echo 'running 1 test'; echo 'test result: ok. 1 passed'; echo \"$*\" >> '{}'; exit 31",
            log.display()
        );
        let emulator = fake.script("qemu", &body);
        let mut runner = fake.boot(&emulator);
        let output = runner
            .env("FEMU_ACCEL", "kvm")
            .arg(fake.program("t", X64))
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "--accel kvm does not fall back: {}",
            stderr(&output)
        );
        let mut runner = fake.boot(&emulator);
        let output = runner
            .env("FEMU_ACCEL", "auto")
            .arg(fake.program("t", X64))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(fs::read_to_string(&log).unwrap().contains("-accel tcg"));
    }
}

#[test]
fn unusable_inputs_are_reported() {
    let fake = Fake::new();
    let program = fake.program("t", X64);
    let emulator = fake.path("no-such-qemu");
    let script = fake.script("script", "exit 0");
    let i386 = fake.program("other", 3);
    fs::write(
        fake.path("short"),
        &fs::read(fake.path("zbi")).unwrap()[..100],
    )
    .unwrap();
    let linux = fake.dynamic_program("linux", "/lib64/ld-linux-x86-64.so.2", &["libc.so.6"]);
    fs::write(fake.path("no-kernel"), image(0x1234, &[])).unwrap();
    let without_kernel = fake.path("no-kernel");
    let without_kernel = without_kernel.to_str().unwrap();
    let truncated = fake.path("short");
    let zbi = truncated.to_str().unwrap();
    for (args, program, expected) in [
        (vec![], &program, "no-such-qemu: No such file"),
        (vec![], &script, "not a 64-bit little-endian ELF file"),
        (vec![], &i386, "ELF machine 3 is not a Fuchsia architecture"),
        (
            vec![],
            &linux,
            "linux is not a Fuchsia program: its dynamic linker is /lib64/ld-linux-x86-64.so.2",
        ),
        (
            vec!["--zbi", without_kernel],
            &program,
            "no-kernel: it contains no kernel",
        ),
        (vec!["--zbi", zbi], &program, "short: truncated image"),
        (vec!["--zbi", "/nowhere"], &program, "cannot read /nowhere"),
        (
            vec!["--kernel", "/nowhere"],
            &program,
            "no such file: /nowhere",
        ),
        (vec!["--lib", "/nowhere"], &program, "cannot read /nowhere"),
        (
            vec!["--env", "K"],
            &program,
            "\"K\" is not an environment variable",
        ),
    ] {
        let output = fake
            .boot(&emulator)
            .args(args)
            .arg(program)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert_eq!(fake.temporary_files(), 0);
    }
    let output = fake
        .boot(&emulator)
        .arg(&program)
        .arg("a b")
        .output()
        .unwrap();
    assert!(stderr(&output).contains("cannot pass the argument \"a b\""));
}

#[test]
fn libraries_that_the_image_lacks_are_reported() {
    let fake = Fake::new();
    let needed = ["libfdio.so", "libzircon.so", "libc.so", "liba.so"];
    let program = fake.dynamic_program("t", "ld.so.1", &needed);
    let liba = dynamic_elf("", &["libb.so"]);
    for (files, missing) in [
        (
            vec![],
            Some("lib/ld.so.1 and lib/libfdio.so and lib/liba.so"),
        ),
        (
            vec!["lib/ld.so.1", "lib/liba.so"],
            Some("lib/libfdio.so and lib/libb.so"),
        ),
        (
            vec![
                "lib/ld.so.1",
                "lib/liba.so",
                "lib/libb.so",
                "lib/libfdio.so",
            ],
            None,
        ),
    ] {
        let files: Vec<_> = files.iter().map(|name| (*name, &*liba)).collect();
        fs::write(fake.path("zbi"), image(KERNEL_X64, &files)).unwrap();
        let mut runner = fake.boot(&fake.path("none"));
        let output = runner.arg("--dry-run").arg(&program).output().unwrap();
        let messages = stderr(&output);
        match missing {
            Some(missing) => {
                let expected = format!("zbi does not contain {missing}, which bin/t loads\n");
                assert!(messages.contains(&expected), "{messages}");
                assert_eq!(output.status.code(), Some(2));
            }
            None => assert_eq!(output.status.code(), Some(0), "{messages}"),
        }
    }
    // --lib adds one.
    fs::write(fake.path("zbi"), image(KERNEL_X64, &[("lib/ld.so.1", b"")])).unwrap();
    let program = fake.dynamic_program("t", "ld.so.1", &["libfdio.so"]);
    let mut runner = fake.boot(&fake.path("none"));
    let lib = format!("libfdio.so={}", fake.path("kernel").display());
    let output = runner
        .args(["--dry-run", "--lib", &lib])
        .arg(&program)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn library_of_a_variant_is_found_in_its_directory() {
    let fake = Fake::new();
    let program = fake.dynamic_program("t", "asan/ld.so.1", &["libfdio.so"]);
    let files: [(&str, &[u8]); 2] = [("lib/asan/ld.so.1", b""), ("lib/asan/libfdio.so", b"")];
    for (files, code) in [(&files[..], 0), (&files[..1], 2)] {
        fs::write(fake.path("zbi"), image(KERNEL_X64, files)).unwrap();
        let mut runner = fake.boot(&fake.path("none"));
        let output = runner.arg("--dry-run").arg(&program).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    }
}

#[test]
fn variable_that_bootsvc_drops_is_reported() {
    let fake = Fake::new();
    let boot_arguments = b"bootsvc: ... fuchsia.boot.Arguments ...";
    let passes_both = b"fuchsia.boot.Arguments bootsvc: cannot set up environment";
    for (bootsvc, options, is_reported) in [
        (&boot_arguments[..], &["--env", "K=V"][..], true),
        (boot_arguments, &[], false),
        (
            boot_arguments,
            &["--env", "K=V", "--start", "userboot"],
            false,
        ),
        (passes_both, &["--env", "K=V"], false),
        (b"bootsvc of 2018", &["--env", "K=V"], false),
    ] {
        fs::write(
            fake.path("zbi"),
            image(KERNEL_X64, &[("bin/bootsvc", bootsvc)]),
        )
        .unwrap();
        let mut runner = fake.boot(&fake.path("none"));
        let runner = runner.arg("--dry-run").args(options);
        let output = runner.arg(fake.program("t", X64)).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let messages = stderr(&output);
        assert_eq!(
            messages.contains("--env (FEMU_ENV) has no effect"),
            is_reported,
            "{messages}"
        );
    }
}

#[test]
fn dry_run_prints_command_line_and_starts_nothing() {
    let fake = Fake::new();
    let emulator = fake.script("qemu", "echo started; exit 31");
    let image = fake.path("image");
    let mut runner = fake.boot(&emulator);
    let runner = runner
        .args(["--dry-run", "--image"])
        .arg(&image)
        .arg(fake.program("t", X64))
        .arg("--list");
    let output = runner.output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(
        line.contains("bootsvc.next=bin/t,--list userboot.shutdown"),
        "{line}"
    );
    assert!(
        line.contains("-machine q35") && !line.contains("started"),
        "{line}"
    );
    assert!(fs::metadata(image).unwrap().len() > 8192);
}

#[test]
fn debugging_syscalls_are_on_unless_option_or_variable_turns_them_off() {
    let fake = Fake::new();
    let variable = "FEMU_NO_DEBUGGING_SYSCALLS";
    for (option, value, expected) in [
        (None, "", true),
        (None, "0", true),
        (None, "1", false),
        (Some("--no-debugging-syscalls"), "", false),
    ] {
        let mut runner = fake.boot(&fake.path("none"));
        let runner = runner.arg("--dry-run").args(option).env(variable, value);
        let output = runner.arg(fake.program("t", X64)).output().unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        assert!(
            line.contains(&format!(" kernel.enable-debugging-syscalls={expected} ")),
            "{option:?} {value:?}: {line}"
        );
    }
}

#[test]
fn arguments_after_program_belong_to_program() {
    let fake = Fake::new();
    let mut runner = fake.boot(&fake.path("none"));
    let runner = runner.arg("--dry-run").arg(fake.program("t", X64));
    let output = runner
        .args(["--help", "--raw", "--timeout", "--", "x"])
        .output()
        .unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(
        line.contains("bootsvc.next=bin/t,--help,--raw,--timeout,--,x "),
        "{line}"
    );
}
