//! A child for systems that cannot start programs: a process made by hand, with a copy of this program.
//!
//! The modules are at the same addresses as in this process. So their relocations stay valid, and system
//! calls work. libc is not initialized in the copy: it has no thread-local memory, no heap and no stdio.

mod modules;
mod output;

pub(crate) use output::{Output, OutputWriter, exit};

use super::handle::{OwnedHandle, check, new_handle};
use super::{Result, Traced};
use fuchsia_zircon_sys as zx;
use modules::Segment;
use std::mem::ManuallyDrop;
use zx_process_memory::sys::{self, zx_handle_t};
use zx_process_memory::{Process, Rights};

/// On x86-64 a function begins with its return address on the stack: here 0, where a backtrace ends.
const RETURN_ADDRESS: usize = if cfg!(target_arch = "x86_64") { 8 } else { 0 };

/// The main function of a copy. It uses only system calls, its stack and constants, and does not return.
pub(crate) type Main = extern "C" fn(output: zx_handle_t, stack: usize) -> !;

const STACK: usize = 64 << 10;

/// The name of the process, its thread and its VMOs.
const NAME: &[u8] = b"copy of break";

impl Traced {
    /// Creates a process with a copy of this program. It has one thread, which has not executed anything of
    /// `main` yet. What the thread writes to its `OutputWriter` can be read from the output.
    pub(crate) fn copy_of_this_program(main: Main) -> Result<(Self, Process, Output)> {
        let (job, name, mut vmar) = (sys::zx_job_default(), NAME, 0);
        let process = new_handle("zx_process_create", |out| {
            let (name, len) = (name.as_ptr(), name.len());
            // SAFETY: `name` is valid for reads of its length, and both results are valid for writes of
            // handles.
            unsafe { zx::zx_process_create(job, name, len, 0, out, &raw mut vmar) }
        })?;
        let vmar = Vmar::new(OwnedHandle(vmar))?;
        // SAFETY: the handle is new, it names another process, and this function does not close it.
        let process = unsafe { Process::from_raw(ManuallyDrop::new(process).0) }?;

        for segment in modules::segments()? {
            vmar.map_copy(&segment)?;
        }
        let memory = vmo(NAME, STACK)?;
        let permissions = zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_WRITE;
        let stack = vmar.map(permissions, &memory, 0, STACK, None)?;

        let mut traced = Self::attach(process.duplicate(Rights::SAME_RIGHTS)?)?;
        let thread = new_handle("zx_thread_create", |out| {
            let (process, name, len) = (process.as_raw(), name.as_ptr(), name.len());
            // SAFETY: `name` is valid for reads of its length, and `out` for a write of a handle.
            unsafe { zx::zx_thread_create(process, name, len, 0, out) }
        })?;
        let (output, writer) = output::new()?;
        // The call consumes the handle even if it fails.
        let writer = ManuallyDrop::new(writer).0;
        let (entry, top) = (entry(main, &memory)?, stack + STACK - RETURN_ADDRESS);
        let process_handle = process.as_raw();
        // SAFETY: the new process has the code and the stack at these addresses.
        let raw =
            unsafe { zx::zx_process_start(process_handle, thread.0, entry, top, writer, stack) };
        check("zx_process_start", raw)?;
        // The thread is about to start. This takes its exception.
        traced.stop_all()?;
        Ok((traced, process, output))
    }
}

/// x86-64 has no shadow call stack.
#[cfg(target_arch = "x86_64")]
#[allow(clippy::unnecessary_wraps)]
fn entry(main: Main, _stack: &OwnedHandle) -> Result<usize> {
    Ok(main as *const () as usize)
}

#[cfg(target_arch = "aarch64")]
std::arch::global_asm!(
    ".balign 4",
    "break_copy_entry: ldr x9, [x1]",
    "add x18, x1, #16",
    "br x9",
);
#[cfg(target_arch = "riscv64")]
std::arch::global_asm!(
    ".balign 4",
    "break_copy_entry: ld t0, 0(a1)",
    "addi gp, a1, 16",
    "jr t0",
);

