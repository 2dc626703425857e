use super::{ATTEMPTS, AddressSpace, PAGE};
use crate::Status;
use crate::backend::linux::behavior::Behavior;
use crate::backend::linux::errno;
use rustix::io::{Errno, pread};
use std::mem::MaybeUninit;

impl AddressSpace {
    /// Reads at `vaddr`, at most to the end of the mapping there. The vDSO can be read.
    ///
    /// `read_by_pid` is a faster way for many bytes. It returns whether it has filled the buffer with the
    /// bytes of this address space.
    pub(crate) fn read(
        &self,
        vaddr: usize,
        buffer: &mut [MaybeUninit<u8>],
        behavior: &Behavior,
        read_by_pid: impl Fn(&mut [MaybeUninit<u8>]) -> bool,
    ) -> Result<usize, Status> {
        let mut refused = 0;
        loop {
            let part = if self.is_within_seen_page(vaddr, buffer.len()) {
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
            if read_by_pid(part) {
                return Ok(part.len());
            }
            match pread(&self.memory, part, vaddr as u64) {
                Ok(([], _)) => return Err(behavior.process_ended),
                Ok((read, _)) => return Ok(read.len()),
                Err(Errno::INTR) => {}
                Err(Errno::IO) => {
                    self.maps.forget(vaddr);
                    let mapping = self.mapping(vaddr, behavior)?;
                    if behavior.zeroes_read_buffer {
                        write_zeros(buffer);
                    }
                    refused += 1;
                    if refused == ATTEMPTS {
                        return Err(self.refused_read(mapping, vaddr));
                    }
                }
                Err(errno) => return Err(errno::status("read /proc/PID/mem", errno)),
            }
        }
    }
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
