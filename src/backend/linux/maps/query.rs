//! `PROCMAP_QUERY` of `<linux/fs.h>`, Linux 6.11.

use super::text::{Mapping, is_kernels};
use rustix::io::Errno;
use rustix::ioctl::{Opcode, Updater, ioctl, opcode};
use std::fs::File;

/// Returns the mapping at `vaddr`. The error is `ESRCH` if the process has ended, and `ENOTTY` if Linux
/// has no such call.
pub(crate) fn query(maps: &File, vaddr: usize) -> Result<Option<Mapping>, Errno> {
    let Some(found) = call(maps, vaddr, &mut [])? else {
        return Ok(None);
    };
    let mapping = found.mapping();
    // Only the name tells that these are pages of the kernel.
    if mapping.is_file_backed || mapping.is_writable {
        return Ok(Some(mapping));
    }
    let mut name = [0; NAME_LEN];
    match call(maps, vaddr, &mut name) {
        Ok(None) => Ok(None),
        Ok(Some(found)) => {
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            let is_kernels = is_kernels(name);
            let mapping = found.mapping();
            Ok(Some(Mapping {
                is_kernels,
                ..mapping
            }))
        }
        Err(Errno::NAMETOOLONG) => Ok(Some(mapping)),
        Err(errno) => Err(errno),
    }
}

/// Longer than the names of the kernel's pages and of secret memory.
const NAME_LEN: usize = 32;

/// Returns the name of the mapping at `vaddr` with a 0 at its end. The error is `ENOENT` if nothing is
/// mapped there, and `ENAMETOOLONG` if the name is longer.
pub(crate) fn name(maps: &File, vaddr: usize) -> Result<[u8; NAME_LEN], Errno> {
    let mut name = [0; NAME_LEN];
    call(maps, vaddr, &mut name)?
        .map(|_| name)
        .ok_or(Errno::NOENT)
}

/// Returns whether the process has ended or has called exec.
pub(crate) fn is_gone(maps: &File) -> Result<bool, Errno> {
    match call(maps, 0, &mut []) {
        Ok(_) => Ok(false),
        Err(Errno::SRCH) => Ok(true),
        Err(errno) => Err(errno),
    }
}

/// Stores the name in `name`, with a 0 at its end, unless `name` is empty.
fn call(maps: &File, vaddr: usize, name: &mut [u8]) -> Result<Option<Query>, Errno> {
    let mut query = Query {
        size: size_of::<Query>() as u64,
        query_addr: vaddr as u64,
        vma_name_size: name.len().try_into().unwrap_or(u32::MAX),
        vma_name_addr: if name.is_empty() {
            0
        } else {
            name.as_mut_ptr() as u64
        },
        ..Query::default()
    };
    // SAFETY: `PROCMAP_QUERY` reads and writes one `struct procmap_query`.
    let procmap_query = unsafe { Updater::<PROCMAP_QUERY, Query>::new(&mut query) };
    // SAFETY: `maps` stays open during the call. The struct has its size in its first field. Linux
    // writes at most `vma_name_size` bytes at `vma_name_addr`, which are those of `name`, and no build ID,
    // whose size is 0.
    match unsafe { ioctl(maps, procmap_query) } {
        Ok(()) => Ok(Some(query)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// `struct procmap_query`.
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

/// `PROCMAP_QUERY_VMA_READABLE`, `_WRITABLE` and `_SHARED`.
const READABLE: u64 = 1;
const WRITABLE: u64 = 2;
const SHARED: u64 = 8;

impl Query {
    /// The mapping that Linux has stored. Its name is not known.
    fn mapping(&self) -> Mapping {
        let is_shared = self.vma_flags & SHARED != 0;
        Mapping {
            start: to_usize(self.vma_start),
            end: to_usize(self.vma_end),
            is_readable: self.vma_flags & READABLE != 0,
            is_writable: self.vma_flags & WRITABLE != 0,
            is_shared,
            is_file_backed: (self.inode, self.dev_major, self.dev_minor) != (0, 0, 0) || is_shared,
            is_kernels: false,
        }
    }
}

/// Lossless: this backend is for 64-bit targets.
fn to_usize(address: u64) -> usize {
    usize::try_from(address).unwrap_or(usize::MAX)
}
