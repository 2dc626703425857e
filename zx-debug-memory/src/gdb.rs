//! Adaptors that serve a process's memory and breakpoints to GDB through
//! [`gdbstub`](https://docs.rs/gdbstub).
//!
//! - A debugger that implements [`Target`](gdbstub::target::Target) calls [`read_addrs`],
//!   [`write_addrs`], [`add_sw_breakpoint`] and [`remove_sw_breakpoint`] in its trait methods of
//!   the same names, and takes its `Arch` from `gdbstub_arch`.
//! - [`MemoryTarget`] is a complete target that has memory and breakpoints only. The example
//!   `gdbserver` serves it to an unmodified `gdb` or `lldb`. [`refuse_resume`] answers the
//!   commands that would resume or step the process.
//!
//! GDB's reads return the original bytes, and its writes at a breakpoint change the original
//! bytes. [`Breakpoints`] describes that, and lists what a debugger must ensure. A process ends
//! when it reaches a breakpoint and no debugger handles its exceptions.
//!
//! # Packet buffer
//!
//! gdbstub splits a read that is longer than its packet buffer, and joins the parts incorrectly
//! if one of them is short. Set a fixed buffer with
//! `GdbStub::builder(..).with_packet_buffer(..)`: GDB then requests at most its length.

use crate::error_chain::ErrorChain;
use crate::{BreakInstruction, BreakpointError, Breakpoints};
use gdbstub::target::TargetError;
use std::borrow::Borrow;
use zx_process_memory::{Process, Status};

mod arch;
mod memory_target;
mod resume;

pub use arch::{
    Arm32, Arm64, MemoryArch, Riscv64, UnavailableRegister, UnavailableRegisters, X86_32, X86_64,
};
pub use memory_target::MemoryTarget;
pub use resume::refuse_resume;

/// Implements `SingleThreadBase::read_addrs` and `MultiThreadBase::read_addrs`.
///
/// Reads across adjacent mappings until the buffer is full or an address is not mapped. Returns
/// the number of bytes that were read. Reads return the original bytes, as
/// [`Breakpoints::read_exact_memory`] does.
///
/// Wraps `zx_process_read_memory`.
///
/// # Errors
///
/// If no byte could be read, a Linux errno value, which GDB displays:
///
/// - `EFAULT`: nothing is mapped at `vaddr`, or it is past the end of the VMO. On Zircon also: the process has ended (measured: December
///   2018 to April 2021; read in the sources up to 2026).
/// - `EACCES`: the handle lacks a right, a physical VMO is mapped at `vaddr`, or Linux refuses the access.
/// - `EIO`: every other status. With the statuses of the man page, which are the default of the Linux
///   backend, also: the process has ended.
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
/// # static CODE: [u8; 2] = [7; 2];
/// # // SAFETY: nothing is written.
/// # let process = unsafe { Process::current() }.unwrap();
/// # let mut debugger = Debugger::new(Breakpoints::new(process, OnDrop::Remove));
/// # let mut data = [0; 2];
/// # assert_eq!(read(&mut debugger, CODE.as_ptr().addr() as u64, &mut data).ok(), Some(2));
/// # assert_eq!(data, CODE);
/// # assert!(read(&mut debugger, 0, &mut data).is_err());
/// ```
pub fn read_addrs<P: Borrow<Process>, E>(
    breakpoints: &Breakpoints<P>,
    vaddr: u64,
    data: &mut [u8],
) -> Result<usize, TargetError<E>> {
    match breakpoints.read_exact_memory(address(vaddr)?, data) {
        Ok(()) => Ok(data.len()),
        Err(error) if error.transferred > 0 => Ok(error.transferred),
        Err(error) => Err(errno(error.status)),
    }
}

