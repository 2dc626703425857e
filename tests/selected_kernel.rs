//! The kernel that the Linux backend behaves like. The selection applies to the whole program, so
//! only one test calls `set_kernel`. The others run this program again.
#![cfg(backend = "linux")]

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};
use zx_process_memory::linux::{self, Kernel, set_kernel};
use zx_process_memory::{Process, Status};

/// Kernel, whether debugging syscalls can be off, unmapped, process ended, whether the vDSO can be
/// written.
const TABLE: [(Kernel, bool, Status, Status, bool); 6] = {
    use Status::{BadState, NoMemory, NotFound};
    [
        (Kernel::ManPage, true, NoMemory, BadState, false),
        (Kernel::Zircon2018, false, NoMemory, NoMemory, true),
        (Kernel::Zircon2019, false, NoMemory, NoMemory, false),
        (Kernel::Zircon2021, true, NoMemory, NoMemory, false),
        (Kernel::Zircon2024, true, NotFound, NotFound, false),
        (Kernel::Zircon2025, true, NotFound, NotFound, false),
    ]
};

#[test]
fn each_kernel_has_its_statuses() {
    let (mut ended, ended_process) = cat();
    ended.kill().unwrap();
    ended.wait().unwrap();
    let (mut child, process) = cat();
    let vdso = vdso(&child);
    let old: u8 = process.read_le(vdso).unwrap();
    for (kernel, can_be_off, unmapped, ended, writes_vdso) in TABLE {
        set_kernel(kernel);
        assert_eq!(linux::kernel(), kernel);
        assert_eq!(process.write_memory(0, &[1]), Err(unmapped), "{kernel:?}");
        assert_eq!(process.read_memory(0, &mut [0]), Err(unmapped));
        assert_eq!(ended_process.write_memory(vdso, &[1]), Err(ended));
        assert_eq!(ended_process.read_memory(vdso, &mut [0; 2]), Err(ended));
        let written = if writes_vdso {
            Ok(1)
        } else {
            Err(Status::AccessDenied)
        };
        assert_eq!(process.write_memory(vdso, &[!old]), written);
        linux::set_debugging_syscalls(false);
        let off = if can_be_off {
            Status::NotSupported
        } else {
            unmapped
        };
        assert_eq!(process.write_memory(0, &[1]), Err(off), "{kernel:?}");
        linux::set_debugging_syscalls(true);
    }
    // Only the kernel of 2018 wrote the vDSO (measured), and on Linux only in that process.
    assert_eq!(process.read_le(vdso), Ok(!old));
    let (mut other, other_process) = cat();
    assert_eq!(other_process.read_le(self::vdso(&other)), Ok(old));
    for child in [&mut child, &mut other] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn environment_variable_selects_the_kernel() {
    for (value, name) in [
        ("", "ManPage"),
        ("2018", "Zircon2018"),
        ("2019", "Zircon2019"),
        ("2021", "Zircon2021"),
        ("2024", "Zircon2024"),
        ("2025", "Zircon2025"),
    ] {
        let output = run_again(value, "print_the_kernel");
        assert!(output.status.success());
        assert!(text(&output.stdout).contains(&format!("kernel: {name}\n")));
    }
}

#[test]
fn set_kernel_takes_precedence_over_the_environment_variable() {
    let output = run_again("2019", "print_the_kernel_after_set_kernel");
    assert!(text(&output.stdout).contains("kernel: Zircon2024\n"));
    // Even over an unknown value.
    let output = run_again("nonsense", "print_the_kernel_after_set_kernel");
    assert!(output.status.success());
}

#[test]
fn unknown_value_ends_the_program() {
    for test in ["print_the_kernel", "write_a_byte"] {
        let output = run_again("2020", test);
        assert_eq!(output.status.code(), Some(1));
        let message =
            "ZX_PROCESS_MEMORY_KERNEL=2020: unknown kernel. Use 2018, 2019, 2021, 2024 or 2025";
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert!(printed.contains(message), "{printed}");
        assert!(!printed.contains("kernel: "), "{printed}");
    }
}

#[test]
#[ignore = "other tests run it"]
fn print_the_kernel() {
    println!("kernel: {:?}", linux::kernel());
}

#[test]
#[ignore = "other tests run it"]
fn print_the_kernel_after_set_kernel() {
    set_kernel(Kernel::Zircon2024);
    println!("kernel: {:?}", linux::kernel());
}

#[test]
#[ignore = "other tests run it"]
fn write_a_byte() {
    let (mut child, process) = cat();
    child.kill().unwrap();
    child.wait().unwrap();
    let _ = process.write_memory(0, &[1]);
    println!("kernel: none was selected");
}

fn run_again(kernel: &str, test: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("ZX_PROCESS_MEMORY_KERNEL", kernel)
        .output()
        .unwrap()
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

fn cat() -> (Child, Process) {
    let mut child = Command::new("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // An answer proves that the exec is complete.
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let process = Process::from_child(&child).unwrap();
    (child, process)
}

/// The first byte of the vDSO.
fn vdso(child: &Child) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    let line = maps.lines().find(|line| line.ends_with("[vdso]")).unwrap();
    usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap()
}
