//! What a case says: the memory laid out, the call made, and what is right on each kernel.

use zx_process_memory::Status;

/// One statement about the call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// One area behind the other, between two holes.
    pub(crate) memory: &'static [Area],
    pub(crate) state: State,
    pub(crate) handle: Handle,
    pub(crate) at: At,
    pub(crate) source: Source,
    pub(crate) expect: Expect,
}

impl Case {
    pub(crate) const fn new(
        name: &'static str,
        memory: &'static [Area],
        at: At,
        source: Source,
        expect: Expect,
    ) -> Self {
        let (state, handle) = (State::AsMade, Handle::Full);
        Self {
            name,
            memory,
            state,
            handle,
            at,
            source,
            expect,
        }
    }

    pub(crate) const fn state(self, state: State) -> Self {
        Self { state, ..self }
    }

    pub(crate) const fn handle(self, handle: Handle) -> Self {
        Self { handle, ..self }
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
    AllButWrite,
    Job,
    JobWithoutWrite,
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

/// The bytes to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Bytes(usize),
    /// So many bytes, says the call; the kernel is not to look at them.
    Claimed(usize),
    /// A null buffer that is said to hold so many bytes.
    Null(usize),
}

/// What is right, by the years in which a kernel does it so: see `kernel.rs`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect {
    pub(crate) in_2018: Outcome,
    /// July 2019, to about 2023.
    pub(crate) to_2023: Outcome,
    /// About 2024.
    pub(crate) in_2024: Outcome,
    pub(crate) from_2025: Outcome,
    pub(crate) stand_in: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Success, with this count.
    Wrote(usize),
    Failed(Status),
    /// The case is skipped, for this reason.
    NotTried(&'static str),
}

impl Expect {
    pub(crate) const fn everywhere(outcome: Outcome) -> Self {
        Self {
            in_2018: outcome,
            to_2023: outcome,
            in_2024: outcome,
            from_2025: outcome,
            stand_in: outcome,
        }
    }

    pub(crate) const fn wrote(count: usize) -> Self {
        Self::everywhere(Outcome::Wrote(count))
    }

    pub(crate) const fn failed(status: Status) -> Self {
        Self::everywhere(Outcome::Failed(status))
    }

    /// Nothing is mapped there.
    pub(crate) const fn unmapped() -> Self {
        let not_found = Outcome::Failed(Status::NotFound);
        Self {
            in_2024: not_found,
            from_2025: not_found,
            ..Self::failed(Status::NoMemory)
        }
    }

    /// The process is gone: kernels say what they say of an unmapped address.
    pub(crate) const fn gone() -> Self {
        let stand_in = Outcome::Failed(Status::BadState);
        Self {
            stand_in,
            ..Self::unmapped()
        }
    }

    /// The write reaches past the end of the VMO, after so many bytes.
    pub(crate) const fn past_the_end(before: usize) -> Self {
        let short = if before == 0 {
            Outcome::Failed(Status::OutOfRange)
        } else {
            Outcome::Wrote(before)
        };
        Self {
            in_2024: short,
            from_2025: short,
            stand_in: short,
            ..Self::failed(Status::OutOfRange)
        }
    }

    pub(crate) const fn in_2018(self, outcome: Outcome) -> Self {
        Self {
            in_2018: outcome,
            ..self
        }
    }

    pub(crate) const fn since_2025(self, outcome: Outcome) -> Self {
        Self {
            from_2025: outcome,
            ..self
        }
    }
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
