//! A process without a program loader: the code, and memory for its threads.

use super::super::run_control::{Result, Traced};
use super::{Code, Counted, Debuggee, Text};
use fuchsia_zircon_sys as zx;
use zx_debug_memory::{Breakpoints, OnDrop};
use zx_process_memory::sys::{self, zx_handle_t};
use zx_process_memory::{Process, Rights, Status};

const PAGE: usize = 4096;

/// Kills the process on drop.
pub(super) struct Killed(Process);

impl Drop for Killed {
    fn drop(&mut self) {
        // SAFETY: this kills a process that this module has created.
        unsafe { zx::zx_task_kill(self.0.as_raw()) };
    }
}

/// Owns the handle.
struct Owned(zx_handle_t);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: this value owns the handle, and nothing uses it afterwards.
        unsafe { zx::zx_handle_close(self.0) };
    }
}

fn new_handle(make: impl FnOnce(*mut zx_handle_t) -> i32) -> Owned {
    let mut handle = 0;
    Status::ok(make(&raw mut handle)).unwrap();
    Owned(handle)
}

impl Debuggee {
    /// Starts a process with a thread for each number of passes. No thread has executed an instruction yet.
    pub(crate) fn start(code: Code, text: Text, passes: &[u64]) -> Self {
        let (job, name, mut vmar) = (sys::zx_job_default(), b"executed", 0);
        let process = new_handle(|out| {
            let (name, len) = (name.as_ptr(), name.len());
            // SAFETY: `name` is valid for reads of its length, and both results are valid for writes of
            // handles.
            unsafe { zx::zx_process_create(job, name, len, 0, out, &raw mut vmar) }
        });
        let vmar = Owned(vmar);
        // SAFETY: the handle is new, this function owns it, and it names another process.
        let killed =
            Killed(unsafe { Process::from_raw(std::mem::ManuallyDrop::new(process).0) }.unwrap());
        let handle = || killed.0.duplicate(Rights::SAME_RIGHTS).unwrap();

        let text_vmo = executable(vmo(code.bytes()));
        let executable = zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_EXECUTE;
        let map_text = || map(&vmar, executable, &text_vmo);
        let (start, twice) = (map_text(), text == Text::Twice);
        let other_mapping = twice.then(map_text);

        let counted = passes.iter().flat_map(|passes| [*passes, 0]);
        let bytes: Vec<u8> = counted.flat_map(u64::to_ne_bytes).collect();
        let data = map(
            &vmar,
            zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_WRITE,
            &vmo(&bytes),
        );

        let traced = Traced::attach(handle()).unwrap();
        for index in 0..passes.len() {
            start_thread(&killed.0, start, data, index);
        }
        Self {
            traced: Some(traced),
            breakpoints: Breakpoints::new(handle(), OnDrop::Leave),
            code: code.copied_to(start),
            other_mapping,
            data,
            _killed: killed,
        }
    }

    pub(crate) fn attach_again(&self) -> Result<Traced> {
        let process = self.breakpoints.process();
        Traced::attach(process.duplicate(Rights::SAME_RIGHTS)?)
    }
}

fn start_thread(process: &Process, entry: usize, data: usize, index: usize) {
    let (name, process) = (b"executed", process.as_raw());
    let thread = new_handle(|out| {
        // SAFETY: `name` is valid for reads of its length, and `out` is valid for a write of a handle.
        unsafe { zx::zx_thread_create(process, name.as_ptr(), name.len(), 0, out) }
    });
    let counted = data + index * size_of::<Counted>();
    // The code uses no stack, but the call checks the address.
    let stack = data + PAGE;
    let raw = if index == 0 {
        // Kernels until March 2019 require a handle to transfer to the new process (commit 06cb50f24fa).
        let argument = std::mem::ManuallyDrop::new(new_handle(|out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { zx::zx_event_create(0, out) }
        }));
        // SAFETY: the code is mapped in the new process. The call consumes the argument.
        unsafe { zx::zx_process_start(process, thread.0, entry, stack, argument.0, counted) }
    } else {
        // SAFETY: the code is mapped in the new process.
        unsafe { zx::zx_thread_start(thread.0, entry, stack, 0, counted) }
    };
    Status::ok(raw).unwrap();
}

/// A VMO of one page that begins with these bytes.
fn vmo(bytes: &[u8]) -> Owned {
    let vmo = new_handle(|out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { zx::zx_vmo_create(PAGE as u64, 0, out) }
    });
    // SAFETY: `bytes` are valid for reads of their length.
    Status::ok(unsafe { zx::zx_vmo_write(vmo.0, bytes.as_ptr(), 0, bytes.len()) }).unwrap();
    vmo
}

/// Since February 2019 a new VMO does not have the right to execute (commit 97f73241278).
fn executable(vmo: Owned) -> Owned {
    // The call consumes the handle even if it fails.
    let consumed = std::mem::ManuallyDrop::new(vmo);
    new_handle(|out| {
        // SAFETY: `out` is valid for a write of a handle.
        unsafe { zx::zx_vmo_replace_as_executable(consumed.0, 0, out) }
    })
}

fn map(vmar: &Owned, permissions: u32, vmo: &Owned) -> usize {
    let mut vaddr = 0;
    // SAFETY: this maps memory of the new process, in which no thread runs yet. `vaddr` is valid for a
    // write of an address.
    Status::ok(unsafe { zx::zx_vmar_map(vmar.0, permissions, 0, vmo.0, 0, PAGE, &raw mut vaddr) })
        .unwrap();
    vaddr
}
