//! The raw calls and their arguments.

use arbitrary::Arbitrary;

#[derive(Arbitrary, Debug)]
pub(crate) enum Call<'a> {
    Duplicate(HandleArg, RightsArg, OutPointer),
    Close(HandleArg),
    GetInfo(HandleArg, Topic, InfoBuffer),
    Write(HandleArg, Address, &'a [u8], OutPointer),
    Read(HandleArg, Address, u8, OutPointer),
    GetChild(HandleArg, Koid, RightsArg, OutPointer),
    SetDebugging(bool),
}

impl Call<'_> {
    /// Whether the value of the handle is taken from the input.
    pub(crate) fn has_random_handle(&self) -> bool {
        match self {
            Self::Duplicate(handle, ..)
            | Self::Close(handle)
            | Self::GetInfo(handle, ..)
            | Self::Write(handle, ..)
            | Self::Read(handle, ..)
            | Self::GetChild(handle, ..) => matches!(handle, HandleArg::Random(_)),
            Self::SetDebugging(_) => false,
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum HandleArg {
    /// A handle that an earlier call of this sequence returned. It can be closed.
    Created(u8),
    OwnProcess,
    Child,
    Ended,
    Job,
    Zero,
    Random(u32),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum RightsArg {
    Same,
    /// The rights of the handle, masked by this value.
    Fewer(u32),
    Any(u32),
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(crate) enum OutPointer {
    Valid,
    Null,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Topic {
    Basic,
    Children,
    Maps,
    Other(u32),
}

/// The buffer of `zx_object_get_info`, and whether the pointers to the counts are valid.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct InfoBuffer {
    pub(crate) is_null: bool,
    pub(crate) len: u16,
    pub(crate) has_counts: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Address {
    /// An offset into the region of the thread.
    Region(u8),
    /// An address in the first page, which is never mapped.
    Low(u8),
    /// The distance from the last address.
    High(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Koid {
    OwnProcess,
    Child,
    Ended,
    Job,
    Any(u64),
}
