use crate::Breakpoints;
use std::borrow::Borrow;
use zx_process_memory::{Process, Status};

/// Memory of a process that can be read: a [`Process`] itself, or [`Breakpoints`], whose reads return
/// the original bytes instead of break instructions.
///
/// Another source of memory, such as a cache or a core dump, can implement it too.
///
/// ```
/// use zx_debug_memory::ReadMemory;
/// use zx_process_memory::{Process, Status};
///
/// /// Counts the reads.
/// struct Counted<'a>(&'a Process, std::cell::Cell<usize>);
///
/// impl ReadMemory for Counted<'_> {
///     fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
///         self.1.set(self.1.get() + 1);
///         self.0.read_memory(vaddr, buffer)
///     }
/// }
/// ```
pub trait ReadMemory {
    /// Reads memory at the address `vaddr` into `buffer`. Returns the number of bytes read, which is
    /// less than the length if the mapping at `vaddr` ends first, and never more.
    ///
    /// For unmapped memory it returns a status for which [`Status::may_mean_unmapped`] is true.
    ///
    /// # Errors
    ///
    /// Those of [`Process::read_memory`].
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status>;
}

impl ReadMemory for Process {
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        Process::read_memory(self, vaddr, buffer)
    }
}

impl<P: Borrow<Process>> ReadMemory for Breakpoints<P> {
    fn read_memory(&self, vaddr: usize, buffer: &mut [u8]) -> Result<usize, Status> {
        Breakpoints::read_memory(self, vaddr, buffer)
    }
}
