use crate::hex::Hex;
use crate::{BreakInstruction, BreakpointError};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use zx_process_memory::Process;

mod lift;
mod memory;
mod removal;
mod shadow;

pub use lift::LiftError;
pub use removal::{OnDrop, Removal};

/// The software breakpoints of one process, with reads and writes that hide them.
///
/// A breakpoint replaces an instruction of the process by a [`BreakInstruction`]. `Breakpoints`
/// stores the original bytes:
///
/// - Reads through `Breakpoints` return the original bytes instead of the break instructions.
/// - Writes through `Breakpoints` change the original bytes where a break instruction is, and
///   memory everywhere else. [`remove`](Self::remove) writes the changed original bytes back.
///
/// GDB calls this shadow contents. Reads and writes may overlap breakpoints in any way.
///
/// `P` is the process: a [`Process`], a `&Process` or an [`Arc<Process>`](std::sync::Arc), for
/// example.
///
/// # What the caller must ensure
///
/// - **All threads of the process are suspended** while breakpoints are inserted and removed,
///   and while code is written. These operations are not atomic: a thread that runs can execute
///   half of an instruction, or change bytes between a read and the write that follows it.
/// - **Only one debugger sets breakpoints** in the process. `Breakpoints` takes another
///   debugger's break instructions for the program's own bytes.
/// - **No other process shares the code**, or the breakpoint is meant for it too. On kernels
///   until about 2025 a write changes the VMO that is mapped (measured: December 2018 to April 2021).
///   So every process that maps the same VMO gets the breakpoint, and ends if it does not handle the
///   exception. Later kernels first give a mapping that can never be made writable a private copy
///   (read in the sources). Whether processes share code depends on the program loader. On a system
///   of July 2019 a breakpoint in one child's libc code appeared in another child (measured); the
///   debugger itself can share a library in this way, too. To detect it, search the other processes'
///   memory maps for the koid of the VMO: [`MappingKind`](crate::MappingKind) has an example.
/// - **The code is mapped once.** A write through one mapping changes the shared memory, so the breakpoint is at
///   the other addresses too. A thread that stops there is not recognized: [`stopped_at`](Self::stopped_at)
///   returns `None`, and the break instruction seems to be the program's own. A second breakpoint at such an
///   address takes the break instruction of the first one for the original bytes (executed: July 2019,
///   April 2021, Linux).
/// - **The process does not fork** (Linux). The memory of a forked process is a copy, with the
///   break instructions, and the process ends with `SIGTRAP` when it reaches one. `Breakpoints`
///   changes only the process that it was created with, also on drop. To remove the
///   breakpoints from a suspended forked process, read the original bytes through `Breakpoints`
///   and write them through the other process's handle.
/// - **Breakpoints are not accessed in other ways.** Reads and writes through the
///   [`process`](Self::process) itself, its integers and its cursors access memory directly: they
///   return break instructions, and what they write at a breakpoint is lost on removal.
/// - **The instruction cache is synced** on arm64 and riscv64. `zx_process_write_memory` does not
///   do it (read in the sources of 2018 to 2026), so a core can continue to execute the old
///   instruction. The emulators that run this crate's tests do not reproduce that.
///
/// # Drop
///
/// [`OnDrop`] selects whether the breakpoints are removed when the value is dropped, or stay in
/// the process. [`into_inner`](Self::into_inner) does the same and returns the process.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop, Removal};
/// use zx_process_memory::Process;
///
/// // Stands for a program's code.
/// static CODE: AtomicU32 = AtomicU32::new(u32::from_le_bytes([0x55, 0x48, 0x89, 0xe5]));
/// fn memory() -> [u8; 4] {
///     CODE.load(Ordering::Relaxed).to_le_bytes()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // SAFETY: only `CODE` is written: an atomic, for which every value is valid.
/// let process = unsafe { Process::current() }?;
/// let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
/// let vaddr = CODE.as_ptr().addr();
/// breakpoints.insert(vaddr, BreakInstruction::X86Int3)?;
/// assert_eq!(memory(), [0xcc, 0x48, 0x89, 0xe5]);
///
/// let mut buffer = [0; 4];
/// breakpoints.read_exact_memory(vaddr, &mut buffer)?;
/// assert_eq!(buffer, [0x55, 0x48, 0x89, 0xe5]);
///
/// breakpoints.write_all_memory(vaddr, &[0x90, 0x90])?;
/// assert_eq!(memory(), [0xcc, 0x90, 0x89, 0xe5]);
/// assert_eq!(breakpoints.remove(vaddr)?, Removal::Restored);
/// assert_eq!(memory(), [0x90, 0x90, 0x89, 0xe5]);
/// # Ok(())
/// # }
/// ```
pub struct Breakpoints<P: Borrow<Process>> {
    /// `None` only after `into_inner` has taken it.
    process: Option<P>,
    /// By address. No two overlap.
    inserted: BTreeMap<usize, Breakpoint>,
    on_drop: OnDrop,
}

