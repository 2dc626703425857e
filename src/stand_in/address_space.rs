use super::linux_error;
use super::mapping::{Mapping, Maps};
use crate::Status;
use crate::sys::zx_info_maps_v1_t;
use rustix::io::{Errno, pread, pwrite};
use std::format;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::OnceLock;
use std::vec::Vec;

/// The memory of one process, as it was when it was opened: it is not that of a
/// later process with the same pid, nor of a later program in the same process.
pub(crate) struct AddressSpace {
    memory: File,
    maps: Maps,
    /// What Linux told the program at its start: with it the addresses of its stack and
    /// of random bytes, so that no two programs have the same.
    auxv: Vec<u8>,
    /// vDSO and vvar. What the kernel shares with every process is not the
    /// debugger's to change. Not there yet in a process that is about to exec: its
    /// parent is let go on before Linux has mapped them.
    protected: OnceLock<Range<usize>>,
}

/// How often a call is made that Linux refuses although there is a mapping. That may be
/// a later one than the call found: one attempt tells nothing of a process that unmaps
/// and maps in between. What is refused for good is refused each time.
const ATTEMPTS: usize = 16;

/// The smallest page of any 64-bit Linux. No mapping begins or ends within one.
const PAGE: usize = 4096;

impl AddressSpace {
    /// Opens `/proc/{pid}`'s memory.
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        let mut for_writing = OpenOptions::new();
        for_writing.read(true).write(true);
        let memory = for_writing.open(format!("/proc/{pid}/mem"))?;
        let space = Self {
            memory,
            maps: Maps::open(pid)?,
            auxv: fs::read(format!("/proc/{pid}/auxv"))?,
            protected: OnceLock::new(),
        };
        // Looked up now, so that the first write need not. What cannot be read now is
        // asked for again, and told, by the write.
        let _ = space.is_protected(0, 0);
        Ok(space)
    }

    /// Writes at `vaddr`, at most to the end of the mapping that holds it.
    pub(crate) fn write(&self, vaddr: usize, bytes: &[u8]) -> Result<usize, Status> {
        let mut refused = 0;
        let mut has_been_seen = false;
        loop {
            let bytes = if self.is_within_a_page(vaddr, bytes.len())? {
                bytes
            } else {
                let mapping = self.allowed_mapping(vaddr)?;
                &bytes[..bytes.len().min(mapping.end - vaddr)]
            };
            match pwrite(&self.memory, bytes, vaddr as u64) {
                Ok(0) => return Err(Status::BadState),
                Ok(written) => return Ok(written),
                Err(Errno::INTR) => {}
                Err(Errno::IO) => {
                    let mapping = self.allowed_mapping(vaddr)?;
                    refused += 1;
                    match self.byte_at(vaddr) {
                        Ok(0) => return Err(Status::BadState),
                        Ok(_) => has_been_seen = true,
                        Err(_) => {}
                    }
                    if refused == ATTEMPTS {
                        return Err(why_not_written(mapping, vaddr, has_been_seen));
                    }
                }
                Err(errno) => return Err(linux_error::status("write to /proc/PID/mem", errno)),
            }
        }
    }

    /// Reads at `vaddr`, at most to the end of the mapping that holds it. The vDSO can be
    /// read like all else.
    pub(crate) fn read(
        &self,
        vaddr: usize,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Result<usize, Status> {
        let mut refused = 0;
        loop {
            let buffer = if is_in_a_page(vaddr, buffer.len()) && is_an_offset(vaddr) {
                &mut *buffer
            } else {
                let mapping = self.mapping(vaddr)?;
                clobber(buffer);
                let len = buffer.len().min(mapping.end - vaddr);
                &mut buffer[..len]
            };
            match pread(&self.memory, buffer, vaddr as u64) {
                Ok(([], _)) => return Err(Status::BadState),
                Ok((read, _)) => return Ok(read.len()),
                Err(Errno::INTR) => {}
                Err(Errno::IO) => {
                    let mapping = self.mapping(vaddr)?;
                    refused += 1;
                    if refused == ATTEMPTS {
                        return Err(why_not_read(mapping, vaddr));
                    }
                }
                Err(errno) => return Err(linux_error::status("read of /proc/PID/mem", errno)),
            }
        }
    }

    /// What is mapped, as Zircon would list it.
    pub(crate) fn records(&self) -> Result<Vec<zx_info_maps_v1_t>, Status> {
        if self.is_gone() {
            return Err(Status::BadState);
        }
        self.maps.records().map_err(|error| not_listed(&error))
    }

    /// Whether the process has ended or runs another program since: its memory file
    /// then answers 0 bytes, where a live process's has a byte or an error.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.byte_at(0), Ok(0))
    }

    /// Whether this is the memory of the calling process. A pid cannot tell: a child
    /// made by `vfork` shares it, too.
    pub(crate) fn is_ours(&self) -> bool {
        let mut marker = 0u64;
        (1..=2u64).all(|turn| {
            let mut seen = [0; 8];
            // SAFETY: `marker` is ours. It is written and read volatilely, since the
            // compiler must not know that nobody else reads it.
            unsafe { (&raw mut marker).write_volatile(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15)) };
            let read = pread(&self.memory, &mut seen, (&raw const marker).addr() as u64);
            // SAFETY: as above.
            let now = unsafe { (&raw const marker).read_volatile() };
            match read {
                Ok(count) => count == seen.len() && u64::from_ne_bytes(seen) == now,
                // Nothing is there, where we have `marker`.
                Err(Errno::IO) => false,
                // Not told, so it is taken for ours.
                Err(_) => true,
            }
        })
    }

    /// In the midst of an exec, Linux has not yet said all: then the rest is only in the later
    /// one. (The last entry marks the end.)
    pub(crate) fn is_same_program(&self, later: &Self) -> bool {
        let told = self.auxv.len().saturating_sub(2 * size_of::<usize>());
        later.auxv.starts_with(&self.auxv[..told])
    }

    /// So that the common small write costs one system call.
    fn is_within_a_page(&self, vaddr: usize, len: usize) -> Result<bool, Status> {
        let is_candidate = is_in_a_page(vaddr, len) && is_an_offset(vaddr);
        Ok(is_candidate && !self.is_protected(vaddr, vaddr + len)?)
    }

    /// The mapping that holds `vaddr`, unless it is the vDSO.
    fn allowed_mapping(&self, vaddr: usize) -> Result<Mapping, Status> {
        let mapping = self.mapping(vaddr)?;
        if self.is_protected(mapping.start, mapping.end)? {
            return Err(Status::AccessDenied);
        }
        Ok(mapping)
    }

    fn is_protected(&self, start: usize, end: usize) -> Result<bool, Status> {
        let overlaps = |pages: &Range<usize>| start < pages.end && pages.start < end;
        if let Some(protected) = self.protected.get() {
            return Ok(overlaps(protected));
        }
        match self.maps.protected() {
            Ok(found) => {
                let answer = overlaps(&found.pages);
                if found.is_complete {
                    // Whoever else was here found the same.
                    let _ = self.protected.set(found.pages);
                }
                Ok(answer)
            }
            Err(error) => Err(not_listed(&error)),
        }
    }

    fn mapping(&self, vaddr: usize) -> Result<Mapping, Status> {
        if self.is_gone() {
            return Err(Status::BadState);
        }
        if !is_an_offset(vaddr) {
            return Err(Status::NoMemory);
        }
        match self.maps.at(vaddr) {
            Ok(Some(mapping)) => Ok(mapping),
            Ok(None) => Err(Status::NoMemory),
            Err(Errno::SRCH) => Err(Status::BadState),
            Err(errno) => Err(linux_error::status("look-up in /proc/PID/maps", errno)),
        }
    }

    fn byte_at(&self, vaddr: usize) -> Result<usize, Errno> {
        pread(&self.memory, &mut [0; 1], vaddr as u64)
    }
}

