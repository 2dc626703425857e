//! The raw calls with their arguments.

use arbitrary::Arbitrary;

#[derive(Arbitrary, Debug)]
pub(crate) enum Call<'a> {
    Duplicate(Which, Wanted, Out),
    Close(Which),
    Info(Which, Topic, Room),
    Write(Which, Place, &'a [u8], Out),
    Read(Which, Place, u8, Out),
    Child(Which, Koid, Wanted, Out),
    SetDebugging(bool),
}

impl Call<'_> {
    /// Whether its handle's value was chosen by nobody but chance.
    pub(crate) fn is_made_up(&self) -> bool {
        match self {
            Self::Duplicate(which, ..)
            | Self::Close(which)
            | Self::Info(which, ..)
            | Self::Write(which, ..)
            | Self::Read(which, ..)
            | Self::Child(which, ..) => matches!(which, Which::MadeUp(_)),
            Self::SetDebugging(_) => false,
        }
    }
}

/// Which handle.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Which {
    /// One that was given out in this sequence, open or closed by now.
    Given(u8),
    OwnProcess,
    Child,
    Gone,
    Job,
    Zero,
    MadeUp(u32),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Wanted {
    Same,
    /// These of those that the handle has.
    Fewer(u32),
    Any(u32),
}

/// Where the answer is to go.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(crate) enum Out {
    There,
    Null,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Topic {
    Basic,
    Children,
    Maps,
    Other(u32),
}

/// A buffer, and whether the counts are wanted.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) is_null: bool,
    pub(crate) len: u16,
    pub(crate) has_counts: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In the bytes that may be written.
    Region(u8),
    Nothing(u8),
    High(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Koid {
    OwnProcess,
    Child,
    Gone,
    Job,
    Any(u64),
}