/// The compiler uses a shadow call stack, in a register that libc sets in other processes. It gets the start of
/// the stack's memory: it grows up, and the stack grows down. The first word is the address of `main`.
#[cfg(not(target_arch = "x86_64"))]
fn entry(main: Main, stack: &OwnedHandle) -> Result<usize> {
    unsafe extern "C" {
        fn break_copy_entry();
    }
    let main = (main as *const () as usize).to_le_bytes();
    // SAFETY: `main` is valid for reads of its length.
    let raw = unsafe { zx::zx_vmo_write(stack.0, main.as_ptr(), 0, main.len()) };
    check("zx_vmo_write", raw)?;
    Ok(break_copy_entry as *const () as usize)
}

/// The address space of the new process.
struct Vmar {
    handle: OwnedHandle,
    base: usize,
}

impl Vmar {
    fn new(handle: OwnedHandle) -> Result<Self> {
        // `zx_info_vmar_t`: the address and the length.
        let mut info = [0; 2];
        super::wait::info_of(handle.0, zx::ZX_INFO_VMAR, &mut info)
            .map_err(|status| format!("ZX_INFO_VMAR: {status}"))?;
        let base = usize::try_from(info[0])?;
        Ok(Self { handle, base })
    }

    /// Maps a copy of the segment, or the vDSO itself, at the segment's address.
    fn map_copy(&self, segment: &Segment) -> Result<()> {
        let (range, len) = (&segment.range, segment.range.len());
        if let Some((vmo, offset)) = &segment.vdso {
            self.map(segment.permissions, vmo, *offset, len, Some(range.start))?;
            return Ok(());
        }
        // SAFETY: nothing is written.
        let own = unsafe { Process::current() }?;
        let mut bytes = vec![0; len];
        own.read_exact_memory(range.start, &mut bytes)?;
        let mut vmo = vmo(NAME, len)?;
        // SAFETY: `bytes` are valid for reads of their length.
        let raw = unsafe { zx::zx_vmo_write(vmo.0, bytes.as_ptr(), 0, len) };
        check("zx_vmo_write", raw)?;
        if segment.permissions & zx::ZX_VM_PERM_EXECUTE != 0 {
            // The call consumes the handle even if it fails.
            let consumed = ManuallyDrop::new(vmo);
            vmo = new_handle("zx_vmo_replace_as_executable", |out| {
                // SAFETY: `out` is valid for a write of a handle.
                unsafe { zx::zx_vmo_replace_as_executable(consumed.0, 0, out) }
            })?;
        }
        self.map(segment.permissions, &vmo, 0, len, Some(range.start))?;
        Ok(())
    }

    fn map(
        &self,
        permissions: u32,
        vmo: &OwnedHandle,
        offset: u64,
        len: usize,
        vaddr: Option<usize>,
    ) -> Result<usize> {
        let (options, at) = match vaddr {
            Some(vaddr) => (permissions | zx::ZX_VM_SPECIFIC, vaddr - self.base),
            None => (permissions, 0),
        };
        let mut mapped = 0;
        // SAFETY: this maps memory of the new process, in which no thread runs yet. `mapped` is valid for
        // a write of an address.
        let raw = unsafe {
            let to = &raw mut mapped;
            zx::zx_vmar_map(self.handle.0, options, at, vmo.0, offset, len, to)
        };
        check("zx_vmar_map", raw)?;
        Ok(mapped)
    }
}

fn vmo(name: &[u8], len: usize) -> Result<OwnedHandle> {
    let vmo = new_handle("zx_vmo_create", |out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { zx::zx_vmo_create(len as u64, 0, out) }
    })?;
    // SAFETY: `name` is valid for reads of its length.
    let raw =
        unsafe { zx::zx_object_set_property(vmo.0, zx::ZX_PROP_NAME, name.as_ptr(), name.len()) };
    check("ZX_PROP_NAME", raw)?;
    Ok(vmo)
}
