use super::behavior::{Behavior, PastVmoEnd};
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

/// The memory of one process, pinned when it was opened. A later process with the same PID and a
/// later program of the same process have another one.
pub(crate) struct AddressSpace {
    /// The PID in the `/proc` that was opened.
    pub(crate) pid_in_proc: u32,
    memory: File,
    maps: Maps,
    /// `/proc/PID/auxv`, read when two address spaces are compared.
    auxv: File,
    /// The pages of vDSO and vvar, which Linux shares with every process and which must not be
    /// written. Not set for a process that is still in exec: Linux continues the parent of a `vfork`
    /// before it has mapped them.
    protected: OnceLock<Range<usize>>,
}

/// How often a call is repeated that Linux refuses although the address is mapped. A process that
/// unmaps and maps in between can cause one refusal: the mapping that is found afterwards is not the
/// one that was refused. A permanent cause refuses every attempt.
const ATTEMPTS: usize = 16;

/// `AT_RANDOM` of `<linux/auxvec.h>`.
const AT_RANDOM: usize = 25;

/// The smallest page size of 64-bit Linux. No mapping begins or ends within such a page.
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
        // Looked up here, so that the first write need not do it. If it fails here, the write
        // repeats it and returns the error.
        let _ = space.is_protected(0, 0);
        Ok(space)
    }

    /// Writes at `vaddr`, at most to the end of the mapping there.
    pub(crate) fn write(
        &self,
        vaddr: usize,
        bytes: &[u8],
        behavior: &Behavior,
    ) -> Result<usize, Status> {
        let mut refused = 0;
        let mut was_readable = false;
        loop {
            let bytes = if self.is_writable_within_page(vaddr, bytes.len(), behavior)? {
                bytes
            } else {
                let mapping = self.writable_mapping(vaddr, behavior)?;
                let len = bytes.len().min(mapping.end - vaddr);
                self.check_vmo_end(mapping, vaddr, len, behavior)?;
                &bytes[..len]
            };
            match pwrite(&self.memory, bytes, vaddr as u64) {
                Ok(0) => return Err(behavior.process_ended),
                Ok(written) => return Ok(written),
                Err(Errno::INTR) => {}
                Err(Errno::IO) => {
                    let mapping = self.writable_mapping(vaddr, behavior)?;
                    refused += 1;
                    match self.byte_at(vaddr) {
                        Ok(0) => return Err(behavior.process_ended),
                        Ok(_) => was_readable = true,
                        Err(_) => {}
                    }
                    if refused == ATTEMPTS {
                        return Err(cause_of_refused_write(mapping, vaddr, was_readable));
                    }
                }
                Err(errno) => return Err(errno::status("write /proc/PID/mem", errno)),
            }
        }
    }

    /// Reads at `vaddr`, at most to the end of the mapping there. The vDSO can be read.
    pub(crate) fn read(
        &self,
        vaddr: usize,
        buffer: &mut [MaybeUninit<u8>],
        behavior: &Behavior,
    ) -> Result<usize, Status> {
        let mut refused = 0;
        loop {
            let part = if is_within_page(vaddr, buffer.len()) && is_file_offset(vaddr) {
                &mut *buffer
            } else {
                let mapping = self.mapping(vaddr, behavior)?;
                if behavior.zeroes_read_buffer {
                    write_zeros(buffer);
                }
                let len = buffer.len().min(mapping.end - vaddr);
                self.check_vmo_end(mapping, vaddr, len, behavior)?;
                &mut buffer[..len]
            };
            match pread(&self.memory, part, vaddr as u64) {
                Ok(([], _)) => return Err(behavior.process_ended),
                Ok((read, _)) => return Ok(read.len()),
                Err(Errno::INTR) => {}
                Err(Errno::IO) => {
                    let mapping = self.mapping(vaddr, behavior)?;
                    if behavior.zeroes_read_buffer {
                        write_zeros(buffer);
                    }
                    refused += 1;
                    if refused == ATTEMPTS {
                        return Err(cause_of_refused_read(mapping, vaddr));
                    }
                }
                Err(errno) => return Err(errno::status("read /proc/PID/mem", errno)),
            }
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
        // A mapping has no memory after the end of its file. The transfer returns any other error.
        if self.byte_at(vaddr + len - 1) == Err(Errno::IO) {
            return Err(Status::OutOfRange);
        }
        Ok(())
    }

    /// Returns the mappings in the form of Zircon's list.
    pub(crate) fn records(&self) -> Result<Vec<zx_info_maps_v1_t>, Status> {
        if self.is_gone() {
            return Err(Status::BadState);
        }
        let records = self.maps.records();
        records.map_err(|error| maps_status(&error, Status::BadState))
    }

    /// Returns whether the process has ended or has called exec. A read of its memory file then
    /// returns 0 bytes. A read of a live process returns bytes or an error.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.byte_at(0), Ok(0))
    }

    /// Returns whether this is the memory of the calling process. The PID does not show it: a child
    /// made by `vfork` has its parent's memory until its exec.
    ///
    /// An error means that this cannot be determined.
    pub(crate) fn is_ours(&self) -> Result<bool, Errno> {
        let mut marker = 0u64;
        let vaddr = (&raw const marker).addr();
        // Linux grows a stack when an address below it is read, so an address at which the other
        // process has no mapping is not read.
        match self.maps.find(vaddr) {
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
            // SAFETY: `marker` is a local variable, and the access is volatile as the write is.
            let now = unsafe { (&raw const marker).read_volatile() };
            if count != size_of_val(&seen) || u64::from_ne_bytes(seen) != now {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns whether both are one address space. Both were opened from the same process, so they
    /// differ only if the process called exec in between.
    ///
    /// An exec gives a program a new auxiliary vector and new random bytes at the address that the
    /// vector has under `AT_RANDOM`.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        // During an exec Linux can fill in the vector between the two reads.
        (0..ATTEMPTS).any(|_| match (self.program_mark(), other.program_mark()) {
            (Ok(this), Ok(other)) => this == other,
            _ => false,
        })
    }

    /// Returns the auxiliary vector, and the bytes at `AT_RANDOM` if it has that entry.
    fn program_mark(&self) -> io::Result<(Vec<u8>, Option<[u8; 16]>)> {
        let mut auxv = std::vec![0; 2048];
        let len = self.auxv.read_at(&mut auxv, 0)?;
        auxv.truncate(len);
        let vaddr = auxv_value(&auxv, AT_RANDOM).filter(|vaddr| is_file_offset(*vaddr));
        let random = vaddr.and_then(|vaddr| {
            self.maps.find(vaddr).ok()??;
            let mut random = [0; 16];
            let count = pread(&self.memory, &mut random, vaddr as u64).ok()?;
            (count == size_of_val(&random)).then_some(random)
        });
        Ok((auxv, random))
    }

    /// Returns the device number of the `/proc` in which this was opened.
    pub(crate) fn proc_device(&self) -> io::Result<u64> {
        Ok(self.memory.metadata()?.dev())
    }

    /// Returns whether a write needs no look-up of the mapping. So a small write is one system call.
    fn is_writable_within_page(
        &self,
        vaddr: usize,
        len: usize,
        behavior: &Behavior,
    ) -> Result<bool, Status> {
        if !is_within_page(vaddr, len) || !is_file_offset(vaddr) {
            return Ok(false);
        }
        Ok(!self.is_refused_vdso(vaddr, vaddr + len, behavior)?)
    }

    /// Returns the mapping at `vaddr`. The vDSO is refused, if the kernel refuses it.
    fn writable_mapping(&self, vaddr: usize, behavior: &Behavior) -> Result<Mapping, Status> {
        let mapping = self.mapping(vaddr, behavior)?;
        if self.is_refused_vdso(mapping.start, mapping.end, behavior)? {
            return Err(Status::AccessDenied);
        }
        Ok(mapping)
    }

    fn is_refused_vdso(
        &self,
        start: usize,
        end: usize,
        behavior: &Behavior,
    ) -> Result<bool, Status> {
        if !behavior.refuses_vdso_writes {
            return Ok(false);
        }
        let is_protected = self.is_protected(start, end);
        is_protected.map_err(|error| maps_status(&error, behavior.process_ended))
    }

    fn is_protected(&self, start: usize, end: usize) -> io::Result<bool> {
        let overlaps = |pages: &Range<usize>| start < pages.end && pages.start < end;
        if let Some(protected) = self.protected.get() {
            return Ok(overlaps(protected));
        }
        let found = self.maps.protected()?;
        let is_protected = overlaps(&found.pages);
        if found.is_complete {
            // If another thread has set it, it has set the same range.
            let _ = self.protected.set(found.pages);
        }
        Ok(is_protected)
    }

    fn mapping(&self, vaddr: usize, behavior: &Behavior) -> Result<Mapping, Status> {
        if self.is_gone() {
            return Err(behavior.process_ended);
        }
        if !is_file_offset(vaddr) {
            return Err(behavior.unmapped);
        }
        match self.maps.find(vaddr) {
            Ok(Some(mapping)) => Ok(mapping),
            Ok(None) => Err(behavior.unmapped),
            Err(Errno::SRCH) => Err(behavior.process_ended),
            Err(errno) => Err(errno::status("look up a mapping in /proc/PID/maps", errno)),
        }
    }

    fn byte_at(&self, vaddr: usize) -> Result<usize, Errno> {
        pread(&self.memory, &mut [0; 1], vaddr as u64)
    }
}

/// Linux returns EIO for several causes. If the memory of a file could not be read in any attempt,
/// the file has no bytes there. A single failed read does not show that: the page may have been
/// unmapped at that moment.
fn cause_of_refused_write(mapping: Mapping, vaddr: usize, was_readable: bool) -> Status {
    if mapping.is_file_backed && !was_readable {
        return Status::OutOfRange;
    }
    log::debug!(
        "Linux refuses the write at {vaddr:#x}: the mapping is shared and read-only, or it is \
         read-only and Linux runs with proc_mem.force_override=never or =ptrace"
    );
    Status::AccessDenied
}

fn cause_of_refused_read(mapping: Mapping, vaddr: usize) -> Status {
    if mapping.is_file_backed {
        return Status::OutOfRange;
    }
    log::debug!("Linux refuses the read at {vaddr:#x}: the mapping is of a device or is [vvar]");
    Status::AccessDenied
}

fn maps_status(error: &io::Error, process_ended: Status) -> Status {
    match Errno::from_io_error(error) {
        Some(Errno::SRCH) | None => process_ended,
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

fn is_within_page(vaddr: usize, len: usize) -> bool {
    vaddr % PAGE + len <= PAGE
}

/// Writes zeros as the kernels of 2018 and July 2019 do after they have found the mapping (measured).
fn write_zeros(buffer: &mut [MaybeUninit<u8>]) {
    for page in buffer.chunks_mut(PAGE) {
        page[0].write(0);
    }
    if let Some(last) = buffer.last_mut() {
        last.write(0);
    }
}

/// Linux accepts no file offset of 2^63 and more. Addresses there belong to the kernel.
fn is_file_offset(vaddr: usize) -> bool {
    isize::try_from(vaddr).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{AddressSpace, Range};
    use std::io::{Read, Write};
    use std::os::unix::process::CommandExt;
    use std::process::Stdio;

    #[test]
    fn exactly_the_vdso_and_vvar_are_protected() {
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

    /// Of `<linux/personality.h>`.
    const ADDR_NO_RANDOMIZE: libc::c_ulong = 0x004_0000;

    /// Without address space layout randomization two programs have equal auxiliary vectors.
    #[test]
    fn equal_auxiliary_vectors_are_not_enough_to_be_the_same() {
        let mut cats = [(); 2].map(|()| {
            let mut cat = std::process::Command::new("cat");
            let without_randomization = || {
                // SAFETY: the call takes no pointer.
                unsafe { libc::personality(ADDR_NO_RANDOMIZE) };
                Ok(())
            };
            // SAFETY: the closure makes one system call, which is allowed between fork and exec.
            unsafe { cat.pre_exec(without_randomization) };
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
            std::println!("skipped: this Linux randomizes addresses");
        }
        for mut cat in cats {
            cat.kill().unwrap();
            cat.wait().unwrap();
        }
    }

    #[test]
    fn only_own_memory_is_ours() {
        let own = AddressSpace::open(std::process::id()).unwrap();
        assert_eq!(own.is_ours(), Ok(true));
        // A thread ID in place of the PID names the same memory.
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
