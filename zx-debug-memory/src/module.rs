use crate::hex::Hex;
use crate::{BuildId, Segment};
use std::fmt;
use std::ops::Range;

/// One ELF image in the memory of a process: the program, a library, the program loader or the vDSO.
///
/// A field that is `None` is missing in the image, or its headers are malformed or could not be read.
/// All addresses are in the process, and each range lies in one segment.
///
/// The only name in an image is the soname. Programs usually have none: use the name of the mapping,
/// `map.find(module.program_headers.start)`.
///
/// `Display` prints a line such as `0x7f3c40000000-0x7f3c401d9000 libc.so.6 86a3b0…`.
///
/// An example is at [`Modules`](crate::Modules).
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Module {
    /// The load bias: an address in the process minus the address in the ELF file. The difference wraps
    /// around, since a file can be loaded below the addresses that it was linked for.
    ///
    /// It is 0 for a program that is not position-independent. It is also the address of the ELF header,
    /// if the addresses in the file begin at 0.
    pub bias: usize,
    /// The segments, in address order. There is at least one.
    pub segments: Vec<Segment>,
    /// The name of the library (`DT_SONAME`). Bytes that are not UTF-8 become U+FFFD.
    pub soname: Option<String>,
    /// The build ID.
    pub build_id: Option<BuildId>,
    /// The entry point. Most libraries have none.
    pub entry: Option<usize>,
    /// The program headers.
    pub program_headers: Range<usize>,
    /// The dynamic section (`PT_DYNAMIC`).
    pub dynamic: Option<Range<usize>>,
    /// `.eh_frame_hdr` (`PT_GNU_EH_FRAME`), with which an unwinder begins.
    pub eh_frame_hdr: Option<Range<usize>>,
}

impl Module {
    /// Returns the segment that contains the address.
    ///
    /// An example is at [`Modules`](crate::Modules).
    #[must_use]
    pub fn find(&self, vaddr: usize) -> Option<&Segment> {
        let mut segments = self.segments.iter();
        segments.find(|segment| segment.range.contains(&vaddr))
    }

    /// Converts an address in the process to the module-relative address: the one in the ELF file, which
    /// symbols and debug information have. Returns `None` if no segment contains it.
    ///
    /// An example is at [`Modules`](crate::Modules).
    #[must_use]
    pub fn to_relative(&self, vaddr: usize) -> Option<u64> {
        self.find(vaddr)?;
        u64::try_from(vaddr.wrapping_sub(self.bias)).ok()
    }

    /// Converts a module-relative address to the one in the process. Returns `None` if no segment
    /// contains it.
    ///
    /// An example is at [`Modules`](crate::Modules).
    #[must_use]
    pub fn to_vaddr(&self, relative: u64) -> Option<usize> {
        let vaddr = usize::try_from(relative).ok()?.wrapping_add(self.bias);
        self.find(vaddr).map(|_| vaddr)
    }

    /// Returns the range from the first to the last address of all segments. Its gaps can contain other
    /// modules.
    ///
    /// An example is at [`Modules`](crate::Modules).
    #[must_use]
    pub fn extent(&self) -> Range<usize> {
        let first = self.segments.first().map_or(0, |first| first.range.start);
        let last = self.segments.last().map_or(first, |last| last.range.end);
        first..last
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.extent();
        write!(f, "{start:#x}-{end:#x}")?;
        if let Some(soname) = &self.soname {
            write!(f, " {soname}")?;
        }
        if let Some(build_id) = &self.build_id {
            write!(f, " {build_id}")?;
        }
        Ok(())
    }
}

/// Prints addresses in hex.
impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |range: &Range<usize>| Hex(range.start)..Hex(range.end);
        f.debug_struct("Module")
            .field("bias", &Hex(self.bias))
            .field("segments", &self.segments)
            .field("soname", &self.soname)
            .field("build_id", &self.build_id)
            .field("entry", &self.entry.map(Hex))
            .field("program_headers", &hex(&self.program_headers))
            .field("dynamic", &self.dynamic.as_ref().map(hex))
            .field("eh_frame_hdr", &self.eh_frame_hdr.as_ref().map(hex))
            .finish()
    }
}
