//! The text of `/proc/PID/maps`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::vec::Vec;

/// One mapping of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // as Linux has them
pub(crate) struct Mapping {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    pub(crate) is_shared: bool,
    pub(crate) is_file_backed: bool,
    /// Whether these are pages of the kernel, which it shares with every process: vDSO or vvar, unless the
    /// process has made them writable.
    pub(crate) is_kernels: bool,
}

/// A line: `start-end perms offset major:minor inode name`.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Four letters: `rwx`, and `s` or `p`. A `-` replaces a permission that is missing.
    pub(crate) permissions: &'a [u8],
    pub(crate) offset: u64,
    device: &'a [u8],
    pub(crate) inode: u64,
    /// Can contain spaces and end with them.
    pub(crate) name: &'a [u8],
}

impl<'a> Line<'a> {
    /// Returns `None` for a line in another format.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let (range, rest) = field(line.strip_suffix(b"\n").unwrap_or(line));
        let (permissions, rest) = field(rest);
        let (offset, rest) = field(rest);
        let (device, rest) = field(rest);
        let (inode, rest) = field(rest);
        let dash = range.iter().position(|byte| *byte == b'-')?;
        let address = |digits| number(digits, 16).and_then(|value| usize::try_from(value).ok());
        let line = Self {
            start: address(&range[..dash])?,
            end: address(&range[dash + 1..])?,
            permissions,
            offset: number(offset, 16)?,
            device,
            inode: number(inode, 10)?,
            name: rest.trim_ascii_start(),
        };
        (line.start < line.end).then_some(line)
    }

    pub(crate) fn has(&self, permission: u8) -> bool {
        self.permissions.contains(&permission)
    }

    /// Only anonymous private memory has neither device nor inode. The first System V segment has the
    /// inode 0, and a device.
    pub(crate) fn is_file_backed(&self) -> bool {
        self.inode != 0 || self.device != b"00:00" || self.has(b's')
    }

    pub(crate) fn mapping(&self) -> Mapping {
        Mapping {
            start: self.start,
            end: self.end,
            is_readable: self.has(b'r'),
            is_writable: self.has(b'w'),
            is_shared: self.has(b's'),
            is_file_backed: self.is_file_backed(),
            is_kernels: is_kernels(self.name) && !self.has(b'w'),
        }
    }
}

/// Some kernels have several `[vvar]`, or a `[vvar_vclock]`.
pub(crate) fn is_kernels(name: &[u8]) -> bool {
    name == b"[vdso]" || name.starts_with(b"[vvar")
}

/// Returns the first field and the text after it.
fn field(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace);
    text.split_at(end.unwrap_or(text.len()))
}

/// Parses digits alone: no sign.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        value.checked_mul(radix.into())?.checked_add(digit.into())
    })
}

/// Calls `visit` for each mapping of the process. Its list also has `[vsyscall]`, which is at a kernel
/// address.
pub(crate) fn each_line(file: &File, mut visit: impl FnMut(Line<'_>)) -> io::Result<()> {
    let mut text = BufReader::with_capacity(1 << 16, FromStart { file, at: 0 });
    let mut line = Vec::new();
    while text.read_until(b'\n', &mut line)? != 0 {
        let mapped = Line::parse(&line).filter(|line| isize::try_from(line.start).is_ok());
        if let Some(line) = mapped {
            visit(line);
        }
        line.clear();
    }
    Ok(())
}

/// Reads a file from its start, independent of its shared position.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}
