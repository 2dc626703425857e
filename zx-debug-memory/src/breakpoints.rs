use crate::{BreakInstruction, BreakpointError};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use zx_process_memory::{Process, Status, TransferError};

mod shadow;

/// The breakpoints of one process, and a view of its memory that does not show them.
///
/// A breakpoint is an instruction written over another, whose bytes are original. Reads through
/// here show the original bytes, and writes over a breakpoint go to them, at any overlap: the
/// program looks as if nobody had touched it, and a patch over a breakpoint neither loses
/// the patch nor the breakpoint.
///
/// It holds the process as the caller likes: `&Process`, a [`Process`], an
/// [`Arc`](std::sync::Arc) of one.
///
/// # What must hold
///
/// - **All threads are suspended** while breakpoints are inserted and removed and while code
///   is written: none of it is atomic. One that runs may execute half an instruction, or
///   change the bytes between the look and the write.
/// - **Nobody else sets breakpoints** in this process. Another debugger's are taken for the
///   program's own bytes.
/// - **Text that is shared.** On kernels before 2025 a write goes into the VMO that is
///   mapped. Where other processes map the same VMO, they get the breakpoint too, and die of
///   it. ([`MappingKind::Vmo`](crate::MappingKind::Vmo) tells the koid; program loaders give each process
///   a copy-on-write clone.)
/// - **Integers and cursors** of `zx-process-memory` work on the process itself: they show
///   the break instructions, and what they write over one is lost when it is removed.
/// - **The instruction cache.** On arm64 and riscv64 a core may go on to execute the old
///   instruction until its cache is synced, which the write does not do. No emulator that
///   the tests ran on shows that.
///
/// # What happens on drop
///
/// [`OnDrop`] says: the breakpoints are removed, or left where they are.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use zx_debug_memory::{BreakInstruction, Breakpoints, OnDrop, Removal};
/// use zx_process_memory::Process;
///
/// // Stands for a program's text.
/// static TEXT: AtomicU32 = AtomicU32::new(u32::from_le_bytes([0x55, 0x48, 0x89, 0xe5]));
/// fn raw() -> [u8; 4] {
///     TEXT.load(Ordering::Relaxed).to_le_bytes()
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // SAFETY: only `TEXT` is written: an atomic, to which every value is valid.
/// let process = unsafe { Process::current() }?;
/// let mut breakpoints = Breakpoints::new(process, OnDrop::Remove);
/// let vaddr = TEXT.as_ptr().addr();
/// breakpoints.insert(vaddr, BreakInstruction::X86Int3)?;
/// assert_eq!(raw(), [0xcc, 0x48, 0x89, 0xe5]);
///
/// let mut seen = [0; 4];
/// breakpoints.read_exact_memory(vaddr, &mut seen)?;
/// assert_eq!(seen, [0x55, 0x48, 0x89, 0xe5]);
///
/// breakpoints.write_all_memory(vaddr, &[0x90, 0x90])?;
/// assert_eq!(raw(), [0xcc, 0x90, 0x89, 0xe5]);
/// assert_eq!(breakpoints.remove(vaddr)?, Removal::Restored);
/// assert_eq!(raw(), [0x90, 0x90, 0x89, 0xe5]);
/// # Ok(())
/// # }
/// ```
pub struct Breakpoints<P: Borrow<Process>> {
    process: P,
    /// By address. No two overlap.
    inserted: BTreeMap<usize, Breakpoint>,
    on_drop: OnDrop,
}

/// What becomes of the breakpoints that are in the process when a [`Breakpoints`] is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnDrop {
    /// They are removed, as by [`Breakpoints::remove_all`]. What cannot be is logged at
    /// level warn.
    Remove,
    /// They are left where they are; the bytes that were original are lost.
    Leave,
}

/// What became of a breakpoint that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use]
pub enum Removal {
    /// The break instruction still stood there, and the original bytes are back. (Of one across
    /// two mappings, one of which is gone, those of the other.)
    Restored,
    /// Something else stood there by now, and was left alone: the program has overwritten
    /// the instruction, or mapped something else there. One changed byte is enough: which of
    /// the others are the program's nobody can tell, for a new instruction may share some
    /// with the break instruction.
    Overwritten,
    /// Nothing is mapped there any more, or the process is gone.
    Unmapped,
}

/// What stands where a breakpoint is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Instruction,
    Other,
    Nothing,
}

#[derive(Clone)]
struct Breakpoint {
    instruction: BreakInstruction,
    /// As many as the instruction has.
    original: [u8; MAX_LEN],
    /// A write stopped half-way and could not be undone: what stands there is neither the
    /// instruction nor the original bytes.
    is_torn: bool,
}

const MAX_LEN: usize = 4;

/// No mapping begins or ends within one, on any kernel.
const PAGE: usize = 4096;

impl Breakpoint {
    fn original(&self) -> &[u8] {
        &self.original[..self.len()]
    }