/// Linux has one answer, EIO, for several questions. Of a file's memory that could not even be
/// read in any attempt there is nothing; in one alone it may have been unmapped.
fn why_not_written(mapping: Mapping, vaddr: usize, has_been_seen: bool) -> Status {
    if mapping.of_a_file && !has_been_seen {
        return Status::OutOfRange;
    }
    log::debug!(
        "Linux does not write at {vaddr:#x}: the mapping is shared and read-only, or read-only \
         while the kernel runs with proc_mem.force_override=never or =ptrace"
    );
    Status::AccessDenied
}

fn why_not_read(mapping: Mapping, vaddr: usize) -> Status {
    if mapping.of_a_file {
        return Status::OutOfRange;
    }
    log::debug!("Linux does not show what is at {vaddr:#x}: a device's, or [vvar]");
    Status::AccessDenied
}

fn not_listed(error: &io::Error) -> Status {
    match Errno::from_io_error(error) {
        Some(Errno::SRCH) | None => Status::BadState,
        Some(errno) => linux_error::status("read /proc/PID/maps", errno),
    }
}

fn is_in_a_page(vaddr: usize, len: usize) -> bool {
    vaddr % PAGE + len <= PAGE
}

/// What kernels of 2018 and 2019 do to a buffer before they read into it.
fn clobber(buffer: &mut [MaybeUninit<u8>]) {
    for page in buffer.chunks_mut(PAGE) {
        page[0].write(0);
    }
    if let Some(last) = buffer.last_mut() {
        last.write(0);
    }
}

