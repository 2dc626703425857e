//! A debuggee without a program: a new process in which one page of a VMO is mapped. The tests
//! access the page through the VMO.

use super::{Access, LEN};
use fuchsia_zircon_sys as zx;
use std::io;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Rights, Status};

const PAGE: usize = 4096;

pub(crate) struct BareProcess {
    pub(crate) process: Process,
    vmar: zx_handle_t,
    vmo: zx_handle_t,
    pub(crate) vaddr: zx_vaddr_t,
}

impl BareProcess {
    /// `child_error` is the reason why there is no child. If there can be no bare process either,
    /// the error has both reasons.
    pub(super) fn create_after(child_error: &io::Error) -> io::Result<Box<dyn Access>> {
        match Self::create() {
            Ok(process) => Ok(Box::new(process)),
            Err(status) => Err(io::Error::other(format!(
                "cannot start a child: {child_error}; cannot create a process: {status}"
            ))),
        }
    }

    pub(crate) fn create() -> Result<Self, Status> {
        let (mut process, mut vmar, mut vmo, mut vaddr) = (0, 0, 0, 0);
        let (job, name) = (sys::zx_job_default(), b"debuggee");
        // SAFETY: `name` is valid for reads of its length, and both results are valid for writes of
        // handles.
        Status::ok(unsafe {
            let (process, vmar) = (&raw mut process, &raw mut vmar);
            zx::zx_process_create(job, name.as_ptr(), name.len(), 0, process, vmar)
        })?;
        // SAFETY: the handle is new, this function owns it, and it names another process.
        let process = unsafe { Process::from_raw(process) }?;
        // SAFETY: `vmo` is valid for a write of a handle.
        Status::ok(unsafe { zx::zx_vmo_create(PAGE as u64, 0, &raw mut vmo) })?;
        let permissions = zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_WRITE;
        // SAFETY: this maps memory of the new process, in which no thread runs. `vaddr` is valid for
        // a write of an address.
        Status::ok(unsafe { zx::zx_vmar_map(vmar, permissions, 0, vmo, 0, PAGE, &raw mut vaddr) })?;
        Ok(Self {
            process,
            vmar,
            vmo,
            vaddr,
        })
    }

    /// Maps uncached memory in place of the page.
    pub(crate) fn map_uncached(&self) {
        // `zx_info_vmar_t`: the address and the length.
        let mut info = [0usize; 2];
        let (topic, none) = (zx::ZX_INFO_VMAR, std::ptr::null_mut());
        // SAFETY: `info` is valid for a write of its size, and the call allows null counts.
        let raw = unsafe {
            let (to, size) = ((&raw mut info).cast(), size_of_val(&info));
            zx::zx_object_get_info(self.vmar, topic, to, size, none, none)
        };
        Status::ok(raw).unwrap();
        let (mut uncached, mut mapped) = (0, 0);
        // SAFETY: `uncached` is valid for a write of a handle.
        Status::ok(unsafe { zx::zx_vmo_create(PAGE as u64, 0, &raw mut uncached) }).unwrap();
        let policy = zx::ZX_CACHE_POLICY_UNCACHED;
        // SAFETY: the call takes no pointer, and the VMO is not mapped yet.
        Status::ok(unsafe { zx::zx_vmo_set_cache_policy(uncached, policy) }).unwrap();
        // SAFETY: this unmaps memory of the process, in which no thread runs.
        Status::ok(unsafe { zx::zx_vmar_unmap(self.vmar, self.vaddr, PAGE) }).unwrap();
        let permissions = zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_WRITE | zx::ZX_VM_SPECIFIC;
        let offset = self.vaddr - info[0];
        // SAFETY: this maps a free page of the process. `mapped` is valid for a write of an address.
        let raw = unsafe {
            let to = &raw mut mapped;
            zx::zx_vmar_map(self.vmar, permissions, offset, uncached, 0, PAGE, to)
        };
        Status::ok(raw).unwrap();
        // SAFETY: this function owns the handle, and does not use it again.
        unsafe { sys::zx_handle_close(uncached) };
    }
}

impl Access for BareProcess {
    fn code_vaddr(&mut self) -> usize {
        self.vaddr
    }

    fn process(&self) -> Process {
        self.process.duplicate(Rights::SAME_RIGHTS).unwrap()
    }

    fn read_code(&mut self) -> Vec<u8> {
        let mut code = vec![0; LEN];
        // SAFETY: `code` is valid for writes of its length.
        Status::ok(unsafe { zx::zx_vmo_read(self.vmo, code.as_mut_ptr(), 0, LEN) }).unwrap();
        code
    }

    fn write_code(&mut self, offset: usize, bytes: &[u8]) {
        // SAFETY: `bytes` are valid for reads of their length.
        Status::ok(unsafe {
            zx::zx_vmo_write(self.vmo, bytes.as_ptr(), offset as u64, bytes.len())
        })
        .unwrap();
    }
}

impl Drop for BareProcess {
    fn drop(&mut self) {
        for handle in [self.vmar, self.vmo] {
            // SAFETY: this value owns the handle, and does not use it again.
            unsafe { sys::zx_handle_close(handle) };
        }
        // SAFETY: this kills the process that this value created, not the calling process.
        unsafe { zx::zx_task_kill(self.process.as_raw()) };
    }
}
