//! A process without a program loader: the code, and memory for its threads.

use super::super::run_control::{Result, Traced};
use super::{Code, Counted, Debuggee, Text};
use fuchsia_zircon_sys as zx;
use std::mem::ManuallyDrop;
use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
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

/// A new process, in which no thread runs yet.
struct NewProcess {
    killed: Killed,
    /// The starts of the mappings of the text.
    text: Vec<usize>,
    data: usize,
}

impl NewProcess {
    fn create(job: zx_handle_t, text: &[u8], mappings: usize, passes: &[u64]) -> Self {
        let (name, mut vmar) = (b"executed", 0);
        let process = new_handle(|out| {
            let (name, len) = (name.as_ptr(), name.len());
            // SAFETY: `name` is valid for reads of its length, and both results are valid for writes of
            // handles.
            unsafe { zx::zx_process_create(job, name, len, 0, out, &raw mut vmar) }
        });
        let (process, vmar) = (ManuallyDrop::new(process), Owned(vmar));
        // SAFETY: the handle is new, it names another process, and this function does not close it.
        let killed = Killed(unsafe { Process::from_raw(process.0) }.unwrap());
        let text = executable(vmo(text));
        let permissions = zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_EXECUTE;
        let text = (0..mappings).map(|_| map(&vmar, permissions, &text));
        let text = text.collect();
        let counted = passes.iter().flat_map(|passes| [*passes, 0]);
        let counted: Vec<u8> = counted.flat_map(u64::to_ne_bytes).collect();
        let permissions = zx::ZX_VM_PERM_READ | zx::ZX_VM_PERM_WRITE;
        let data = map(&vmar, permissions, &vmo(&counted));
        Self { killed, text, data }
    }

    /// A new handle to the process.
    fn process(&self) -> Process {
        self.killed.0.duplicate(Rights::SAME_RIGHTS).unwrap()
    }

    fn into_debuggee(self, traced: Traced, code: Code) -> Debuggee {
        Debuggee {
            traced: Some(traced),
            breakpoints: Breakpoints::new(self.process(), OnDrop::Leave),
            code,
            other_mapping: self.text.get(1).copied(),
            data: self.data,
            killed: self.killed,
        }
    }
}

impl Debuggee {
    /// Starts a process with a thread for each number of passes. No thread has executed an instruction yet.
    pub(crate) fn start(code: Code, text: Text, passes: &[u64]) -> Self {
        let mappings = match text {
            Text::Once => 1,
            Text::Twice => 2,
        };
        let new = NewProcess::create(sys::zx_job_default(), code.bytes(), mappings, passes);
        let traced = Traced::attach(new.process()).unwrap();
        let start = new.text[0];
        for index in 0..passes.len() {
            start_thread(&new.killed.0, start, new.data, index);
        }
        new.into_debuggee(traced, code.copied_to(start))
    }

    /// Starts a process that executes a break instruction before the code, as a program loader does, with the
    /// run control for programs.
    pub(crate) fn start_as_program(code: Code, passes: u64) -> Self {
        let job = new_handle(|out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { zx::zx_job_create(sys::zx_job_default(), 0, out) }
        });
        // The code is aligned on every architecture.
        let instruction = match BreakInstruction::NATIVE {
            BreakInstruction::Riscv64CEbreak => BreakInstruction::Riscv64Ebreak,
            other => other,
        };
        let text = [instruction.bytes(), code.bytes()].concat();
        let new = NewProcess::create(job.0, &text, 1, &[passes]);
        let start = new.text[0];
        let start_process = || {
            start_thread(&new.killed.0, start, new.data, 0);
            Ok((new.process(), ()))
        };
        let (traced, _, ()) = Traced::start_in(job.0, start_process).unwrap();
        new.into_debuggee(traced, code.copied_to(start + instruction.bytes().len()))
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
        let argument = ManuallyDrop::new(new_handle(|out| {
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
    let consumed = ManuallyDrop::new(vmo);
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
