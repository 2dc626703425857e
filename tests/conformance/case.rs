//! What a case says: the memory laid out, the calls made, and what is right on each kernel.

use super::expect::Expect;
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

/// One statement, about both calls or one of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// One area behind the other, between two holes.
    pub(crate) memory: &'static [Area],
    pub(crate) state: State,
    pub(crate) handle: Handle,
    pub(crate) at: At,
    pub(crate) buffer: Buffer,
    /// What is right for a write; nothing if the case is not about it.
    write: Option<Expect>,
    /// The same for a read.
    read: Option<Expect>,
}

impl Case {
    /// A case for both calls, which are to answer alike.
    pub(crate) const fn new(
        name: &'static str,
        memory: &'static [Area],
        at: At,
        buffer: Buffer,
        expect: Expect,
    ) -> Self {
        Self {
            name,
            memory,
            state: State::AsMade,
            handle: Handle::Full,
            at,
            buffer,
            write: Some(expect),
            read: Some(expect),
        }
    }

    pub(crate) const fn state(self, state: State) -> Self {
        Self { state, ..self }
    }

    pub(crate) const fn handle(self, handle: Handle) -> Self {
        Self { handle, ..self }
    }

    /// A read differs: this is right for it.
    pub(crate) const fn reading(self, expect: Expect) -> Self {
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

/// Some pages, and what is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) pages: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A VMO of its own.
    Mapped(Access),
    /// A VMO of its own to which nothing was ever written, even where others are filled.
    Fresh,
    /// The following pages of the VMO of the area before, as a mapping of its own.
    Next,
    /// The same pages of the VMO of the area before, as a mapping of its own.
    Again,
    /// A VMO with this cache policy.
    Policy(Policy),
    /// A physical VMO.
    Physical,
    /// A VMO that was made smaller after it was mapped, to so many pages.
    ShrunkTo(usize),
    /// Mapped, and unmapped again.
    Unmapped,
    /// A mapping whose second page was unmapped.
    Punched,
    /// A mapping that was read-write, and then got other permissions.
    Protected(Access),
    /// A VMO mapped in a VMAR of its own.
    InSubVmar,
    /// A VMAR in which nothing is mapped.
    EmptySubVmar,
    /// A VMAR that was destroyed with what was mapped in it.
    DestroyedSubVmar,
    /// Nothing.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Uncached,
    UncachedDevice,
    WriteCombining,
}

/// What became of the process before the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// On Zircon a child that was never started, on Linux one that runs.
    AsMade,
    Running,
    Suspended,
    Killed,
    VmarDestroyed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handle {
    Full,
    WriteAlone,
    ReadAlone,
    ReadAndWrite,
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
    /// 0.
    Invalid,
    /// No handle, but shaped like one.
    Garbage,
    AllOnes,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Bytes from the start of the memory laid out; the first hole lies before it.
    Offset(isize),
    Address(usize),
    VdsoCode,
    /// The first byte of the vDSO's mapping.
    VdsoStart,
}

/// The bytes to write, or where those that are read are to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffer {
    Bytes(usize),
    /// So many bytes, says the call; the kernel is not to look at them.
    Claimed(usize),
    /// A null buffer that is said to hold so many bytes.
    Null(usize),
}

pub(crate) const PAGE: usize = 4096;

/// Pages of a VMO of its own, read-write.
pub(crate) const fn memory(pages: usize) -> Area {
    area(pages, Kind::Mapped(Access::ReadWrite))
}

pub(crate) const fn mapped(pages: usize, access: Access) -> Area {
    area(pages, Kind::Mapped(access))
}

pub(crate) const fn area(pages: usize, kind: Kind) -> Area {
    Area { pages, kind }
}

pub(crate) const fn hole(pages: usize) -> Area {
    area(pages, Kind::Hole)
}
