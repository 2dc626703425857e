//! Exceptions of the process.

use super::handle::{OwnedHandle, check, new_handle};
use super::{Result, Thread, ThreadId, Traced};
use fuchsia_zircon_sys as zx;
use zx_debug_memory::{BreakInstruction, Breakpoints};
use zx_process_memory::{Process, Status};

/// An exception in which a thread waits. When it is dropped, the thread continues, or the exception is
/// passed on to the program's own handlers.
pub(super) struct Exception {
    handle: OwnedHandle,
    pub(super) thread: Thread,
    kind: u32,
    /// Whether this is a break instruction that has not been looked up in the list of breakpoints yet.
    is_unknown_break: bool,
}

/// `zx_exception_info_t`.
#[derive(Default)]
#[repr(C)]
pub(super) struct Info {
    pub(super) process: u64,
    thread: ThreadId,
    kind: u32,
    padding: u32,
}

impl Exception {
    fn new(handle: OwnedHandle, kind: u32) -> Result<Self> {
        let thread = new_handle("zx_exception_get_thread", |out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { zx::zx_exception_get_thread(handle.0, out) }
        })?;
        let exception = Self {
            handle,
            thread: Thread(thread),
            kind,
            is_unknown_break: kind == zx::ZX_EXCP_SW_BREAKPOINT,
        };
        if [zx::ZX_EXCP_THREAD_STARTING, zx::ZX_EXCP_THREAD_EXITING].contains(&kind) {
            exception.set_handled()?;
        }
        Ok(exception)
    }

    /// Lets the thread continue when the handle is closed. Without this call the kernel passes the exception
    /// on, and ends the process if nothing handles it.
    fn set_handled(&self) -> Result<()> {
        let (property, value) = (zx::ZX_PROP_EXCEPTION_STATE, zx::ZX_EXCEPTION_STATE_HANDLED);
        // SAFETY: `value` is valid for reads of its size.
        let raw = unsafe {
            let (from, size) = ((&raw const value).cast(), size_of_val(&value));
            zx::zx_object_set_property(self.handle.0, property, from, size)
        };
        check("zx_object_set_property", raw)
    }

    /// If the thread has stopped at a breakpoint, sets its program counter and returns the address.
    /// Returns it once.
    pub(super) fn recognize(
        &mut self,
        breakpoints: &Breakpoints<Process>,
    ) -> Result<Option<usize>> {
        if !std::mem::take(&mut self.is_unknown_break) {
            return Ok(None);
        }
        let mut general = self.thread.general()?;
        let Some(vaddr) = breakpoints.stopped_at(super::thread::pc(&general)?) else {
            return Ok(None);
        };
        super::thread::set_pc(&mut general, vaddr)?;
        self.thread.set_general(&general)?;
        self.set_handled()?;
        Ok(Some(vaddr))
    }

    /// Clears the single-step flag of a thread that has executed one instruction.
    ///
    /// The instruction can have raised another exception. This one is then passed on later.
    pub(super) fn end_step(&self) -> Result<()> {
        match self.kind {
            // The thread executes nothing more.
            zx::ZX_EXCP_THREAD_EXITING => return Ok(()),
            zx::ZX_EXCP_HW_BREAKPOINT => self.set_handled()?,
            _ => {}
        }
        self.thread.set_single_step(false)
    }

    pub(super) const fn is_break(&self) -> bool {
        self.is_unknown_break
    }

    /// Lets a thread continue after a break instruction that is not a breakpoint.
    pub(super) fn skip_break(&mut self, process: &Process) -> Result<()> {
        let mut general = self.thread.general()?;
        let pc = super::thread::pc(&general)?;
        super::thread::set_pc(&mut general, pc + break_len(pc, process)?)?;
        self.thread.set_general(&general)?;
        self.is_unknown_break = false;
        self.set_handled()
    }

    /// Ends the exception. The thread continues.
    pub(super) fn into_thread(self) -> Thread {
        drop(self.handle);
        self.thread
    }
}

/// The length of the break instruction at which the program counter is: on x86-64 it is already after it.
fn break_len(pc: usize, process: &Process) -> Result<usize> {
    if cfg!(target_arch = "x86_64") {
        return Ok(0);
    }
    let mut first = [0];
    process.read_exact_memory(pc, &mut first)?;
    let instruction = if cfg!(target_arch = "riscv64") {
        BreakInstruction::riscv64(first[0])
    } else {
        BreakInstruction::Arm64Brk
    };
    Ok(instruction.bytes().len())
}

/// Takes an exception from the channel. `None` if there is none.
pub(super) fn read(channel: &OwnedHandle) -> Result<Option<(Info, Exception)>> {
    let (mut info, mut handle) = (Info::default(), 0);
    let size = u32::try_from(size_of::<Info>())?;
    let none = std::ptr::null_mut();
    // SAFETY: `info` is valid for a write of `size` bytes, `handle` for a write of one handle, and the call
    // allows null counts.
    let raw = unsafe {
        let (bytes, handles) = ((&raw mut info).cast(), &raw mut handle);
        zx::zx_channel_read(channel.0, 0, bytes, handles, size, 1, none, none)
    };
    match Status::ok(raw) {
        Err(Status::ShouldWait | Status::PeerClosed) => return Ok(None),
        result => result.map_err(|status| format!("zx_channel_read: {status}"))?,
    }
    let exception = Exception::new(OwnedHandle(handle), info.kind)?;
    Ok(Some((info, exception)))
}

impl Traced {
    /// Takes an exception from the channel and holds it. Returns its thread, or `None` if there is none.
    pub(super) fn hold_next(&mut self) -> Result<Option<ThreadId>> {
        let next = read(&self.channel)?.map(|(info, exception)| {
            self.held.insert(info.thread, exception);
            info.thread
        });
        Ok(next)
    }
}
