//! The memory of one process.

mod identity;
mod read;
mod refusal;
mod write;

pub(crate) use self::identity::Mark;

use super::behavior::{Behavior, PastVmoEnd};
use super::errno;
use super::maps::{Mapping, Maps};
use crate::Status;
use crate::sys::zx_info_maps_v1_t;
use rustix::io::{Errno, pread};
use std::format;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;
use std::vec::Vec;

/// The memory of one process, pinned when it was opened. A later process with the same PID and a
/// later program of the same process have another one.
///
/// Linux grows a stack when an address below it is accessed. Therefore each address is looked up before it
/// is accessed.
pub(crate) struct AddressSpace {
    /// The PID in the `/proc` that was opened.
    pub(crate) pid_in_proc: u32,
    maps: Maps,
    memory: File,
    /// `/proc/PID/auxv`, read when two address spaces are compared.
    auxv: File,
    mark: OnceLock<Mark>,
}

/// How often a call is repeated that Linux refuses although the address is mapped. A process that
/// unmaps and maps in between can cause one refusal: the mapping that is found afterwards is not the
/// one that was refused. A permanent cause refuses every attempt.
const ATTEMPTS: usize = 16;

/// The smallest page size of 64-bit Linux. No mapping begins or ends within such a page.
const PAGE: usize = 4096;

impl AddressSpace {
    /// Opens `/proc/{pid}`'s memory. Also returns whether all files are of one address space, or `None` for
    /// a program without a mark, as during its exec.
    ///
    /// If an exec comes between the opening of two files, the earlier one is of the earlier program. Its
    /// memory can live on: that of a parent, before the exec of its `vfork` child. So the memory is opened
    /// first and last, and the program's mark must be the same in both.
    pub(crate) fn open(pid: u32) -> io::Result<(Self, Option<bool>)> {
        let mut for_writing = OpenOptions::new();
        for_writing.read(true).write(true);
        let open_memory = || for_writing.open(format!("/proc/{pid}/mem"));
        let first = open_memory()?;
        let space = Self {
            pid_in_proc: pid,
            maps: Maps::open(pid)?,
            auxv: File::open(format!("/proc/{pid}/auxv"))?,
            memory: open_memory()?,
            mark: OnceLock::new(),
        };
        let is_one = space.mark().map(|mark| mark.is_in(&first));
        Ok((space, is_one))
    }

    /// Returns the mappings in the form of Zircon's list.
    pub(crate) fn records(&self) -> Result<Vec<zx_info_maps_v1_t>, Status> {
        let records = self.maps.records();
        records.map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::SRCH) | None => Status::BadState,
            Some(errno) => errno::status("read /proc/PID/maps", errno),
        })
    }

    /// Returns whether the process has ended or has called exec.
    pub(crate) fn is_gone(&self) -> bool {
        self.maps.is_gone()
    }

    /// Returns the device number of the `/proc` in which this was opened.
    pub(crate) fn proc_device(&self) -> io::Result<u64> {
        Ok(self.memory.metadata()?.dev())
    }

    /// Returns whether these bytes are in one page of a mapping that was seen. They need no look-up, so a
    /// small access is one system call.
    fn is_within_seen_page(&self, vaddr: usize, len: usize) -> bool {
        vaddr % PAGE + len <= PAGE && self.maps.was_seen(vaddr)
    }

    /// Returns the mapping at `vaddr`.
    fn mapping(&self, vaddr: usize, behavior: &Behavior) -> Result<Mapping, Status> {
        if !is_file_offset(vaddr) {
            return Err(if self.is_gone() {
                behavior.process_ended
            } else {
                behavior.unmapped
            });
        }
        match self.maps.find(vaddr) {
            Ok(Some(mapping)) => Ok(mapping),
            Ok(None) => Err(behavior.unmapped),
            Err(Errno::SRCH) => Err(behavior.process_ended),
            Err(errno) => Err(errno::status("look up a mapping in /proc/PID/maps", errno)),
        }
    }

    /// Refuses a range that exceeds the mapped file, if the kernel refuses it as a whole. Otherwise
    /// the transfer stops at the end of the file.
    fn check_vmo_end(
        &self,
        mapping: Mapping,
        vaddr: usize,
        len: usize,
        behavior: &Behavior,
    ) -> Result<(), Status> {
        if behavior.past_vmo_end == PastVmoEnd::IsShort || !mapping.is_file_backed {
            return Ok(());
        }
        let last = vaddr + len - 1;
        for _ in 0..ATTEMPTS {
            // A mapping has no memory after the end of its file. The transfer returns any other error.
            if self.byte_at(last) != Err(Errno::IO) || self.mapping(vaddr, behavior)?.end <= last {
                return Ok(());
            }
        }
        Err(self.refused_read(mapping, last))
    }

    /// Reads a byte at a mapped address.
    fn byte_at(&self, vaddr: usize) -> Result<usize, Errno> {
        pread(&self.memory, &mut [0; 1], vaddr as u64)
    }
}

/// Linux accepts no file offset of 2^63 and more. Addresses there belong to the kernel.
fn is_file_offset(vaddr: usize) -> bool {
    isize::try_from(vaddr).is_ok()
}

#[cfg(test)]
mod tests;
