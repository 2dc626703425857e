//! The mappings of a process.

mod query;
mod records;
mod seen;
mod text;

pub(crate) use self::text::Mapping;

use self::records::Records;
use self::seen::Seen;
use self::text::{Line, each_line};
use crate::sys::zx_info_maps_v1_t;
use rustix::io::Errno;
use std::format;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec::Vec;

/// An open `/proc/PID/maps`. It pins the address space.
pub(crate) struct Maps {
    file: File,
    /// Linux returns whole lines only to a reader that continues where its last read ended.
    reading: Mutex<()>,
    seen: Seen,
}

impl Maps {
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        File::open(format!("/proc/{pid}/maps")).map(Self::from_file)
    }

    fn from_file(file: File) -> Self {
        Self {
            file,
            reading: Mutex::default(),
            seen: Seen::default(),
        }
    }

    /// Returns the mapping at `vaddr`, or `ESRCH` if the process has ended.
    pub(crate) fn find(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        match query::query(&self.file, vaddr) {
            Ok(found) => {
                if let Some(mapping) = &found {
                    self.seen.insert(mapping);
                }
                Ok(found)
            }
            Err(Errno::SRCH) => Err(Errno::SRCH),
            // Linux before 6.11 has the text only. A filter or an emulator can refuse the query with any
            // error.
            Err(_) => self.find_in_text(vaddr),
        }
    }

    /// Returns whether [`find`](Self::find) has found a mapping there that is not of the kernel's pages.
    pub(crate) fn was_seen(&self, vaddr: usize) -> bool {
        self.seen.contains(vaddr)
    }

    /// Makes [`was_seen`](Self::was_seen) return `false`, after Linux has refused an access.
    pub(crate) fn forget(&self, vaddr: usize) {
        self.seen.forget(vaddr);
    }

    /// Returns whether the mapping at `vaddr` has this name.
    pub(crate) fn name_is(&self, vaddr: usize, name: &[u8]) -> bool {
        if let Ok(found) = query::name(&self.file, vaddr) {
            return found.starts_with(name) && found.get(name.len()) == Some(&0);
        }
        let mut is_named = false;
        let read = self.each_line(|line| {
            is_named |= (line.start..line.end).contains(&vaddr) && line.name == name;
        });
        read.is_ok() && is_named
    }

    /// Returns whether the process has ended or has called exec.
    ///
    /// This does not access the memory. An access to an unmapped address waits for the lock of the
    /// mappings, which a thread of the process can hold while it waits for a page.
    pub(crate) fn is_gone(&self) -> bool {
        match query::is_gone(&self.file) {
            Ok(is_gone) => is_gone,
            Err(_) => self.text_is_gone(),
        }
    }

    /// Returns a record for the address space, one for its only VMAR, and one for each mapping.
    pub(crate) fn records(&self) -> io::Result<Vec<zx_info_maps_v1_t>> {
        let mut records = Records::new();
        self.each_line(|line| records.push(&line))?;
        records.into_vec().ok_or_else(|| Errno::SRCH.into())
    }

    /// The text has to be read whole in any case, so every mapping of it is remembered.
    fn find_in_text(&self, vaddr: usize) -> Result<Option<Mapping>, Errno> {
        let mut mappings = Vec::new();
        self.each_line(|line| mappings.push(line.mapping()))
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        // The list of a process that has ended is empty.
        if mappings.is_empty() {
            return Err(Errno::SRCH);
        }
        self.seen.replace(&mappings);
        let contains = |mapping: &&Mapping| (mapping.start..mapping.end).contains(&vaddr);
        // Of overlapping lines the last was written last.
        Ok(mappings.iter().rev().find(contains).copied())
    }

    fn text_is_gone(&self) -> bool {
        let _one_reader = self.lock();
        match self.file.read_at(&mut [0], 0) {
            Ok(count) => count == 0,
            // The process has ended and was waited for.
            Err(error) => Errno::from_io_error(&error) == Some(Errno::SRCH),
        }
    }

    fn each_line(&self, visit: impl FnMut(Line<'_>)) -> io::Result<()> {
        let _one_reader = self.lock();
        each_line(&self.file, visit)
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
