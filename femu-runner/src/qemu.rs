//! Builds QEMU's command line.

use crate::architecture::Architecture;
use crate::cli::{Accel, Options};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::Path;

/// Whether to run with KVM. `Accel::Auto` uses it if the host has it and has the same
/// architecture as the program.
pub fn uses_kvm(accel: Accel, architecture: &Architecture) -> bool {
    match accel {
        Accel::Kvm => true,
        Accel::Tcg => false,
        Accel::Auto => {
            let device_opens = || {
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open("/dev/kvm")
                    .is_ok()
            };
            architecture.name == std::env::consts::ARCH && device_opens()
        }
    }
}

/// Builds QEMU's argument vector. The first element is the QEMU binary.
pub fn argv(
    options: &Options,
    architecture: &Architecture,
    kvm: bool,
    boot_image: &Path,
    kernel_command_line: &str,
) -> Vec<OsString> {
    let qemu = options
        .qemu
        .as_ref()
        .map_or_else(|| architecture.qemu.into(), OsString::from);
    let kernel = options.kernel.clone().unwrap_or_default();
    let cpu = if kvm {
        architecture.kvm_cpu
    } else {
        architecture.tcg_cpu
    };
    let mut argv = vec![qemu];
    argv.extend(architecture.board.iter().map(OsString::from));
    let accel = if kvm { "kvm" } else { "tcg" };
    for (option, value) in [
        ("-accel", OsString::from(accel)),
        ("-cpu", options.cpu.as_deref().unwrap_or(cpu).into()),
        ("-m", options.memory.to_string().into()),
        ("-smp", options.smp.to_string().into()),
        ("-serial", "stdio".into()),
        ("-monitor", "none".into()),
        ("-display", "none".into()),
        ("-net", "none".into()),
        ("-kernel", kernel.into()),
        ("-initrd", boot_image.into()),
        ("-append", kernel_command_line.into()),
    ] {
        argv.extend([option.into(), value]);
    }
    argv.extend(["-nodefaults", "-no-reboot"].map(OsString::from));
    argv
}

/// Whether QEMU's stderr mentions KVM, as it does if KVM does not work.
pub fn mentions_kvm(stderr: &[u8]) -> bool {
    stderr
        .to_ascii_lowercase()
        .windows(3)
        .any(|window| window == b"kvm")
}

/// Quotes the argument vector for a shell.
pub fn shell_quote(argv: &[OsString]) -> String {
    let quoted = argv.iter().map(|arg| {
        let arg = arg.to_string_lossy();
        let needs_no_quotes =
            |char: char| char.is_ascii_alphanumeric() || "-_./=,+:".contains(char);
        if !arg.is_empty() && arg.chars().all(needs_no_quotes) {
            return arg.into_owned();
        }
        format!("'{}'", arg.replace('\'', r"'\''"))
    });
    quoted.collect::<Vec<_>>().join(" ")
}
