//! A process's memory and its breakpoints for GDB, by way of `gdbstub`.
//!
//! A debugger with a [`Target`](gdbstub::target::Target) of its own hands its memory and breakpoint methods on to
//! [`read_addrs`], [`write_addrs`], [`add_sw_breakpoint`] and [`remove_sw_breakpoint`], and
//! takes its `Arch` from `gdbstub_arch`. [`MemoryTarget`] is such a target, with memory and
//! nothing else: the example `gdbserver` serves it to a stock `gdb`.
//!
//! What GDB reads shows no breakpoints, and what it writes over one is kept: see
//! [`Breakpoints`], which also says what must hold. A breakpoint in a process that nobody
//! stops, and whose exceptions nobody handles, kills it.
//!
//! gdbstub reads in parts if a request is larger than its packet buffer, and puts them
//! together wrongly where one comes short. Give it a buffer of a fixed size, by
//! `GdbStub::builder(..).with_packet_buffer(..)`: requests are at most as large then.

use crate::{BreakInstruction, BreakpointError, Breakpoints};
use gdbstub::target::TargetError;
use std::borrow::Borrow;
use zx_process_memory::{Process, Status};

mod arch;
mod memory_target;

pub use arch::{Arm64, MemoryArch, Riscv64, UnavailableRegisters, X86_64};
pub use memory_target::MemoryTarget;

/// For `SingleThreadBase::read_addrs` and `MultiThreadBase::read_addrs`: reads until the
/// buffer is full or something is not mapped, and goes on from one mapping to the next.
///
/// Wraps `zx_process_read_memory`.
///
/// # Errors
///
/// If not one byte could be read, the errno that is nearest to the status: `EFAULT` where
/// nothing is mapped (on Zircon, too, where the process is gone), `EACCES` where the handle
/// lacks the right, else `EIO` (on the stand-in, too, where the process is gone).
///
/// ```
/// use gdbstub::target::TargetResult;
/// use zx_debug_memory::gdb::{self, MemoryTarget, X86_64};
/// # use zx_debug_memory::{Breakpoints, OnDrop};
/// use zx_process_memory::Process;
///
/// type Debugger = MemoryTarget<Process, X86_64>;
///
/// fn read(debugger: &mut Debugger, vaddr: u64, data: &mut [u8]) -> TargetResult<usize, Debugger> {
///     gdb::read_addrs(debugger.breakpoints(), vaddr, data)
/// }
/// # static TEXT: [u8; 2] = [7; 2];
/// # // SAFETY: nothing is written.
/// # let process = unsafe { Process::current() }.unwrap();
/// # let mut debugger = Debugger::new(Breakpoints::new(process, OnDrop::Remove));
/// # let mut data = [0; 2];
/// # assert_eq!(read(&mut debugger, TEXT.as_ptr().addr() as u64, &mut data).ok(), Some(2));
/// # assert_eq!(data, TEXT);
/// # assert!(read(&mut debugger, 0, &mut data).is_err());
/// ```
pub fn read_addrs<P: Borrow<Process>, E>(
    breakpoints: &Breakpoints<P>,
    vaddr: u64,
    data: &mut [u8],
) -> Result<usize, TargetError<E>> {
    match breakpoints.read_exact_memory(address(vaddr)?, data) {
        Ok(()) => Ok(data.len()),
        Err(stopped) if stopped.transferred > 0 => Ok(stopped.transferred),
        Err(stopped) => Err(errno(stopped.status)),
    }
}

/// For `SingleThreadBase::write_addrs` and `MultiThreadBase::write_addrs`.
///
/// Wraps `zx_process_write_memory`.
///
/// # Errors
///
/// The errno that is nearest to the status, as for [`read_addrs`]. What comes before the
/// place of the error has been written.
///
/// ```
/// # use gdbstub::target::TargetResult;
/// # use std::sync::atomic::{AtomicU16, Ordering};
/// # use zx_debug_memory::gdb::{self, MemoryTarget, X86_64};
/// # use zx_debug_memory::{Breakpoints, OnDrop};
/// # use zx_process_memory::Process;
/// # type Debugger = MemoryTarget<Process, X86_64>;
/// # static TEXT: AtomicU16 = AtomicU16::new(0);
/// # // SAFETY: only `TEXT` is written: an atomic, to which every value is valid.
/// # let process = unsafe { Process::current() }.unwrap();
/// # let mut debugger = Debugger::new(Breakpoints::new(process, OnDrop::Remove));
/// let vaddr = TEXT.as_ptr().addr() as u64;
/// let written: TargetResult<(), Debugger> =
///     gdb::write_addrs(debugger.breakpoints_mut(), vaddr, &[1; 2]);
/// assert!(written.is_ok());
/// assert_eq!(TEXT.load(Ordering::Relaxed), 0x0101);
/// ```
pub fn write_addrs<P: Borrow<Process>, E>(
    breakpoints: &mut Breakpoints<P>,
    vaddr: u64,
    data: &[u8],
) -> Result<(), TargetError<E>> {
    let outcome = breakpoints.write_all_memory(address(vaddr)?, data);
    outcome.map_err(|stopped| errno(stopped.status))
}