#[derive(Clone)]
struct Breakpoint {
    instruction: BreakInstruction,
    /// The first `len()` bytes are used.
    original: [u8; MAX_LEN],
    /// A write stopped part-way and its rollback failed, so memory contains parts of the break
    /// instruction and of the original bytes.
    is_corrupted: bool,
}

/// The length of the longest break instruction, in bytes.
const MAX_LEN: usize = 4;

impl Breakpoint {
    fn original(&self) -> &[u8] {
        &self.original[..self.len()]
    }

    fn len(&self) -> usize {
        self.instruction.bytes().len()
    }
}

impl<P: Borrow<Process>> Breakpoints<P> {
    /// Creates an empty set of breakpoints. Makes no system call.
    ///
    /// An example is at [`Breakpoints`].
    pub const fn new(process: P, on_drop: OnDrop) -> Self {
        Self {
            process: Some(process),
            inserted: BTreeMap::new(),
            on_drop,
        }
    }

    /// Returns the process.
    ///
    /// Reads and writes through it access memory directly: a read returns break instructions, and
    /// a write at a breakpoint destroys it.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # use zx_process_memory::{Process, Status};
    /// # fn main() -> Result<(), Status> {
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { Process::current() }?;
    /// let breakpoints = Breakpoints::new(&process, OnDrop::Remove);
    /// assert_eq!(breakpoints.process().koid()?, process.koid()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn process(&self) -> &Process {
        match &self.process {
            Some(process) => process.borrow(),
            None => unreachable!("only `into_inner` takes the process, and it consumes `self`"),
        }
    }

    /// Returns the addresses and instructions of all breakpoints, in address order.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// let breakpoints = Breakpoints::new(&process, OnDrop::Remove);
    /// assert_eq!(breakpoints.iter().count(), 0);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (usize, BreakInstruction)> {
        let inserted = self.inserted.iter();
        inserted.map(|(vaddr, breakpoint)| (*vaddr, breakpoint.instruction))
    }

    /// Returns the instruction of the breakpoint at `vaddr`, or `None` if no breakpoint begins
    /// there. Makes no system call.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// let breakpoints = Breakpoints::new(&process, OnDrop::Remove);
    /// assert_eq!(breakpoints.get(0x1000), None);
    /// ```
    pub fn get(&self, vaddr: usize) -> Option<BreakInstruction> {
        let breakpoint = self.inserted.get(&vaddr)?;
        Some(breakpoint.instruction)
    }

    /// Returns whether a breakpoint begins at `vaddr` and its break instruction is still in
    /// memory.
    ///
    /// It is `false` if the program has overwritten or unmapped the instruction, and if the
    /// instruction cannot be read.
    ///
    /// Wraps `zx_process_read_memory`.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// let breakpoints = Breakpoints::new(&process, OnDrop::Remove);
    /// assert!(!breakpoints.is_intact(0x1000));
    /// ```
    pub fn is_intact(&self, vaddr: usize) -> bool {
        self.get(vaddr)
            .is_some_and(|instruction| self.contains(vaddr, instruction.bytes()))
    }

    /// Returns the address of the breakpoint at which a thread has stopped, or `None` if the break
    /// instruction is not one of these breakpoints. Makes no system call.
    ///
    /// `pc` is the program counter that the exception reports. Set the program counter to the returned
    /// address before the thread continues: on x86-64 `pc` is one past it.
    ///
    /// Call it only if the thread has executed a break instruction: on Fuchsia `ZX_EXCP_SW_BREAKPOINT`,
    /// on Linux `SIGTRAP` with the code `SI_KERNEL` (x86-64) or `TRAP_BRKPT`. A thread can reach the same
    /// program counter in other ways. A breakpoint that
    /// [`lift`](Self::lift) has lifted, or that the program has overwritten, counts too: another thread
    /// can have executed it before. A breakpoint that was removed does not count. So set the program
    /// counters of all threads that stopped at a breakpoint before you remove it. On Linux this includes
    /// threads that were interrupted after the break instruction, while their `SIGTRAP` is pending.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU8, Ordering};
    /// # use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
    /// # use zx_process_memory::Process;
    /// # static CODE: AtomicU8 = AtomicU8::new(0x55);
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: only `CODE` is written: an atomic, for which every value is valid.
    /// # let process = unsafe { Process::current() }?;
    /// # let vaddr = CODE.as_ptr().addr();
    /// # let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
    /// breakpoints.insert(vaddr, BreakInstruction::X86Int3)?;
    /// assert_eq!(breakpoints.stopped_at(vaddr + 1), Some(vaddr));
    /// assert_eq!(breakpoints.stopped_at(vaddr), None);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stopped_at(&self, pc: usize) -> Option<usize> {
        [pc.wrapping_sub(1), pc].into_iter().find(|vaddr| {
            let instruction = self.get(*vaddr);
            instruction.is_some_and(|instruction| instruction.vaddr_from_pc(pc) == *vaddr)
        })
    }

    /// Inserts a breakpoint at `vaddr`: stores the original bytes and writes the break
    /// instruction.
    ///
    /// Wraps `zx_process_read_memory` and `zx_process_write_memory`. The instruction may cross
    /// from one mapping into the next.
    ///
    /// # Errors
    ///
    /// After [`RollbackFailed`](BreakpointError::RollbackFailed) the breakpoint is inserted. After
    /// any other error no breakpoint is inserted and the memory is unchanged.
    ///
    /// - [`Misaligned`](BreakpointError::Misaligned): `vaddr` is not a multiple of the
    ///   instruction's [`alignment`](BreakInstruction::alignment).
    /// - [`Overlaps`](BreakpointError::Overlaps): the instruction overlaps another breakpoint.
    /// - [`Read`](BreakpointError::Read): the original bytes could not be read. The statuses are
    ///   those of [`Process::read_exact_memory`].
    /// - [`Write`](BreakpointError::Write): the break instruction could not be written. The
    ///   statuses are those of [`Process::write_all_memory`].
    /// - [`RollbackFailed`](BreakpointError::RollbackFailed): a write stopped part-way, and the
    ///   original bytes could not be written back. [`remove`](Self::remove) tries it again.
    ///
    /// An example is at [`Breakpoints`].
    pub fn insert(
        &mut self,
        vaddr: usize,
        instruction: BreakInstruction,
    ) -> Result<(), BreakpointError> {
        let alignment = instruction.alignment();
        if vaddr % alignment != 0 {
            return Err(BreakpointError::Misaligned { vaddr, alignment });
        }
        let bytes = instruction.bytes();
        // If the end is past the last address, the read below returns an error.
        let range = vaddr..vaddr.saturating_add(bytes.len());
        if let Some((other, _)) = self.first_in(range) {
            return Err(BreakpointError::Overlaps { vaddr, other });
        }
        let mut original = [0; MAX_LEN];
        self.process()
            .read_exact_memory(vaddr, &mut original[..bytes.len()])
            .map_err(|source| BreakpointError::Read { vaddr, source })?;
        let result = self.replace(vaddr, &original[..bytes.len()], bytes);
        let is_corrupted = matches!(result, Err(BreakpointError::RollbackFailed { .. }));
        if result.is_ok() || is_corrupted {
            let breakpoint = Breakpoint {
                instruction,
                original,
                is_corrupted,
            };
            self.inserted.insert(vaddr, breakpoint);
        }
        result
    }

    /// Ends the breakpoints as [`OnDrop`] selects, and returns the process.
    ///
    /// With [`OnDrop::Remove`], breakpoints that cannot be removed stay in the process and are
    /// logged at level warn, as on drop. Call [`remove_all`](Self::remove_all) first to get the
    /// errors.
    ///
    /// Wraps `zx_process_read_memory` and `zx_process_write_memory`.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU8, Ordering};
    /// # use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop};
    /// # use zx_process_memory::Process;
    /// # static CODE: AtomicU8 = AtomicU8::new(0x55);
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # // SAFETY: only `CODE` is written: an atomic, for which every value is valid.
    /// # let process = unsafe { Process::current() }?;
    /// # let vaddr = CODE.as_ptr().addr();
    /// let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
    /// breakpoints.insert(vaddr, BreakInstruction::X86Int3)?;
    /// let process: Process = breakpoints.into_inner();
    ///
    /// let mut byte = [0];
    /// process.read_exact_memory(vaddr, &mut byte)?;
    /// assert_eq!(byte, [0x55]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_inner(mut self) -> P {
        self.end();
        match self.process.take() {
            Some(process) => process,
            None => unreachable!("only `into_inner` takes the process, and it consumes `self`"),
        }
    }

    /// Returns the first breakpoint with a byte in the range.
    fn first_in(&self, range: Range<usize>) -> Option<(usize, Breakpoint)> {
        if range.is_empty() {
            return None;
        }
        let before = range.start.saturating_sub(MAX_LEN - 1);
        self.inserted
            .range(before..range.end)
            .find(|(vaddr, breakpoint)| range.start < *vaddr + breakpoint.len())
            .map(|(vaddr, breakpoint)| (*vaddr, breakpoint.clone()))
    }
}

/// Prints the process's raw handle, the breakpoints and the [`OnDrop`]. Prints no bytes of the
/// process, and makes no system call.
impl<P: Borrow<Process>> fmt::Debug for Breakpoints<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inserted: BTreeMap<_, _> = self
            .iter()
            .map(|(vaddr, instruction)| (Hex(vaddr), instruction))
            .collect();
        f.debug_struct("Breakpoints")
            .field("process", &Hex(self.process().as_raw()))
            .field("inserted", &inserted)
            .field("on_drop", &self.on_drop)
            .finish()
    }
}
