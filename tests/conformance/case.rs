//! A conformance case: a memory layout, one call, and the expected outcome on each kernel.

use super::expect::{Expect, Outcome};
use super::page_size::scaled;
use super::target::system::page_size;
use std::fmt;

/// The calls under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Write,
    Read,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "write",
            Self::Read => "read",
        })
    }
}

/// A case for both calls or for one of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The areas are adjacent. There is a hole before the first and after the last.
    pub(crate) memory: &'static [Area],
    pub(crate) map_order: MapOrder,
    pub(crate) state: State,
    pub(crate) handle: Handle,
    pub(crate) location: Location,
    pub(crate) buffer: Buffer,
    /// The expectation for a write. `None` if the case does not apply to writes.
    write: Option<Expect>,
    /// The expectation for a read. `None` if the case does not apply to reads.
    read: Option<Expect>,
}

impl Case {
    /// A case for both calls, with the same expectation.
    pub(crate) const fn new(
        name: &'static str,
        memory: &'static [Area],
        location: Location,
        buffer: Buffer,
        expect: Expect,
    ) -> Self {
        Self {
            name,
            memory,
            map_order: MapOrder::FirstToLast,
            state: State::Initial,
            handle: Handle::Full,
            location,
            buffer,
            write: Some(expect),
            read: Some(expect),
        }
    }

    /// The case with another address and buffer, and with changed outcomes.
    pub(crate) fn with_sizes(
        self,
        location: Location,
        buffer: Buffer,
        change: impl Fn(Outcome) -> Outcome,
    ) -> Self {
        Self {
            location,
            buffer,
            write: self.write.map(|expect| expect.map(&change)),
            read: self.read.map(|expect| expect.map(&change)),
            ..self
        }
    }

    /// A layout alone, for a call that is no case.
    pub(crate) const fn layout(name: &'static str, memory: &'static [Area]) -> Self {
        let (location, buffer) = (Location::Offset(0), Buffer::Claimed(0));
        Self::new(name, memory, location, buffer, Expect::transferred(0))
    }

    pub(crate) const fn map_order(self, map_order: MapOrder) -> Self {
        Self { map_order, ..self }
    }

    pub(crate) const fn state(self, state: State) -> Self {
        Self { state, ..self }
    }

    pub(crate) const fn handle(self, handle: Handle) -> Self {
        Self { handle, ..self }
    }

    /// Sets another expectation for the read.
    pub(crate) const fn for_read(self, expect: Expect) -> Self {
        Self {
            read: Some(expect),
            ..self
        }
    }

    pub(crate) const fn write_only(self) -> Self {
        Self { read: None, ..self }
    }

    pub(crate) const fn read_only(self) -> Self {
        Self {
            write: None,
            ..self
        }
    }

    pub(crate) fn expect(&self, call: Call) -> Option<Expect> {
        match call {
            Call::Write => self.write,
            Call::Read => self.read,
        }
    }
}

/// Consecutive pages of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    /// In the table. A large area has fewer pages if pages are larger: see `pages()`.
    pages: usize,
    pub(crate) kind: AreaKind,
}

