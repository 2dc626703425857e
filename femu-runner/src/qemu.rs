//! QEMU's command line.

use crate::cli::{Accel, Options};
use crate::machine::Machine;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::Path;

/// Whether KVM is to be used: asked for, or there and of use.
pub fn wants_kvm(accel: Accel, machine: &Machine) -> bool {
    match accel {
        Accel::Kvm => true,
        Accel::Tcg => false,
        Accel::Auto => {
            let opens = || {
                OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open("/dev/kvm")
                    .is_ok()
            };
            machine.name == std::env::consts::ARCH && opens()
        }
    }
}

/// QEMU's arguments, the program itself first.
pub fn argv(
    options: &Options,
    machine: &Machine,
    kvm: bool,
    image: &Path,
    words: &str,
) -> Vec<OsString> {
    let qemu = options
        .qemu
        .as_ref()
        .map_or_else(|| machine.qemu.into(), OsString::from);
    let kernel = options.kernel.clone().unwrap_or_default();
    let cpu = if kvm {
        machine.kvm_cpu
    } else {
        machine.emulated_cpu
    };
    let mut argv = vec![qemu];
    argv.extend(machine.board.iter().map(OsString::from));
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
        ("-initrd", image.into()),
        ("-append", words.into()),
    ] {
        argv.extend([option.into(), value]);
    }
    argv.extend(["-nodefaults", "-no-reboot"].map(OsString::from));
    argv
}

/// Whether this is how QEMU ends where KVM does not work.
pub fn blames_kvm(stderr: &[u8]) -> bool {
    stderr
        .to_ascii_lowercase()
        .windows(3)
        .any(|word| word == b"kvm")
}

/// The arguments as a shell would take them.
pub fn shell_line(argv: &[OsString]) -> String {
    let quoted = argv.iter().map(|arg| {
        let arg = arg.to_string_lossy();
        let plain = |char: char| char.is_ascii_alphanumeric() || "-_./=,+:".contains(char);
        if !arg.is_empty() && arg.chars().all(plain) {
            return arg.into_owned();
        }
        format!("'{}'", arg.replace('\'', r"'\''"))
    });
    quoted.collect::<Vec<_>>().join(" ")
}
