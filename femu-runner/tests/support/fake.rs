//! Minimal fakes of a program, a boot image and an emulator.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A temporary directory with the files for a run, and a subdirectory for the runner's temporary
/// files.
pub struct Fake {
    directory: TempDir,
}

impl Fake {
    pub fn new() -> Self {
        let fake = Self {
            directory: TempDir::new().unwrap(),
        };
        fs::create_dir(fake.path("tmp")).unwrap();
        fs::write(fake.path("kernel"), "").unwrap();
        fs::write(fake.path("zbi"), image(&["bin/bootsvc"])).unwrap();
        fake
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Creates an ELF file with one segment, which is the file itself.
    pub fn program(&self, name: &str, machine: u16) -> PathBuf {
        let mut elf = vec![0; 120];
        elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        elf[16..20].copy_from_slice(&[3, 0, machine.to_le_bytes()[0], machine.to_le_bytes()[1]]);
        elf[32] = 64; // e_phoff
        elf[54] = 56; // e_phentsize
        elf[56] = 1; // e_phnum
        elf[64] = 1; // p_type: PT_LOAD
        elf[96] = 120; // p_filesz
        fs::write(self.path(name), elf).unwrap();
        self.path(name)
    }

    /// Creates a shell script.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The runner, without the environment variables that configure it.
    pub fn runner(&self) -> Command {
        let mut runner = Command::new(env!("CARGO_BIN_EXE_femu-runner"));
        for (name, _) in std::env::vars()
            .filter(|(name, _)| name.starts_with("FEMU_") || name.starts_with("FUCHSIA_"))
        {
            runner.env_remove(name);
        }
        runner.env("TMPDIR", self.path("tmp"));
        runner
    }

    /// The runner, configured for the boot engine with `emulator` as QEMU.
    pub fn boot(&self, emulator: &Path) -> Command {
        let mut runner = self.runner();
        runner
            .env("FEMU_KERNEL", self.path("kernel"))
            .env("FEMU_ZBI", self.path("zbi"))
            .env("FEMU_ACCEL", "tcg");
        runner.env("FEMU_QEMU", emulator);
        runner
    }

    /// The number of temporary files that the runner has left.
    pub fn temporary_files(&self) -> usize {
        fs::read_dir(self.path("tmp")).unwrap().count()
    }
}

/// A boot image with an uncompressed BOOTFS of empty files.
pub fn image(names: &[&str]) -> Vec<u8> {
    let mut directory = Vec::new();
    for name in names {
        let length = u32::try_from(name.len() + 1).unwrap();
        directory.extend([length, 0, 4096].map(u32::to_le_bytes).concat());
        directory.extend(name.as_bytes());
        directory.resize((directory.len() + 1).next_multiple_of(4), 0);
    }
    let length = u32::try_from(directory.len()).unwrap();
    let mut bootfs = [0xa56d_3ff9, length, 0, 0].map(u32::to_le_bytes).concat();
    bootfs.extend(directory);
    bootfs.resize(4096, 0);
    let item = [
        0x4253_4642,
        4096,
        4096,
        0x1_0000,
        0,
        0,
        0xb578_1729,
        0x4a87_e8d6,
    ]
    .map(u32::to_le_bytes)
    .concat();
    let container = [
        0x544f_4f42,
        4128,
        0x868c_f7e6,
        0x1_0000,
        0,
        0,
        0xb578_1729,
        0x4a87_e8d6,
    ]
    .map(u32::to_le_bytes)
    .concat();
    [container, item, bootfs].concat()
}

/// The stderr of the runner.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