    fn len(&self) -> usize {
        self.instruction.bytes().len()
    }
}

impl<P: Borrow<Process>> Breakpoints<P> {
    /// No breakpoints yet. Makes no call.
    ///
    /// An example is at [`Breakpoints`].
    pub const fn new(process: P, on_drop: OnDrop) -> Self {
        Self {
            process,
            inserted: BTreeMap::new(),
            on_drop,
        }
    }

    /// The process. What is read and written through it is raw: break instructions show, and
    /// a write over one loses it.
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
        self.process.borrow()
    }

    /// Where breakpoints are, and which instruction each has, by address.
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

    /// Whether a breakpoint is at the address `vaddr` and its instruction still stands: the
    /// program may have overwritten it.
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
        let breakpoint = self.inserted.get(&vaddr);
        breakpoint.is_some_and(|breakpoint| self.stands(vaddr, breakpoint))
    }

    /// Puts a break instruction at the address `vaddr` and keeps what stood there.
    ///
    /// Wraps `zx_process_read_memory` and `zx_process_write_memory`. The instruction may lie
    /// across two mappings.
    ///
    /// # Errors
    ///
    /// After an error no breakpoint is there and the memory is as it was, unless it is
    /// [`RollbackFailed`](BreakpointError::RollbackFailed).
    ///
    /// - [`Misaligned`](BreakpointError::Misaligned): no instruction can begin at `vaddr`.
    /// - [`Overlaps`](BreakpointError::Overlaps): there is a breakpoint.
    /// - [`Read`](BreakpointError::Read), [`Write`](BreakpointError::Write): the statuses
    ///   are those of [`Process::read_exact_memory`] and [`Process::write_all_memory`].
    /// - [`RollbackFailed`](BreakpointError::RollbackFailed): a write stopped half-way, and so did
    ///   the one that was to take it back. The breakpoint is known, so that
    ///   [`remove`](Self::remove) can try again.
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
        // Past the last address the read below will fail.
        let range = vaddr..vaddr.saturating_add(bytes.len());
        if let Some((other, _)) = self.first_in(range) {
            return Err(BreakpointError::Overlaps { vaddr, other });
        }
        let mut original = [0; MAX_LEN];
        self.process()
            .read_exact_memory(vaddr, &mut original[..bytes.len()])
            .map_err(|stopped| BreakpointError::Read { vaddr, stopped })?;
        let outcome = self.replace(vaddr, &original[..bytes.len()], bytes);
        let is_torn = matches!(outcome, Err(BreakpointError::RollbackFailed { .. }));
        if outcome.is_ok() || is_torn {
            let breakpoint = Breakpoint {
                instruction,
                original,
                is_torn,
            };
            self.inserted.insert(vaddr, breakpoint);
        }
        outcome
    }

    /// Puts the original bytes back, if the break instruction still stands there.
    ///
    /// Wraps `zx_process_read_memory` and `zx_process_write_memory`.
    ///
    /// # Errors
    ///
    /// After an error the breakpoint is still known, and
    /// [`remove`](Self::remove) can be called again or [`forget`](Self::forget) instead.
    ///
    /// - [`NotInserted`](BreakpointError::NotInserted): there is none at this address.
    /// - [`Read`](BreakpointError::Read): what stands there could not be looked at.
    /// - [`Write`](BreakpointError::Write): the break instruction is still there.
    /// - [`RollbackFailed`](BreakpointError::RollbackFailed): half of it is.
    ///
    /// An example is at [`Breakpoints`].
    pub fn remove(&mut self, vaddr: usize) -> Result<Removal, BreakpointError> {
        let found = self.inserted.get(&vaddr).cloned();
        let breakpoint = found.ok_or(BreakpointError::NotInserted { vaddr })?;
        let bytes = breakpoint.instruction.bytes();
        let standing = self
            .standing(vaddr, bytes)
            .map_err(|stopped| BreakpointError::Read { vaddr, stopped })?;
        let removed = match standing {
            Standing::Nothing => Removal::Unmapped,
            Standing::Other if !breakpoint.is_torn => Removal::Overwritten,
            Standing::Other | Standing::Instruction => {
                let outcome = self.replace(vaddr, bytes, breakpoint.original());
                if let (Err(BreakpointError::RollbackFailed { .. }), Some(breakpoint)) =
                    (&outcome, self.inserted.get_mut(&vaddr))
                {
                    breakpoint.is_torn = true;
                }
                outcome?;
                Removal::Restored
            }
        };
        self.inserted.remove(&vaddr);
        Ok(removed)
    }

    /// Removes all, and goes on after an error.
    ///
    /// # Errors
    ///
    /// The first one, as of [`remove`](Self::remove). Those that could not be removed are
    /// still known.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// # let mut breakpoints = Breakpoints::new(&process, OnDrop::Leave);
    /// breakpoints.remove_all()?;
    /// assert_eq!(breakpoints.iter().count(), 0);
    /// # Ok::<(), zx_debug_memory::BreakpointError>(())
    /// ```
    pub fn remove_all(&mut self) -> Result<(), BreakpointError> {
        let mut outcome = Ok(());
        for vaddr in self.inserted.keys().copied().collect::<Vec<_>>() {
            // Whatever became of it: it is not there any more.
            outcome = outcome.and(self.remove(vaddr).map(drop));
        }
        outcome
    }

    /// Drops a breakpoint from the list and leaves the memory as it is: for one whose
    /// memory is gone. Says whether there was one.
    ///
    /// ```
    /// # use zx_debug_memory::{Breakpoints, OnDrop};
    /// # // SAFETY: nothing is written.
    /// # let process = unsafe { zx_process_memory::Process::current() }.unwrap();
    /// # let mut breakpoints = Breakpoints::new(&process, OnDrop::Leave);
    /// assert!(!breakpoints.forget(0x1000));
    /// ```
    pub fn forget(&mut self, vaddr: usize) -> bool {
        self.inserted.remove(&vaddr).is_some()
    }

    /// The first breakpoint with a byte in the range.
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

    /// Whether the break instruction still stands. If that cannot be read, it does not.
    fn stands(&self, vaddr: usize, breakpoint: &Breakpoint) -> bool {
        self.standing(vaddr, breakpoint.instruction.bytes()) == Ok(Standing::Instruction)
    }

    /// What stands there now, beside these bytes. What lies in a page that is not mapped any
    /// more has no say.
    fn standing(&self, vaddr: usize, bytes: &[u8]) -> Result<Standing, TransferError> {
        let mut standing = Standing::Nothing;
        for (vaddr, bytes) in pages(vaddr, bytes) {
            let mut now = [0; MAX_LEN];
            let now = &mut now[..bytes.len()];
            match self.process().read_exact_memory(vaddr, now) {
                Ok(()) if now == bytes => standing = Standing::Instruction,
                Ok(()) => return Ok(Standing::Other),
                Err(stopped) if is_nothing(stopped.status) => {}
                Err(stopped) => return Err(stopped),
            }
        }
        Ok(standing)
    }

    /// Writes `new` where `old` stands, all of it or nothing.
    fn replace(&self, vaddr: usize, old: &[u8], new: &[u8]) -> Result<(), BreakpointError> {
        let is_undone = || !matches!(self.standing(vaddr, old), Ok(Standing::Other) | Err(_));
        let Err(stopped) = self.write_pages(vaddr, new) else {
            return Ok(());
        };
        // The undoing stops where the write did, so it is the look that tells.
        if is_undone() || (self.write_pages(vaddr, old), is_undone()).1 {
            return Err(BreakpointError::Write { vaddr, stopped });
        }
        Err(BreakpointError::RollbackFailed { vaddr, stopped })
    }

    /// Writes what lies in pages that are still there; fails if none is.
    fn write_pages(&self, vaddr: usize, bytes: &[u8]) -> Result<(), TransferError> {
        let mut outcome = Ok(());
        for (page_at, bytes) in pages(vaddr, bytes) {
            match self.process().write_all_memory(page_at, bytes) {
                Err(mut stopped) if self.standing(page_at, bytes) != Ok(Standing::Nothing) => {
                    stopped.transferred += page_at - vaddr;
                    return Err(stopped);
                }
                // One that was written makes up for one that is gone.
                now => outcome = outcome.or(now),
            }
        }
        outcome
    }
}