/// Implements `SingleThreadBase::write_addrs` and `MultiThreadBase::write_addrs`.
///
/// Writes across adjacent mappings. At a breakpoint it changes the original bytes, as
/// [`Breakpoints::write_all_memory`] does.
///
/// Wraps `zx_process_write_memory`.
///
/// # Errors
///
/// The errno values of [`read_addrs`]. `EACCES` also if debugging syscalls are off
/// (`kernel.enable-debugging-syscalls`). The bytes before the address that failed are written.
///
/// ```
/// # use gdbstub::target::TargetResult;
/// # use std::sync::atomic::{AtomicU16, Ordering};
/// # use zx_debug_memory::gdb::{self, MemoryTarget, X86_64};
/// # use zx_debug_memory::{Breakpoints, OnDrop};
/// # use zx_process_memory::Process;
/// # type Debugger = MemoryTarget<Process, X86_64>;
/// # static CODE: AtomicU16 = AtomicU16::new(0);
/// # // SAFETY: only `CODE` is written: an atomic, for which every value is valid.
/// # let process = unsafe { Process::current() }.unwrap();
/// # let mut debugger = Debugger::new(Breakpoints::new(process, OnDrop::Remove));
/// let vaddr = CODE.as_ptr().addr() as u64;
/// let written: TargetResult<(), Debugger> =
///     gdb::write_addrs(debugger.breakpoints_mut(), vaddr, &[1; 2]);
/// assert!(written.is_ok());
/// assert_eq!(CODE.load(Ordering::Relaxed), 0x0101);
/// ```
pub fn write_addrs<P: Borrow<Process>, E>(
    breakpoints: &mut Breakpoints<P>,
    vaddr: u64,
    data: &[u8],
) -> Result<(), TargetError<E>> {
    let result = breakpoints.write_all_memory(address(vaddr)?, data);
    result.map_err(|error| errno(error.status))
}

/// Implements `SwBreakpoint::add_sw_breakpoint`.
///
/// Returns `Ok(true)` if the breakpoint is inserted, also if it was before: GDB may insert a
/// breakpoint twice. If the program has overwritten the earlier one, inserts a new one. Returns
/// `Ok(false)` if it cannot be inserted, and logs the error at level debug.
///
/// [`MemoryArch::break_instruction`] converts GDB's _kind_ to the instruction.
///
/// Wraps `zx_process_read_memory` and `zx_process_write_memory`.
///
/// # Errors
///
/// None. The return type is that of the trait method.
///
/// ```
/// # use gdbstub::target::TargetResult;
/// # use std::sync::atomic::{AtomicU16, Ordering};
/// # use zx_debug_memory::gdb::{self, MemoryArch, MemoryTarget, Riscv64};
/// # use zx_debug_memory::{Breakpoints, OnDrop};
/// # use zx_process_memory::Process;
/// # type Debugger = MemoryTarget<Process, Riscv64>;
/// # static CODE: AtomicU16 = AtomicU16::new(0);
/// # // SAFETY: only `CODE` is written: an atomic, for which every value is valid.
/// # let process = unsafe { Process::current() }.unwrap();
/// # let mut debugger = Debugger::new(Breakpoints::new(process, OnDrop::Remove));
/// # let vaddr = CODE.as_ptr().addr() as u64;
/// let instruction = Riscv64::break_instruction(2).unwrap();
/// let breakpoints = debugger.breakpoints_mut();
/// let added: TargetResult<bool, Debugger> =
///     gdb::add_sw_breakpoint(breakpoints, vaddr, instruction);
/// assert!(added.is_ok_and(|added| added));
/// assert_eq!(CODE.load(Ordering::Relaxed).to_ne_bytes(), [0x02, 0x90]);
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
    if breakpoints.get(vaddr) == Some(instruction) {
        if breakpoints.is_intact(vaddr) {
            return Ok(true);
        }
        // The program has overwritten it: the original bytes are out of date.
        breakpoints.forget(vaddr);
    }
    Ok(is_ok_or_log(&breakpoints.insert(vaddr, instruction)))
}

/// Implements `SwBreakpoint::remove_sw_breakpoint`.
///
/// Returns `Ok(true)` if no breakpoint is at `vaddr` afterwards, also if none was inserted or the
/// program has overwritten it. Returns `Ok(false)` if it cannot be removed, and logs the error at
/// level debug.
///
/// Wraps `zx_process_read_memory` and `zx_process_write_memory`.
///
/// # Errors
///
/// None. The return type is that of the trait method.
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
        result => Ok(is_ok_or_log(&result)),
    }
}

/// Whether the result is `Ok`. Logs an error.
fn is_ok_or_log<T>(result: &Result<T, BreakpointError>) -> bool {
    if let Err(error) = result {
        log::debug!("{}", ErrorChain(error));
    }
    result.is_ok()
}

/// GDB's addresses have 64 bits, `usize` may have fewer.
fn address<E>(vaddr: u64) -> Result<usize, TargetError<E>> {
    usize::try_from(vaddr).map_err(|_| TargetError::Errno(EFAULT))
}

// Linux's values: GDB's protocol uses them on every system.
const EIO: u8 = 5;
const EACCES: u8 = 13;
const EFAULT: u8 = 14;

fn errno<E>(status: Status) -> TargetError<E> {
    TargetError::Errno(match status {
        Status::NoMemory | Status::NotFound | Status::OutOfRange => EFAULT,
        Status::AccessDenied | Status::NotSupported => EACCES,
        _ => EIO,
    })
}
