use crate::Permissions;
use crate::hex::Hex;
use std::fmt;
use std::ops::Range;

/// One segment of a [`Module`](crate::Module): a part of the ELF image that the loader has mapped
/// (`PT_LOAD`).
///
/// `Display` prints a line such as `0x7f3c40000000-0x7f3c40021000 r-x`.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Segment {
    /// The addresses in the process. Both ends are exact: the mappings begin and end at the boundaries
    /// of pages.
    pub range: Range<usize>,
    /// The permissions that the program header requests.
    ///
    /// Those of the mappings can differ: a loader makes the part of `PT_GNU_RELRO` read-only, and a
    /// program can change them.
    pub permissions: Permissions,
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.range;
        write!(f, "{start:#x}-{end:#x} {}", self.permissions)
    }
}

/// Prints addresses in hex.
impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("range", &(Hex(self.range.start)..Hex(self.range.end)))
            .field("permissions", &self.permissions)
            .finish()
    }
}
