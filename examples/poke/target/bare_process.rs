//! Where no child can be started (no `/boot`, no launcher): a process made by hand, in which
//! nothing runs, with a memory object that shows what was written.

use super::say;
use fuchsia_zircon_sys as zx;
use std::io;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Status};

pub fn without_child(text: &[u8], error: &io::Error) -> Result<(), String> {
    let tell = |line: String| say(&line).map_err(|error| error.to_string());
    tell(format!("no child ({error}): a bare process instead"))?;
    let failed = |status: Status| format!("cannot make a bare process: {status}");
    let memory = Memory::new(b"hello from nobody at all").map_err(failed)?;
    let process = &memory.process;
    let koid = process.koid().map_err(failed)?;

    tell(format!("before: {}", memory.text().map_err(failed)?))?;
    let written = process
        .write_memory(memory.address, text)
        .map_err(|status| {
            let hint = status.write_memory_hint().unwrap_or("no hint for this one");
            format!(
                "cannot write at {:#x} in process {koid}: {status}\nhint: {hint}",
                memory.address
            )
        })?;
    tell(format!(
        "wrote {written} bytes at {:#x} in process {koid}",
        memory.address
    ))?;
    let after = memory.text().map_err(failed)?;
    tell(format!("after: {after}"))?;
    if written == text.len() && after.as_bytes().starts_with(text) {
        Ok(())
    } else {
        Err("the memory object does not show what was written".into())
    }
}

const LEN: usize = 4096;

/// A page of a process, and the memory object behind it.
struct Memory {
    process: Process,
    address: zx_vaddr_t,
    vmo: zx_handle_t,
}

impl Memory {
    fn new(text: &[u8]) -> Result<Self, Status> {
        let (mut process, mut vmar, mut vmo, mut address) = (0, 0, 0, 0);
        let (job, name) = (sys::zx_job_default(), b"poke");
        // SAFETY: the name is readable, the results are valid for a write.
        Status::ok(unsafe {
            let (process, vmar) = (&raw mut process, &raw mut vmar);
            zx::zx_process_create(job, name.as_ptr(), name.len(), 0, process, vmar)
        })?;
        // SAFETY: the result is valid for a write.
        Status::ok(unsafe { zx::zx_vmo_create(LEN as u64, 0, &raw mut vmo) })?;
        // SAFETY: the text is readable.
        Status::ok(unsafe { zx::zx_vmo_write(vmo, text.as_ptr(), 0, text.len()) })?;
        // SAFETY: it is the new process's memory, which nothing uses.
        Status::ok(unsafe {
            zx::zx_vmar_map(vmar, zx::ZX_VM_PERM_READ, 0, vmo, 0, LEN, &raw mut address)
        })?;
        // SAFETY: ours, and not used again.
        unsafe { sys::zx_handle_close(vmar) };
        // SAFETY: the kernel just made this handle for us, to a new process.
        let process = unsafe { Process::from_raw(process) }?;
        Ok(Self {
            process,
            address,
            vmo,
        })
    }

    /// Read from the memory object, not from the process.
    fn text(&self) -> Result<String, Status> {
        let mut text = [0; 64];
        // SAFETY: as many bytes are writable.
        Status::ok(unsafe { zx::zx_vmo_read(self.vmo, text.as_mut_ptr(), 0, text.len()) })?;
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).escape_debug().to_string())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: ours, and not used again.
        unsafe { sys::zx_handle_close(self.vmo) };
        // SAFETY: it is our process. (Closing its last handle would end it, too.)
        unsafe { zx::zx_task_kill(self.process.as_raw()) };
    }
}
