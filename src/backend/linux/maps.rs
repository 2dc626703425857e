use crate::sys::{
    ZX_INFO_MAPS_TYPE_ASPACE, ZX_INFO_MAPS_TYPE_MAPPING, ZX_INFO_MAPS_TYPE_VMAR,
    zx_info_maps_mapping_v1_t, zx_info_maps_v1_t,
};
use fuchsia_zircon_sys::{ZX_VM_PERM_EXECUTE, ZX_VM_PERM_READ, ZX_VM_PERM_WRITE};
use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use std::format;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

/// One mapping of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) is_file_backed: bool,
}

/// The range of the kernel's pages in a process: vDSO and vvar.
pub(crate) struct Protected {
    pub(crate) pages: Range<usize>,
    /// False during an exec, when Linux has not mapped all of them, and in a process that has
    /// unmapped a part.
    pub(crate) is_complete: bool,
}

/// An open `/proc/PID/maps`. It pins the address space.
pub(crate) struct Maps {
    file: File,
    /// Linux returns whole lines only to a reader that continues where its last read ended.
    reading: Mutex<()>,
}

impl Maps {
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        File::open(format!("/proc/{pid}/maps")).map(Self::from_file)
    }

    /// Accepts any file with the text of `/proc/PID/maps`: `find` parses the text if Linux has no
    /// `PROCMAP_QUERY`.
    pub(crate) fn from_file(file: File) -> Self {
        let reading = Mutex::new(());
        Self { file, reading }
    }

    /// Returns the mapping at `vaddr`, or `ESRCH` if the process has ended.
    pub(crate) fn find(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        match self.query(vaddr) {
            // Linux before 6.11 has the text only.
            Err(Errno::NOTTY) => self.find_in_text(vaddr),
            result => result,
        }
    }

    /// Returns the pages of vDSO and vvar.
    pub(crate) fn protected(&self) -> io::Result<Protected> {
        let (mut has_vdso, mut has_vvar) = (false, false);
        let mut pages: Option<Range<usize>> = None;
        self.each_line(|line| {
            let has = match line.name() {
                b"[vdso]" => &mut has_vdso,
                // Some kernels have several, one after another.
                b"[vvar]" => &mut has_vvar,
                _ => return true,
            };
            if let Some(Mapping { start, end, .. }) = line.parse() {
                *has = true;
                let start = pages.as_ref().map_or(start, |pages| pages.start.min(start));
                let end = pages.as_ref().map_or(end, |pages| pages.end.max(end));
                pages = Some(start..end);
            }
            !(has_vdso && has_vvar)
        })?;
        Ok(Protected {
            pages: pages.unwrap_or(0..0),
            is_complete: has_vdso && has_vvar,
        })
    }

    /// Returns a record for the address space, one for its only VMAR, and one for each mapping.
    pub(crate) fn records(&self) -> io::Result<Vec<zx_info_maps_v1_t>> {
        let mut records = [
            (&b"proc"[..], ZX_INFO_MAPS_TYPE_ASPACE),
            (b"root", ZX_INFO_MAPS_TYPE_VMAR),
        ]
        .into_iter()
        .zip(0..)
        .map(|((name, type_), depth)| zx_info_maps_v1_t {
            name: record_name(name),
            size: 1 << 47,
            depth,
            type_,
            ..Default::default()
        })
        .collect::<Vec<_>>();
        self.each_line(|line| {
            records.extend(line.record());
            true
        })?;
        if records.len() == 2 {
            return Err(Errno::SRCH.into());
        }
        Ok(records)
    }

    fn query(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        let mut query = Query {
            size: size_of::<Query>() as u64,
            query_addr: vaddr as u64,
            ..Query::default()
        };
        // SAFETY: `PROCMAP_QUERY` reads and writes one `struct procmap_query`.
        let procmap_query = unsafe { Updater::<PROCMAP_QUERY, Query>::new(&mut query) };
        // SAFETY: `file` stays open during the call. The struct has its size in its first field, and
        // its pointers are null, so Linux writes nothing else.
        let result = unsafe { ioctl(&self.file, procmap_query) };
        match result {
            Ok(()) => Ok(Some(Mapping {
                start: to_usize(query.vma_start),
                end: to_usize(query.vma_end),
                is_file_backed: query.inode != 0,
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn find_in_text(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        let mut is_empty = true;
        let mut found = None;
        self.each_line(|line| {
            is_empty = false;
            // Lines are sorted by address. The first mapping that ends after `vaddr` is the last that
            // can contain it.
            let last = line.parse().filter(|mapping| vaddr < mapping.end);
            found = last.filter(|mapping| mapping.start <= vaddr);
            last.is_none()
        })
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        // The list of a process that has ended is empty.
        if is_empty {
            Err(Errno::SRCH)
        } else {
            Ok(found)
        }
    }

    /// Calls `visit` for each line until it returns `false`.
    fn each_line(&self, mut visit: impl FnMut(Line<'_>) -> bool) -> io::Result<()> {
        let _one_reader = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = BufReader::with_capacity(
            1 << 16,
            FromStart {
                file: &self.file,
                at: 0,
            },
        );
        let mut line = Vec::new();
        while text.read_until(b'\n', &mut line)? != 0 && visit(Line(&line)) {
            line.clear();
        }
        Ok(())
    }
}

/// A line: `start-end perms offset dev inode name`.
struct Line<'a>(&'a [u8]);

impl<'a> Line<'a> {
    fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .split(u8::is_ascii_whitespace)
            .filter(|field| !field.is_empty())
    }

    /// Returns the name, which can contain spaces and end with them.
    fn name(&self) -> &'a [u8] {
        let mut rest = self.0.strip_suffix(b"\n").unwrap_or(self.0);
        for _ in 0..5 {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(u8::is_ascii_whitespace);
            rest = &rest[end.unwrap_or(rest.len())..];
        }
        rest.trim_ascii_start()
    }

    fn record(&self) -> Option<zx_info_maps_v1_t> {
        let Mapping { start, end, .. } = self.parse()?;
        // [vsyscall] is at a kernel address.
        isize::try_from(start).ok()?;
        let mut fields = self
            .fields()
            .skip(1)
            .map(|field| core::str::from_utf8(field).ok());
        let flags = fields.next()??;
        let vmo_offset = u64::from_str_radix(fields.next()??, 16).ok()?;
        let vmo_koid = fields.nth(1)??.parse().ok()?;
        let flag = |letter, flag| if flags.contains(letter) { flag } else { 0 };
        Some(zx_info_maps_v1_t {
            name: record_name(vmo_name(self.name())),
            base: start,
            size: end - start,
            depth: 2,
            type_: ZX_INFO_MAPS_TYPE_MAPPING,
            mapping: zx_info_maps_mapping_v1_t {
                mmu_flags: flag('r', ZX_VM_PERM_READ)
                    | flag('w', ZX_VM_PERM_WRITE)
                    | flag('x', ZX_VM_PERM_EXECUTE),
                // The inode. Anonymous memory has 0.
                vmo_koid,
                vmo_offset,
                ..Default::default()
            },
            ..Default::default()
        })
    }

    fn parse(&self) -> Option<Mapping> {
        let mut fields = self.fields().map(|field| core::str::from_utf8(field).ok());
        let (start, end) = fields.next()??.split_once('-')?;
        let mapping = Mapping {
            start: usize::from_str_radix(start, 16).ok()?,
            end: usize::from_str_radix(end, 16).ok()?,
            is_file_backed: fields.nth(3)?? != "0",
        };
        (mapping.start < mapping.end).then_some(mapping)
    }
}

/// Returns the last component of a path, and any other name whole. Linux writes the name of a memfd like
/// that of a file in the root directory: `/memfd:NAME`, in which NAME can contain slashes.
fn vmo_name(name: &[u8]) -> &[u8] {
    match name.strip_prefix(b"/") {
        Some(memfd) if memfd.starts_with(b"memfd:") => memfd,
        Some(path) => path.rsplit(|byte| *byte == b'/').next().unwrap_or(path),
        None => name,
    }
}

/// Truncates a name to 31 bytes and a 0, as Zircon does (`ZX_MAX_NAME_LEN` is 32).
fn record_name(name: &[u8]) -> [u8; 32] {
    let mut record = [0; 32];
    for (to, from) in record[..31].iter_mut().zip(name) {
        *to = *from;
    }
    record
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

/// `struct procmap_query` of `<linux/fs.h>`, Linux 6.11.
#[repr(C)]
#[derive(Default)]
#[allow(clippy::struct_field_names)]
struct Query {
    size: u64,
    query_flags: u64,
    query_addr: u64,
    vma_start: u64,
    vma_end: u64,
    vma_flags: u64,
    vma_page_size: u64,
    vma_offset: u64,
    inode: u64,
    dev_major: u32,
    dev_minor: u32,
    vma_name_size: u32,
    build_id_size: u32,
    vma_name_addr: u64,
    build_id_addr: u64,
}

const _: () = assert!(size_of::<Query>() == 104);

const PROCMAP_QUERY: Opcode = opcode::read_write::<Query>(b'f', 17);

/// Lossless: this backend is for 64-bit targets.
fn to_usize(address: u64) -> usize {
    usize::try_from(address).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
