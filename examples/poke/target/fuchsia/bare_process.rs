//! The demo on systems on which poke cannot start a child: without `/boot` or without a launcher.
//! It writes to a new process without threads, and reads the result from a VMO that is mapped in
//! the process.

use super::print_line;
use fuchsia_zircon_sys as zx;
use std::io;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Status};

/// The demo, if no child can be started.
pub fn run_without_child(text: &[u8], error: &io::Error) -> Result<(), String> {
    let print = |line: String| {
        print_line(&line).map_err(|error| format!("cannot write to stdout: {error}"))
    };
    print(format!(
        "cannot start a child process ({error}): writing to a process without threads"
    ))?;
    let create_failed = |status: Status| format!("cannot create a process: {status}");
    let memory = Memory::new(b"hello from a process").map_err(create_failed)?;
    let (process, address) = (&memory.process, memory.address);
    let koid = process.koid().map_err(create_failed)?;
    let read_text = || {
        memory
            .text()
            .map_err(|status| format!("cannot read the VMO in process {koid}: {status}"))
    };

    print(format!("before: {}", read_text()?))?;
    let len = text.len();
    process.write_all_memory(address, text).map_err(|error| {
        let status = error.status;
        let hint = match status.write_memory_hint() {
            Some(hint) => format!("\nhint: {hint}"),
            None => String::new(),
        };
        format!(
            "cannot write {len} bytes at {address:#x} in process {koid}: {error}: {status}{hint}"
        )
    })?;
    print(format!(
        "wrote {len} bytes at {address:#x} in process {koid}"
    ))?;
    let after = read_text()?;
    print(format!("after: {after}"))?;
    if after.as_bytes() == text {
        Ok(())
    } else {
        Err(format!(
            "wrong text in the VMO in process {koid} after the write"
        ))
    }
}

const LEN: usize = 4096;

/// A new process, and the VMO that is mapped at an address in it.
struct Memory {
    process: Process,
    address: zx_vaddr_t,
    vmo: zx_handle_t,
}

impl Memory {
    fn new(text: &[u8]) -> Result<Self, Status> {
        let (mut process, mut vmar, mut vmo, mut address) = (0, 0, 0, 0);
        let (job, name) = (sys::zx_job_default(), b"poke");
        // SAFETY: `name` is valid for reads of its length, and both results are valid for writes of
        // handles.
        Status::ok(unsafe {
            let (process, vmar) = (&raw mut process, &raw mut vmar);
            zx::zx_process_create(job, name.as_ptr(), name.len(), 0, process, vmar)
        })?;
        // SAFETY: `vmo` is valid for a write of a handle.
        Status::ok(unsafe { zx::zx_vmo_create(LEN as u64, 0, &raw mut vmo) })?;
        // SAFETY: `text` is valid for reads of its length.
        Status::ok(unsafe { zx::zx_vmo_write(vmo, text.as_ptr(), 0, text.len()) })?;
        // SAFETY: this maps memory of the new process, in which no thread runs. `address` is valid for
        // a write of an address.
        Status::ok(unsafe {
            zx::zx_vmar_map(vmar, zx::ZX_VM_PERM_READ, 0, vmo, 0, LEN, &raw mut address)
        })?;
        // SAFETY: this function owns the handle, and does not use it again.
        unsafe { sys::zx_handle_close(vmar) };
        // SAFETY: the handle is new, this function owns it, and it names another process.
        let process = unsafe { Process::from_raw(process) }?;
        Ok(Self {
            process,
            address,
            vmo,
        })
    }

    /// The text in the VMO, read without the process.
    fn text(&self) -> Result<String, Status> {
        let mut text = [0; 64];
        // SAFETY: `text` is valid for writes of its length.
        Status::ok(unsafe { zx::zx_vmo_read(self.vmo, text.as_mut_ptr(), 0, text.len()) })?;
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).escape_debug().to_string())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: this value owns the handle, and does not use it again.
        unsafe { sys::zx_handle_close(self.vmo) };
        // SAFETY: this kills the process that this value created, not the calling process.
        unsafe { zx::zx_task_kill(self.process.as_raw()) };
    }
}
