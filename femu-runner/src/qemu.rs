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
    // QEMU runs in another working directory. A name without a directory is looked up on PATH.
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let qemu = match &options.qemu {
        Some(qemu) if qemu.components().count() > 1 => absolute(qemu).into(),
        Some(qemu) => qemu.into(),
        None => architecture.qemu.into(),
    };
    let kernel = absolute(options.kernel.as_deref().unwrap_or(Path::new("")));
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
