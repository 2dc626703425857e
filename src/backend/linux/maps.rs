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

/// The kernel's own pages in a process, from the first to the last.
pub(crate) struct Protected {
    pub(crate) pages: Range<usize>,
    /// Not so in the midst of an exec, when there may be more to come; nor in a process
    /// that has unmapped a part.
    pub(crate) is_complete: bool,
}

/// `/proc/PID/maps`, which pins the address space that it was opened on.
pub(crate) struct Maps {
    file: File,
    /// The kernel gives whole records only to one reader that goes on where it was.
    reading: Mutex<()>,
}

impl Maps {
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        File::open(format!("/proc/{pid}/maps")).map(Self::of)
    }

    /// Any file will do: `at` falls back on the text where Linux has no other answer.
    pub(crate) fn of(file: File) -> Self {
        let reading = Mutex::new(());
        Self { file, reading }
    }

    /// The mapping that holds `vaddr`. `ESRCH` when the process is gone.
    pub(crate) fn at(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        match self.ask(vaddr) {
            // Linux before 6.11 has only the text.
            Err(Errno::NOTTY) => self.search(vaddr),
            answer => answer,
        }
    }

    /// Where the kernel's own pages are: vDSO and vvar.
    pub(crate) fn protected(&self) -> io::Result<Protected> {
        let (mut has_vdso, mut has_vvar) = (false, false);
        let mut pages: Option<Range<usize>> = None;
        self.each_line(|line| {
            let has = match line.name() {
                b"[vdso]" => &mut has_vdso,
                // Some kernels have several, one behind the other.
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

    /// All mappings, below an address space and its one VMAR.
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

    fn ask(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        let mut query = Query {
            size: size_of::<Query>() as u64,
            query_addr: vaddr as u64,
            ..Query::default()
        };
        // SAFETY: `PROCMAP_QUERY` reads and writes one `struct procmap_query`.
        let procmap_query = unsafe { Updater::<PROCMAP_QUERY, Query>::new(&mut query) };
        // SAFETY: it is told the size of that struct, in which no pointer is set.
        let answer = unsafe { ioctl(&self.file, procmap_query) };
        match answer {
            Ok(()) => Ok(Some(Mapping {
                start: to_usize(query.vma_start),
                end: to_usize(query.vma_end),
                is_file_backed: query.inode != 0,
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn search(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        let mut any = false;
        let mut found = None;
        self.each_line(|line| {
            any = true;
            // Lines come by address: one that ends behind `vaddr` decides.
            let decides = line.parse().filter(|mapping| vaddr < mapping.end);
            found = decides.filter(|mapping| mapping.start <= vaddr);
            decides.is_none()
        })
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        // A process that is gone has an empty list.
        if any { Ok(found) } else { Err(Errno::SRCH) }
    }

    /// Hands on line after line until told `false`.
    fn each_line(&self, mut go_on: impl FnMut(Line<'_>) -> bool) -> io::Result<()> {
        let _one_reader = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = BufReader::with_capacity(
            1 << 16,
            FromStart {
                file: &self.file,
                at: 0,
            },
        );
        let mut line = Vec::new();
        while text.read_until(b'\n', &mut line)? != 0 && go_on(Line(&line)) {
            line.clear();
        }
        Ok(())
    }
}

/// `start-end perms offset dev inode name`.
struct Line<'a>(&'a [u8]);

impl<'a> Line<'a> {
    fn fields(&self) -> impl Iterator<Item = &'a [u8]> {
        self.0
            .split(u8::is_ascii_whitespace)
            .filter(|field| !field.is_empty())
    }

    /// May hold spaces, and end with some.
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
        // [vsyscall] is the kernel's, where no process has memory.
        isize::try_from(start).ok()?;
        let mut fields = self
            .fields()
            .skip(1)
            .map(|field| core::str::from_utf8(field).ok());
        let flags = fields.next()??;
        let vmo_offset = u64::from_str_radix(fields.next()??, 16).ok()?;
        let vmo_koid = fields.nth(1)??.parse().ok()?;
        let flag = |letter, flag| if flags.contains(letter) { flag } else { 0 };
        let file_name = self.name().rsplit(|byte| *byte == b'/').next()?;
        Some(zx_info_maps_v1_t {
            name: record_name(file_name),
            base: start,
            size: end - start,
            depth: 2,
            type_: ZX_INFO_MAPS_TYPE_MAPPING,
            mapping: zx_info_maps_mapping_v1_t {
                mmu_flags: flag('r', ZX_VM_PERM_READ)
                    | flag('w', ZX_VM_PERM_WRITE)
                    | flag('x', ZX_VM_PERM_EXECUTE),
                // Files have a number, and what has none is nobody else's.
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

/// As much of a name as Zircon keeps, and a 0.
fn record_name(name: &[u8]) -> [u8; 32] {
    let mut kept = [0; 32];
    for (to, from) in kept[..31].iter_mut().zip(name) {
        *to = *from;
    }
    kept
}

/// A file read from its start, whatever others do with its position.
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

/// The backend is for 64-bit targets.
fn to_usize(address: u64) -> usize {
    usize::try_from(address).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
