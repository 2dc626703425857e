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
        fs::write(fake.path("zbi"), image(KERNEL_X64, &[("bin/bootsvc", b"")])).unwrap();
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

    /// Creates an ELF file with this dynamic linker, which loads these libraries.
    pub fn dynamic_program(&self, name: &str, linker: &str, needed: &[&str]) -> PathBuf {
        fs::write(self.path(name), dynamic_elf(linker, needed)).unwrap();
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

/// An x86-64 ELF file with the segments `PT_LOAD`, which is the file itself, `PT_INTERP` and
/// `PT_DYNAMIC`.
pub fn dynamic_elf(linker: &str, needed: &[&str]) -> Vec<u8> {
    const HEADERS: u64 = 64 + 3 * 56;
    let mut strings = vec![0];
    let mut dynamic = Vec::new();
    for name in needed {
        dynamic.push([1, strings.len() as u64]); // DT_NEEDED
        strings.extend(name.bytes().chain([0]));
    }
    let dynamic_len = 16 * (dynamic.len() as u64 + 3);
    let strings_offset = HEADERS + dynamic_len;
    let linker_offset = strings_offset + strings.len() as u64;
    let length = linker_offset + linker.len() as u64 + 1;
    dynamic.extend([[5, strings_offset], [10, strings.len() as u64], [0, 0]]); // DT_STRTAB, DT_STRSZ
    let mut elf = vec![0; 64];
    elf[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    elf[16..20].copy_from_slice(&[3, 0, 62, 0]); // ET_DYN, EM_X86_64
    elf[20] = 1;
    elf[32] = 64; // e_phoff
    elf[52] = 64; // e_ehsize
    elf[54] = 56; // e_phentsize
    elf[56] = 3; // e_phnum
    for (kind, offset, length) in [
        (1, 0, length),
        (3, linker_offset, linker.len() as u64 + 1),
        (2, HEADERS, dynamic_len),
    ] {
        let header = [kind | 5 << 32, offset, offset, offset, length, length, 1];
        elf.extend(header.map(u64::to_le_bytes).concat());
    }
    elf.extend(dynamic.concat().iter().flat_map(|word| word.to_le_bytes()));
    elf.extend(strings);
    elf.extend(linker.bytes().chain([0]));
    elf
}

/// Types of the kernel item in a boot image.
pub const KERNEL_X64: u32 = 0x4c4e_524b;
pub const KERNEL_ARM64: u32 = 0x384e_524b;

/// A boot image with a kernel, and an uncompressed BOOTFS of these files.
pub fn image(kernel: u32, files: &[(&str, &[u8])]) -> Vec<u8> {
    let page = |length: usize| length.next_multiple_of(4096);
    let entry_len = |name: &str| (12 + name.len() + 1).next_multiple_of(4);
    let directory_len: usize = files.iter().map(|(name, _)| entry_len(name)).sum();
    let mut bootfs = words(&[0xa56d_3ff9, directory_len, 0, 0]);
    let mut offset = page(16 + directory_len);
    for (name, data) in files {
        let end = bootfs.len() + entry_len(name);
        bootfs.extend(words(&[name.len() + 1, data.len(), offset]));
        bootfs.extend(name.as_bytes());
        bootfs.resize(end, 0);
        offset += page(data.len());
    }
    for (_, data) in files {
        bootfs.resize(page(bootfs.len()), 0);
        bootfs.extend(*data);
    }
    bootfs.resize(page(bootfs.len()), 0);
    let items = [
        item(kernel, 0, &[0; 8]),
        item(0x4253_4642, bootfs.len(), &bootfs),
    ]
    .concat();
    item(0x544f_4f42, 0x868c_f7e6, &items)
}

/// An item of a boot image.
pub fn item(kind: u32, extra: usize, payload: &[u8]) -> Vec<u8> {
    let mut item = words(&[
        kind as usize,
        payload.len(),
        extra,
        0x1_0000,
        0,
        0,
        0xb578_1729,
        0x4a87_e8d6,
    ]);
    item.extend(payload);
    item
}

fn words(words: &[usize]) -> Vec<u8> {
    words
        .iter()
        .flat_map(|&word| u32::try_from(word).unwrap().to_le_bytes())
        .collect()
}

/// The stderr of the runner.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
