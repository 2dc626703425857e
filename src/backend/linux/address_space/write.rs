use super::{ATTEMPTS, AddressSpace};
use crate::Status;
use crate::backend::linux::behavior::Behavior;
use crate::backend::linux::errno;
use crate::backend::linux::maps::Mapping;
use rustix::io::{Errno, pwrite};

impl AddressSpace {
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
            let part = if self.is_within_seen_page(vaddr, bytes.len()) {
                bytes
            } else {
                let mapping = self.writable_mapping(vaddr, behavior)?;
                let len = bytes.len().min(mapping.end - vaddr);
                self.check_vmo_end(mapping, vaddr, len, behavior)?;
                &bytes[..len]
            };
            match pwrite(&self.memory, part, vaddr as u64) {
                Ok(0) => return Err(behavior.process_ended),
                Ok(written) => return Ok(written),
                Err(Errno::INTR) => {}
                Err(Errno::IO) => {
                    self.maps.forget(vaddr);
                    let mapping = self.writable_mapping(vaddr, behavior)?;
                    refused += 1;
                    match self.byte_at(vaddr) {
                        Ok(0) => return Err(behavior.process_ended),
                        Ok(_) => was_readable = true,
                        Err(_) => {}
                    }
                    if refused == ATTEMPTS {
                        return Err(self.refused_write(mapping, vaddr, was_readable));
                    }
                }
                Err(errno) => return Err(errno::status("write /proc/PID/mem", errno)),
            }
        }
    }

    /// Returns the mapping at `vaddr`. The kernel's pages are refused, if the kernel refuses the vDSO.
    fn writable_mapping(&self, vaddr: usize, behavior: &Behavior) -> Result<Mapping, Status> {
        let mapping = self.mapping(vaddr, behavior)?;
        if mapping.is_kernels && behavior.refuses_vdso_writes {
            return Err(Status::AccessDenied);
        }
        Ok(mapping)
    }
}
