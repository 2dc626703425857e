//! The expected outcome of a call on each kernel.

use super::kernel::Era;
use zx_process_memory::Status;

/// The expected outcome by era.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect([Outcome; Era::COUNT]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Success. The call transferred this many bytes.
    Transferred(usize),
    Failed(Status),
    /// An error after this many bytes were transferred. `actual` does not show them.
    FailedAfter(Status, usize),
    /// The case is skipped, for this reason.
    Skipped(&'static str),
}

impl Outcome {
    /// Whether a call that returned `other` can have had this outcome.
    pub(crate) fn matches(self, other: Self) -> bool {
        match (self, other) {
            (Self::FailedAfter(status, _), Self::Failed(returned)) => status == returned,
            _ => self == other,
        }
    }

    /// How many bytes the call transferred.
    pub(crate) fn transferred(self) -> usize {
        match self {
            Self::Transferred(count) | Self::FailedAfter(_, count) => count,
            Self::Failed(_) | Self::Skipped(_) => 0,
        }
    }
}

impl Expect {
    pub(crate) const fn everywhere(outcome: Outcome) -> Self {
        Self([outcome; Era::COUNT])
    }

    pub(crate) const fn transferred(count: usize) -> Self {
        Self::everywhere(Outcome::Transferred(count))
    }

    pub(crate) const fn failed(status: Status) -> Self {
        Self::everywhere(Outcome::Failed(status))
    }

    /// The first byte is not mapped.
    pub(crate) const fn unmapped() -> Self {
        Self::failed(Status::NoMemory).since(Era::In2024, Outcome::Failed(Status::NotFound))
    }

    /// The process has ended. Zircon returns the same status as for an unmapped address, in every year.
    pub(crate) const fn process_ended() -> Self {
        Self::unmapped().by_man_page(Outcome::Failed(Status::BadState))
    }

    /// The call reaches the end of the VMO after this many bytes.
    pub(crate) const fn past_vmo_end(count: usize) -> Self {
        let partial = if count == 0 {
            Outcome::Failed(Status::OutOfRange)
        } else {
            Outcome::Transferred(count)
        };
        Self::failed(Status::OutOfRange)
            .since(Era::In2023, partial)
            .by_man_page(partial)
    }

    /// Sets the outcome for this era and all later ones.
    pub(crate) const fn since(mut self, era: Era, outcome: Outcome) -> Self {
        let mut index = era as usize;
        while index < Era::ManPage as usize {
            self.0[index] = outcome;
            index += 1;
        }
        self
    }

    /// Sets the outcome for this era and all earlier ones.
    pub(crate) const fn until(mut self, era: Era, outcome: Outcome) -> Self {
        let mut index = 0;
        while index <= era as usize {
            self.0[index] = outcome;
            index += 1;
        }
        self
    }

    pub(crate) const fn by_man_page(mut self, outcome: Outcome) -> Self {
        self.0[Era::ManPage as usize] = outcome;
        self
    }

    pub(crate) fn map(self, change: impl Fn(Outcome) -> Outcome) -> Self {
        Self(self.0.map(change))
    }

    pub(crate) const fn on(&self, era: Era) -> Outcome {
        self.0[era as usize]
    }
}
