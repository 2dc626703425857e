use super::errno;
use super::maps::{Mapping, Maps};
use crate::Status;
use crate::sys::zx_info_maps_v1_t;
use rustix::io::{Errno, pread, pwrite};
use std::format;
use std::fs::{File, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::OnceLock;
use std::vec::Vec;

/// The memory of one process, as it was when it was opened: it is not that of a
/// later process with the same pid, nor of a later program in the same process.
pub(crate) struct AddressSpace {
    /// The PID in the `/proc` that was opened.
    pub(crate) pid_in_proc: u32,
    memory: File,
    maps: Maps,
    /// `/proc/PID/auxv`, read when two address spaces are compared.
    auxv: File,
    /// vDSO and vvar. What the kernel shares with every process is not the
    /// debugger's to change. Not there yet in a process that is about to exec: its
    /// parent is let go on before Linux has mapped them.
    protected: OnceLock<Range<usize>>,
}

/// How often a call is made that Linux refuses although there is a mapping. That may be
/// a later one than the call found: one attempt tells nothing of a process that unmaps
/// and maps in between. What is refused for good is refused each time.
const ATTEMPTS: usize = 16;

/// `AT_RANDOM` of `<linux/auxvec.h>`.
const AT_RANDOM: usize = 25;

/// The smallest page of any 64-bit Linux. No mapping begins or ends within one.
const PAGE: usize = 4096;

impl AddressSpace {
    /// Opens `/proc/{pid}`'s memory.
    pub(crate) fn open(pid: u32) -> io::Result<Self> {
        let mut for_writing = OpenOptions::new();
        for_writing.read(true).write(true);
        let memory = for_writing.open(format!("/proc/{pid}/mem"))?;
        let space = Self {
            pid_in_proc: pid,
            memory,
            maps: Maps::open(pid)?,
            auxv: File::open(format!("/proc/{pid}/auxv"))?,
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
                Err(errno) => return Err(errno::status("write to /proc/PID/mem", errno)),
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
                Err(errno) => return Err(errno::status("read of /proc/PID/mem", errno)),
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

    /// Whether this is the memory of the calling process. The PID does not show it: a child made
    /// by `vfork` has its parent's memory until its exec.
    ///
    /// An error means that it cannot be determined.
    pub(crate) fn is_ours(&self) -> Result<bool, Errno> {
        let mut marker = 0u64;
        let vaddr = (&raw const marker).addr();
        // Linux grows a stack when an address below it is read, so an address at which the other
        // process has no mapping is not read.
        match self.maps.at(vaddr) {
            Ok(Some(_)) => {}
            Ok(None) | Err(Errno::SRCH) => return Ok(false),
            Err(errno) => return Err(errno),
        }
        for turn in 1..=2u64 {
            let mut seen = [0; 8];
            // SAFETY: `marker` is a local variable. The access is volatile because the kernel
            // reads it through another mapping, which the compiler does not see.
            unsafe { (&raw mut marker).write_volatile(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15)) };
            let count = match pread(&self.memory, &mut seen, vaddr as u64) {
                Ok(count) => count,
                Err(Errno::IO) => return Ok(false),
                Err(errno) => return Err(errno),
            };
            // SAFETY: as for the write.
            let now = unsafe { (&raw const marker).read_volatile() };
            if count != size_of_val(&seen) || u64::from_ne_bytes(seen) != now {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether both are one address space. Both were opened from the same process, so they differ
    /// only if the process called exec in between.
    ///
    /// An exec gives a program a new auxiliary vector and new random bytes at the address that
    /// the vector has under `AT_RANDOM`.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        // During an exec Linux may fill in the vector between the two reads.
        (0..ATTEMPTS).any(|_| match (self.program_mark(), other.program_mark()) {
            (Ok(this), Ok(other)) => this == other,
            _ => false,
        })
    }

    /// The auxiliary vector, and the bytes at `AT_RANDOM` if there are any.
    fn program_mark(&self) -> io::Result<(Vec<u8>, Option<[u8; 16]>)> {
        let mut auxv = std::vec![0; 2048];
        let len = self.auxv.read_at(&mut auxv, 0)?;
        auxv.truncate(len);
        let vaddr = auxv_value(&auxv, AT_RANDOM).filter(|vaddr| is_an_offset(*vaddr));
        let random = vaddr.and_then(|vaddr| {
            self.maps.at(vaddr).ok()??;
            let mut random = [0; 16];
            let count = pread(&self.memory, &mut random, vaddr as u64).ok()?;
            (count == size_of_val(&random)).then_some(random)
        });
        Ok((auxv, random))
    }

    /// The device of the `/proc` that this was opened in.
    pub(crate) fn proc_device(&self) -> io::Result<u64> {
        Ok(self.memory.metadata()?.dev())
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
            Err(errno) => Err(errno::status("look-up in /proc/PID/maps", errno)),
        }
    }

    fn byte_at(&self, vaddr: usize) -> Result<usize, Errno> {
        pread(&self.memory, &mut [0; 1], vaddr as u64)
    }
}

/// Linux has one answer, EIO, for several questions. Of a file's memory that could not even be
/// read in any attempt there is nothing; in one alone it may have been unmapped.
fn why_not_written(mapping: Mapping, vaddr: usize, has_been_seen: bool) -> Status {
    if mapping.is_file_backed && !has_been_seen {
        return Status::OutOfRange;
    }
    log::debug!(
        "Linux does not write at {vaddr:#x}: the mapping is shared and read-only, or read-only \
         while the kernel runs with proc_mem.force_override=never or =ptrace"
    );
    Status::AccessDenied
}

fn why_not_read(mapping: Mapping, vaddr: usize) -> Status {
    if mapping.is_file_backed {
        return Status::OutOfRange;
    }
    log::debug!("Linux does not show what is at {vaddr:#x}: a device's, or [vvar]");
    Status::AccessDenied
}

fn not_listed(error: &io::Error) -> Status {
    match Errno::from_io_error(error) {
        Some(Errno::SRCH) | None => Status::BadState,
        Some(errno) => errno::status("read /proc/PID/maps", errno),
    }
}

/// The value of an entry of an auxiliary vector, which consists of pairs of words.
fn auxv_value(auxv: &[u8], key: usize) -> Option<usize> {
    const WORD: usize = size_of::<usize>();
    let word = |bytes: &[u8]| bytes.try_into().map(usize::from_ne_bytes).ok();
    auxv.chunks_exact(2 * WORD)
        .find(|pair| word(&pair[..WORD]) == Some(key))
        .and_then(|pair| word(&pair[WORD..]))
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
    use std::io::{Read, Write};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;

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
    fn address_space_opened_twice_is_the_same() {
        let [first, second] = [(); 2].map(|()| AddressSpace::open(std::process::id()).unwrap());
        assert!(first.is_same(&second));
    }

    /// Without address space layout randomization two programs have equal auxiliary vectors.
    #[test]
    fn equal_auxiliary_vectors_do_not_make_two_programs_the_same() {
        let mut cats = [(); 2].map(|()| {
            let mut cat = std::process::Command::new("cat");
            // SAFETY: the call takes no pointer and is safe between fork and exec.
            unsafe {
                cat.pre_exec(|| {
                    libc::personality(0x004_0000);
                    Ok(())
                })
            };
            cat.stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        });
        let spaces = cats.each_mut().map(|cat| {
            // An answer proves that the exec is complete.
            cat.stdin.as_mut().unwrap().write_all(b"x").unwrap();
            cat.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
            AddressSpace::open(cat.id()).unwrap()
        });
        let [first, second] = spaces.each_ref().map(|space| space.program_mark().unwrap());
        assert!(first.1.is_some() && second.1.is_some());
        if first.0 == second.0 {
            assert!(!spaces[0].is_same(&spaces[1]));
        } else {
            std::println!("this Linux randomizes addresses all the same");
        }
        for mut cat in cats {
            cat.kill().unwrap();
            cat.wait().unwrap();
        }
    }

    #[test]
    fn tells_its_own_memory_from_a_copy() {
        let own = AddressSpace::open(std::process::id()).unwrap();
        assert_eq!(own.is_ours(), Ok(true));
        // By the id of a thread as well, which has the same memory.
        let thread = std::thread::spawn(|| {
            let id = rustix::thread::gettid().as_raw_nonzero().get();
            AddressSpace::open(id.cast_unsigned()).unwrap().is_ours()
        });
        assert_eq!(thread.join().unwrap(), Ok(true));

        let mut child = std::process::Command::new("cat")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let other = AddressSpace::open(child.id()).unwrap();
        assert_eq!(other.is_ours(), Ok(false));
        assert!(!other.is_gone());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(other.is_gone());
        assert_eq!(other.is_ours(), Ok(false));
    }
}