/// The parts of an instruction by the page that they lie in.
fn pages(vaddr: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let first = bytes.len().min(PAGE - vaddr % PAGE);
    let (first, second) = bytes.split_at(first);
    let second_at = vaddr.wrapping_add(first.len());
    [(vaddr, first), (second_at, second)]
        .into_iter()
        .filter(|(_, bytes)| !bytes.is_empty())
}

/// Whether it means that there is no memory. (A kernel that has run out of memory says the
/// same, which then is the lesser trouble.)
fn is_nothing(status: Status) -> bool {
    status.may_mean_unmapped() || matches!(status, Status::OutOfRange | Status::BadState)
}

impl<P: Borrow<Process>> Drop for Breakpoints<P> {
    fn drop(&mut self) {
        if self.on_drop == OnDrop::Remove {
            for vaddr in self.inserted.keys().copied().collect::<Vec<_>>() {
                if let Err(error) = self.remove(vaddr) {
                    log::warn!("a breakpoint is left behind: {error}");
                }
            }
        }
    }
}

/// Shows where breakpoints are; the original bytes are the process's own affair.
impl<P: Borrow<Process>> fmt::Debug for Breakpoints<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inserted: Vec<_> = self
            .inserted
            .keys()
            .map(|vaddr| format!("{vaddr:#x}"))
            .collect();
        f.debug_struct("Breakpoints")
            .field("process", self.process())
            .field("inserted", &inserted)
            .field("on_drop", &self.on_drop)
            .finish()
    }
}
