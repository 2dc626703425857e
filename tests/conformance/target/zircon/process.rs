//! A child process without a program. Its only code is an infinite loop.

use super::handle::{OwnedHandle, or_skip};
use super::vmo::executable;
use crate::suite::case::{Access, PAGE};
use crate::suite::target::Skip;
use fuchsia_zircon_sys as zx;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Rights};

/// A branch to itself.
#[cfg(target_arch = "x86_64")]
const LOOP: [u8; 2] = [0xeb, 0xfe];
#[cfg(target_arch = "aarch64")]
const LOOP: [u8; 4] = 0x1400_0000_u32.to_le_bytes();
#[cfg(target_arch = "riscv64")]
const LOOP: [u8; 4] = 0x0000_006f_u32.to_le_bytes();

pub(super) struct RawProcess {
    process: OwnedHandle,
    vmar: OwnedHandle,
    thread: Option<OwnedHandle>,
    suspended: Option<OwnedHandle>,
}

impl RawProcess {
    pub(super) fn create() -> Result<Self, Skip> {
        let name = b"conformance";
        let (mut process, mut vmar) = (0, 0);
        // SAFETY: `name` is valid for reads of its length, and both results are valid for writes of
        // handles.
        let raw = unsafe {
            let (job, name_of, len) = (sys::zx_job_default(), name.as_ptr(), name.len());
            zx::zx_process_create(job, name_of, len, 0, &raw mut process, &raw mut vmar)
        };
        or_skip("zx_process_create", raw)?;
        let (process, vmar) = (OwnedHandle(process), OwnedHandle(vmar));
        Ok(Self {
            process,
            vmar,
            thread: None,
            suspended: None,
        })
    }

    pub(super) fn vmar(&self) -> zx_handle_t {
        self.vmar.0
    }

    /// A new handle with all rights.
    pub(super) fn process(&self) -> Result<Process, Skip> {
        // SAFETY: the handle is open during the borrow, and it names another process.
        let borrowed = unsafe { zx_process_memory::ProcessRef::borrow_raw(self.process.0) };
        let owned = borrowed.and_then(|process| process.duplicate(Rights::SAME_RIGHTS));
        owned.map_err(|status| Skip(format!("zx_handle_duplicate: {status}")))
    }

    pub(super) fn start(&mut self) -> Result<(), Skip> {
        let mut code = 0;
        // SAFETY: `code` is valid for a write of a handle.
        or_skip("zx_vmo_create", unsafe {
            zx::zx_vmo_create(PAGE as u64, 0, &raw mut code)
        })?;
        let code = OwnedHandle(code);
        // SAFETY: `LOOP` is valid for reads of its length.
        or_skip("zx_vmo_write", unsafe {
            zx::zx_vmo_write(code.0, LOOP.as_ptr(), 0, LOOP.len())
        })?;
        let code = executable(code, Access::ReadExecute)?;
        let permissions = zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_EXECUTE;
        let mut entry: zx_vaddr_t = 0;
        // SAFETY: this maps memory of the child, in which no thread runs yet.
        let raw = unsafe {
            let to = &raw mut entry;
            zx::zx_vmar_map(self.vmar.0, permissions, 0, code.0, 0, PAGE, to)
        };
        or_skip("zx_vmar_map", raw)?;

        let (name, mut thread) = (b"loop", 0);
        // SAFETY: `name` is valid for reads of its length, and `thread` is valid for a write of a
        // handle.
        let raw = unsafe {
            let (of, to) = (self.process.0, &raw mut thread);
            zx::zx_thread_create(of, name.as_ptr(), name.len(), 0, to)
        };
        or_skip("zx_thread_create", raw)?;
        let thread = self.thread.insert(OwnedHandle(thread));
        // Kernels until March 2019 require a handle to transfer to the new process (commit
        // 06cb50f24fa).
        let mut start_argument = 0;
        // SAFETY: `start_argument` is valid for a write of a handle.
        or_skip("zx_event_create", unsafe {
            zx::zx_event_create(0, &raw mut start_argument)
        })?;
        // SAFETY: the loop uses no stack and no arguments. The call consumes `start_argument`, which
        // nothing else uses.
        let raw = unsafe {
            zx::zx_process_start(self.process.0, thread.0, entry, entry, start_argument, 0)
        };
        or_skip("zx_process_start", raw)?;
        wait(thread.0, zx::ZX_THREAD_RUNNING)
    }

    pub(super) fn suspend(&mut self) -> Result<(), Skip> {
        self.start()?;
        let thread = self.thread.as_ref().map_or(0, |thread| thread.0);
        let mut token = 0;
        // SAFETY: `token` is valid for a write of a handle.
        or_skip("zx_task_suspend", unsafe {
            zx::zx_task_suspend(thread, &raw mut token)
        })?;
        self.suspended = Some(OwnedHandle(token));
        wait(thread, zx::ZX_THREAD_SUSPENDED)
    }

    pub(super) fn kill(&mut self) -> Result<(), Skip> {
        // SAFETY: this kills the child, not this process.
        or_skip("zx_task_kill", unsafe { zx::zx_task_kill(self.process.0) })?;
        wait(self.process.0, zx::ZX_PROCESS_TERMINATED)
    }

    pub(super) fn destroy_vmar(&mut self) -> Result<(), Skip> {
        // SAFETY: this unmaps memory of the child, in which no thread runs.
        or_skip("zx_vmar_destroy", unsafe {
            zx::zx_vmar_destroy(self.vmar.0)
        })
    }
}

impl Drop for RawProcess {
    fn drop(&mut self) {
        // SAFETY: this kills the child, not this process. It does nothing if the child has ended.
        unsafe { zx::zx_task_kill(self.process.0) };
    }
}

fn wait(handle: zx_handle_t, signals: u32) -> Result<(), Skip> {
    let forever = zx::ZX_TIME_INFINITE;
    // SAFETY: the call allows a null out-pointer for the observed signals.
    let raw = unsafe { zx::zx_object_wait_one(handle, signals, forever, std::ptr::null_mut()) };
    or_skip("zx_object_wait_one", raw)
}
