//! The text of `/proc/PID/maps`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

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
    /// Takes the first line of the text, and the newline. Returns `None` for a line in another format.
    pub(crate) fn take(text: &mut &'a [u8]) -> Option<Self> {
        let mut fields = Fields(text);
        let line = Self::take_fields(&mut fields);
        let rest = fields.0;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        *text = rest.get(1..).unwrap_or_default();
        Some(Self {
            name: name.trim_ascii_start(),
            ..line?
        })
    }

    /// Takes the fields before the name. They are on the first line of the text.
    fn take_fields(text: &mut Fields<'a>) -> Option<Self> {
        let address = |value| usize::try_from(value).ok();
        let line = Self {
            start: address(text.hex(b'-')?)?,
            end: address(text.hex(b' ')?)?,
            permissions: text.word()?,
            offset: text.hex(b' ')?,
            device: text.word()?,
            inode: text.decimal()?,
            name: &[],
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

/// The text from a field on. One space is between two fields. No method takes a newline.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Takes a hexadecimal number of at most 64 bits, without a sign, and the byte after it.
    fn hex(&mut self, end: u8) -> Option<u64> {
        let (mut value, mut len) = (0, 0);
        loop {
            let byte = *self.0.get(len)?;
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                _ if byte == end && len > 0 => break,
                _ => return None,
            };
            if len == 16 {
                return None;
            }
            value = value << 4 | u64::from(digit);
            len += 1;
        }
        self.0 = &self.0[len + 1..];
        Some(value)
    }

    /// Takes a decimal number, without a sign. It is the last field, unless the mapping has a name.
    fn decimal(&mut self) -> Option<u64> {
        let (mut value, mut len) = (0_u64, 0);
        while let Some(byte @ b'0'..=b'9') = self.0.get(len) {
            value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            len += 1;
        }
        self.0 = &self.0[len..];
        (len > 0 && matches!(self.0.first(), None | Some(b' ' | b'\n'))).then_some(value)
    }

    /// Takes a field that is not empty, and the space after it.
    fn word(&mut self) -> Option<&'a [u8]> {
        let is_end = |byte: &u8| matches!(byte, b' ' | b'\n');
        let len = self.0.iter().position(is_end)?;
        let (word, rest) = self.0.split_at(len);
        self.0 = rest.strip_prefix(b" ")?;
        (len > 0).then_some(word)
    }
}

/// Calls `visit` for each mapping of the process. Its list also has `[vsyscall]`, which is at a kernel
/// address.
pub(crate) fn each_line(file: &File, mut visit: impl FnMut(Line<'_>)) -> io::Result<()> {
    let mut buffer = std::vec![0; 1 << 16];
    let (mut at, mut kept) = (0, 0);
    loop {
        // Independent of the file's shared position.
        let count = match file.read_at(&mut buffer[kept..], at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => result?,
        };
        at += count as u64;
        let text = &buffer[..kept + count];
        let newline = text.iter().rposition(|byte| *byte == b'\n');
        let whole = newline.map_or(0, |newline| newline + 1);
        let whole = if count == 0 { text.len() } else { whole };
        let mut lines = &text[..whole];
        while !lines.is_empty() {
            let line = Line::take(&mut lines);
            let mapped = line.filter(|line| isize::try_from(line.start).is_ok());
            mapped.into_iter().for_each(&mut visit);
        }
        if count == 0 {
            return Ok(());
        }
        // `/proc/PID/maps` returns whole lines, but the mount of another file in its place need not.
        kept = text.len() - whole;
        buffer.copy_within(whole..whole + kept, 0);
        if kept == buffer.len() {
            buffer.resize(2 * kept, 0);
        }
    }
}