impl Area {
    pub(crate) fn pages(&self) -> usize {
        scaled(self.pages * PAGE) / page_size()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AreaKind {
    /// A mapping of a new VMO.
    Mapped(Access),
    /// A mapping of a new VMO that is never filled, so that its pages are not committed.
    Untouched,
    /// Another mapping: of the next pages of the previous area's VMO.
    NextPages(Access),
    /// Another mapping of the same pages of the previous area's VMO.
    SamePages,
    /// Another mapping of the previous area's VMO, from this page on.
    PagesFrom(usize),
    /// A mapping of a new VMO, from this page on.
    NewVmoFrom(usize),
    /// A mapping of a new VMO: a copy-on-write snapshot of the previous area's VMO.
    SnapshotOfPrevious(Access),
    /// A mapping of a slice of the previous area's VMO, from this page on.
    SliceFrom(usize),
    /// A mapping of a new VMO with this cache policy.
    WithPolicy(CachePolicy),
    /// A mapping of a physical VMO.
    Physical,
    /// A mapping of a physically contiguous VMO.
    Contiguous,
    /// A mapping of a discardable VMO. The kernel may discard its pages while it is not locked.
    Discardable { locked: bool },
    /// A mapping of a VMO whose pages come from a pager.
    Paged(Pager),
    /// A mapping of a new VMO that was then resized to this many pages.
    ShrunkTo(usize),
    /// Mapped, then unmapped.
    Unmapped,
    /// A mapping whose second page was then unmapped.
    SecondPageUnmapped,
    /// A read-write mapping that then got these permissions.
    Protected(Access),
    /// A read-write mapping whose second page then got these permissions.
    SecondPageProtected(Access),
    /// The same, and then the second page became read-write again.
    SecondPageProtectedAndBack(Access),
    /// A mapping whose second page was unmapped, and then mapped again as before.
    SecondPageMappedAgain,
    /// A mapping of a new VMO in a new VMAR.
    InSubVmar,
    /// A new VMAR without mappings.
    EmptySubVmar,
    /// A new VMAR that was destroyed together with its mapping.
    DestroyedSubVmar,
    /// Not mapped.
    Hole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    None,
    Read,
    ReadWrite,
    ReadExecute,
    All,
}

/// The behavior of a VMO's pager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pager {
    /// It supplied all pages before the call.
    Supplied,
    /// It supplies pages when the kernel requests them.
    SuppliesOnRequest,
    /// It answers each request with `ZX_ERR_IO_DATA_INTEGRITY`.
    Fails,
    /// It was detached from the VMO before it supplied a page.
    Detached,
}

/// The order in which the areas are mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapOrder {
    FirstToLast,
    LastToFirst,
    /// The second area after all others.
    SecondLast,
}

impl MapOrder {
    /// The indexes of this many areas, in the order in which they are mapped.
    pub(crate) fn of(self, areas: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..areas).collect();
        match self {
            Self::FirstToLast => {}
            Self::LastToFirst => order.reverse(),
            Self::SecondLast => {
                let second = order.remove(1);
                order.push(second);
            }
        }
        order
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CachePolicy {
    Uncached,
    UncachedDevice,
    WriteCombining,
}

/// The state of the process at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// On Zircon a child is not started, on Linux it runs.
    Initial,
    Running,
    Suspended,
    Killed,
    VmarDestroyed,
}

/// The handle of the call, by type and rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handle {
    Full,
    WriteOnly,
    ReadOnly,
    ReadAndWriteOnly,
    AllButWrite,
    AllButRead,
    Job,
    JobWithoutWrite,
    JobWithoutRead,
    Vmo,
    VmoWithoutWrite,
    Event,
    Vmar,
    Thread,
    /// `ZX_HANDLE_INVALID`, which is 0.
    Invalid,
    /// A value that names no handle but has the two low bits of one.
    Garbage,
    AllOnes,
    Closed,
}

/// The address of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// Bytes from the start of the layout. A negative offset is in the hole before it.
    Offset(isize),
    Address(usize),
    VdsoCode,
    /// The first byte of the vDSO.
    VdsoStart,
}

/// The buffer of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffer {
    /// A buffer of this length.
    Bytes(usize),
    /// The call passes this length, but the buffer is shorter. The kernel must not access it.
    Claimed(usize),
    /// The call passes a null buffer and this length.
    Null(usize),
    /// The buffer is not null, but nothing is mapped there.
    Unmapped(usize),
    /// The buffer does not have the permission that the call requires: none at all for a write,
    /// and only to read for a read.
    WithoutPermission(usize),
    /// Nothing is mapped after the first page of the buffer.
    OnlyFirstPageMapped(usize),
}

/// The size of Zircon's pages, in which the tables count: see `page_size.rs`.
pub(crate) const PAGE: usize = 4096;

/// A read-write mapping of a new VMO.
pub(crate) const fn memory(pages: usize) -> Area {
    area(pages, AreaKind::Mapped(Access::ReadWrite))
}

pub(crate) const fn mapped(pages: usize, access: Access) -> Area {
    area(pages, AreaKind::Mapped(access))
}

pub(crate) const fn area(pages: usize, kind: AreaKind) -> Area {
    Area { pages, kind }
}

pub(crate) const fn hole(pages: usize) -> Area {
    area(pages, AreaKind::Hole)
}