/// For `SwBreakpoint::add_sw_breakpoint`: `Ok(false)` where none can be, and the log says why
/// at level debug. One that is there already is `Ok(true)`: GDB may say it twice.
///
/// GDB's _kind_ becomes an instruction by [`MemoryArch::break_instruction`].
///
/// # Errors
///
/// None today; the signature is that of the trait's method.
///
/// ```
/// # use gdbstub::target::TargetResult;
/// # use std::sync::atomic::{AtomicU16, Ordering};
/// # use zx_debug_memory::gdb::{self, MemoryArch, MemoryTarget, Riscv64};
/// # use zx_debug_memory::{Breakpoints, OnDrop};
/// # use zx_process_memory::Process;
/// # type Debugger = MemoryTarget<Process, Riscv64>;
/// # static TEXT: AtomicU16 = AtomicU16::new(0);
/// # // SAFETY: only `TEXT` is written: an atomic, to which every value is valid.
/// # let process = unsafe { Process::current() }.unwrap();
/// # let mut debugger = Debugger::new(Breakpoints::new(process, OnDrop::Remove));
/// # let vaddr = TEXT.as_ptr().addr() as u64;
/// let instruction = Riscv64::break_instruction(2).unwrap();
/// let breakpoints = debugger.breakpoints_mut();
/// let added: TargetResult<bool, Debugger> =
///     gdb::add_sw_breakpoint(breakpoints, vaddr, instruction);
/// assert!(added.is_ok_and(|added| added));
/// assert_eq!(TEXT.load(Ordering::Relaxed).to_ne_bytes(), [0x02, 0x90]);
/// let removed: TargetResult<bool, Debugger> = gdb::remove_sw_breakpoint(breakpoints, vaddr);
/// assert!(removed.is_ok_and(|removed| removed));
/// ```
pub fn add_sw_breakpoint<P: Borrow<Process>, E>(
    breakpoints: &mut Breakpoints<P>,
    vaddr: u64,
    instruction: BreakInstruction,
) -> Result<bool, TargetError<E>> {
    let Ok(vaddr) = address::<E>(vaddr) else {
        return Ok(false);
    };
    if breakpoints.iter().any(|one| one == (vaddr, instruction)) {
        if breakpoints.is_intact(vaddr) {
            return Ok(true);
        }
        // The program has overwritten it, and this is a new one.
        breakpoints.forget(vaddr);
    }
    Ok(is_done(&breakpoints.insert(vaddr, instruction)))
}

/// For `SwBreakpoint::remove_sw_breakpoint`: `Ok(false)` where it cannot be taken out, and the
/// log says why at level debug. Where none is, or the program has overwritten it, there is
/// nothing to do: `Ok(true)`.
///
/// # Errors
///
/// None today; the signature is that of the trait's method.
///
/// An example is at [`add_sw_breakpoint`].
pub fn remove_sw_breakpoint<P: Borrow<Process>, E>(
    breakpoints: &mut Breakpoints<P>,
    vaddr: u64,
) -> Result<bool, TargetError<E>> {
    let Ok(vaddr) = address::<E>(vaddr) else {
        return Ok(true);
    };
    match breakpoints.remove(vaddr) {
        Err(BreakpointError::NotInserted { .. }) => Ok(true),
        outcome => Ok(is_done(&outcome)),
    }
}

fn is_done<D>(outcome: &Result<D, BreakpointError>) -> bool {
    if let Err(error) = outcome {
        log::debug!("{error}");
    }
    outcome.is_ok()
}

/// GDB's addresses are 64 bits wide everywhere.
fn address<E>(vaddr: u64) -> Result<usize, TargetError<E>> {
    usize::try_from(vaddr).map_err(|_| TargetError::Errno(EFAULT))
}

const EIO: u8 = 5;
const EACCES: u8 = 13;
const EFAULT: u8 = 14;

/// GDB shows the number, which is Linux's wherever the server runs.
fn errno<E>(status: Status) -> TargetError<E> {
    TargetError::Errno(match status {
        Status::NoMemory | Status::NotFound | Status::OutOfRange => EFAULT,
        Status::AccessDenied | Status::NotSupported => EACCES,
        _ => EIO,
    })
}
