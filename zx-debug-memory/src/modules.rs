use crate::{MemoryMap, Module, ReadMemory};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::slice;
use zx_process_memory::Status;

mod elf;
mod image;
mod loaded;
mod reader;
#[cfg(test)]
mod tests;

use reader::Reader;

/// The ELF images in the memory of a process, in address order: the program, its libraries, the program
/// loader and the vDSO.
///
/// They are found in memory: the ELF header at the start of a mapping, and the program headers. No file,
/// no list of the loader and no property of the process is read. So a process can be read that has not
/// run yet, that has crashed, or whose files are gone. Fuchsia's library elf-search works in the same
/// way.
///
/// 32-bit images are found too. Big-endian ones are not.
///
/// # What is a module
///
/// A mapping that begins at offset 0 of its VMO with the header of a program or library (`ET_EXEC`,
/// `ET_DYN`), whose segments with code are mapped as executable. An ELF file that is only mapped as data
/// is therefore not a module. One that has neither code nor variables cannot be distinguished, and is
/// one.
///
/// Missing are
///
/// - images whose header is not in memory, or is writable and not executable;
/// - a library while the loader maps it;
/// - images with more than 64 program headers;
/// - images with a segment in the addresses of a module at a lower address.
///
/// # Memory that cannot be trusted
///
/// The memory can contain anything, and can change between two reads. A header that is malformed or
/// cannot be read leads to a missing module, or to a missing field of a [`Module`]. The following is
/// bounded:
///
/// | | bound |
/// |---|---|
/// | mappings that are read | those at offset 0 of their VMO, or without a VMO, that are not plain data |
/// | reads for such a mapping | 1 of 1 KiB; 11 more of at most 4 KiB if it has an ELF header (usually 2) |
/// | memory for a module | 64 segments, a soname of 255 bytes, a build ID of 64 bytes |
/// | dynamic section, notes of one segment | the first 4 KiB |
/// | note segments | 8 |
///
/// A process can hide a module, and can make one up.
///
/// # Examples
///
/// ```
/// # #[cfg(target_os = "linux")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::process::{Command, Stdio};
/// use zx_debug_memory::{MemoryMap, Modules};
/// use zx_process_memory::Process;
///
/// let mut child = Command::new("yes").stdout(Stdio::piped()).spawn()?;
/// # // The output shows that the program is loaded.
/// # std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0])?;
/// let process = Process::from_child(&child)?;
/// let map = MemoryMap::read(&process)?;
/// let modules = Modules::read(&map, &process)?;
/// for module in &modules {
///     println!("{module}"); // 0x7f1c8a000000-0x7f1c8a1d3a50 libc.so.6 86a3b0…
/// }
///
/// // The module, and the address in its file: what a symbolizer needs.
/// let entry = modules.iter().find_map(|module| module.entry).ok_or("no entry point")?;
/// let module = modules.find(entry).ok_or("no module")?;
/// let relative = module.to_relative(entry).ok_or("not in the module")?;
/// assert_eq!(module.to_vaddr(relative), Some(entry));
/// assert!(module.extent().contains(&entry));
/// println!("{:?}+{relative:#x}", module.build_id);
/// # child.kill()?;
/// # child.wait()?;
/// # Ok(())
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Modules {
    modules: Vec<Module>,
    /// The index of the module, and the end of the segment, by the start of the segment. No two
    /// segments overlap.
    segments: BTreeMap<usize, (usize, usize)>,
}

impl Modules {
    /// Finds the modules of a process: reads the start of each mapping of `map` that may begin with an
    /// ELF header, and what the header refers to.
    ///
    /// `memory` is the [`Process`](zx_process_memory::Process) that the map was read from, or its
    /// [`Breakpoints`](crate::Breakpoints): then no break instruction is read.
    ///
    /// Wraps `zx_process_read_memory`.
    ///
    /// # Errors
    ///
    /// Unreadable memory is not an error, unless nothing could be read. Then the status is that of the
    /// first read, one of those of [`Process::read_memory`](zx_process_memory::Process::read_memory):
    ///
    /// - [`AccessDenied`](Status::AccessDenied): the handle lacks
    ///   [`Rights::READ_MEMORY`](zx_process_memory::Rights::READ_MEMORY). On Linux: Linux refuses the
    ///   reads.
    /// - [`NoMemory`](Status::NoMemory), [`NotFound`](Status::NotFound) or
    ///   [`BadState`](Status::BadState): the process has ended since the map was read, or the map is
    ///   that of another process.
    /// - [`BadHandle`](Status::BadHandle): the raw handle was closed elsewhere.
    ///
    /// An example is at [`Modules`].
    pub fn read<M: ReadMemory + ?Sized>(map: &MemoryMap, memory: &M) -> Result<Self, Status> {
        let mut reader = Reader::new(memory);
        let mut found = Self {
            modules: Vec::new(),
            segments: BTreeMap::new(),
        };
        let mappings = map.iter();
        for mapping in mappings.filter(|mapping| loaded::may_have_header(mapping)) {
            // If two segments share a page of the file, both mappings can begin with the header.
            if found.overlaps(&mapping.range) {
                continue;
            }
            if let Some(module) = image::read(map, mapping, &mut reader) {
                found.add(module);
            }
        }
        reader.finish()?;
        Ok(found)
    }

    /// Returns the module with a segment that contains the address.
    ///
    /// An example is at [`Modules`].
    #[must_use]
    pub fn find(&self, vaddr: usize) -> Option<&Module> {
        let (_, (end, module)) = self.segments.range(..=vaddr).next_back()?;
        if vaddr < *end {
            self.modules.get(*module)
        } else {
            None
        }
    }

    /// Returns all modules in the order of their ELF headers' addresses.
    ///
    /// An example is at [`Modules`].
    pub fn iter(&self) -> slice::Iter<'_, Module> {
        self.modules.iter()
    }

    /// Whether a segment of a module has an address in the range.
    fn overlaps(&self, range: &Range<usize>) -> bool {
        let last = self.segments.range(..range.end).next_back();
        last.is_some_and(|(_, (end, _))| range.start < *end)
    }

    /// Adds the module, unless one of its segments overlaps another module.
    fn add(&mut self, module: Module) {
        let mut ranges = module.segments.iter().map(|segment| &segment.range);
        if ranges.any(|range| self.overlaps(range)) {
            return;
        }
        let index = self.modules.len();
        let segments = module.segments.iter();
        let entries = segments.map(|segment| (segment.range.start, (segment.range.end, index)));
        self.segments.extend(entries);
        self.modules.push(module);
    }
}

impl<'a> IntoIterator for &'a Modules {
    type Item = &'a Module;
    type IntoIter = slice::Iter<'a, Module>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Prints the modules, with addresses in hex.
impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Modules").field(&self.modules).finish()
    }
}