/// Linux takes no file offset from 2^63 on. Those are its own addresses anyhow.
fn is_an_offset(vaddr: usize) -> bool {
    isize::try_from(vaddr).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{AddressSpace, Range};

    #[test]
    fn protects_its_vdso_and_no_byte_beside_it() {
        let own = AddressSpace::open(std::process::id()).unwrap();
        let Range { start, end } = own.maps.protected().unwrap().pages;
        let is_protected = |start, end| own.is_protected(start, end).unwrap();
        assert!(is_protected(start, start + 1) && is_protected(end - 1, end));
        assert!(is_protected(start - 1, end + 1));
        assert!(!is_protected(start - 1, start) && !is_protected(end, end + 1));
    }

    #[test]
    fn a_program_is_the_same_from_the_midst_of_its_exec_on() {
        let open = || AddressSpace::open(std::process::id()).unwrap();
        let (mut early, later) = (open(), open());
        assert!(early.is_same_program(&later));
        // A few entries and the end; then not even those.
        let entry = 2 * size_of::<usize>();
        early.auxv.truncate(4 * entry);
        early.auxv[3 * entry..].fill(0);
        assert!(early.is_same_program(&later) && !later.is_same_program(&early));
        early.auxv = [0; 16].into();
        assert!(early.is_same_program(&later));
        early.auxv = later.auxv.clone();
        early.auxv[entry] ^= 1;
        assert!(!early.is_same_program(&later));
    }

    #[test]
    fn tells_its_own_memory_from_a_copy() {
        let own = AddressSpace::open(std::process::id()).unwrap();
        assert!(own.is_ours());
        // By the id of a thread as well, which has the same memory.
        let thread = std::thread::spawn(|| {
            let id = rustix::thread::gettid().as_raw_nonzero().get();
            AddressSpace::open(id.cast_unsigned()).unwrap().is_ours()
        });
        assert!(thread.join().unwrap());

        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let other = AddressSpace::open(child.id()).unwrap();
        assert!(!other.is_ours());
        assert!(!other.is_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(other.is_gone());
        assert!(!other.is_ours());
    }
}
