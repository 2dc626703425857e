//! The expected outcome of a call on each kernel.

use zx_process_memory::Status;

/// The expected outcome by era: see `kernel.rs`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect {
    pub(crate) in_2018: Outcome,
    /// July 2019 to about 2023.
    pub(crate) to_2023: Outcome,
    /// About 2024.
    pub(crate) in_2024: Outcome,
    pub(crate) from_2025: Outcome,
    pub(crate) linux: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Success. The call transferred this many bytes.
    Transferred(usize),
    Failed(Status),
    /// The case is skipped, for this reason.
    Skipped(&'static str),
}

impl Expect {
    pub(crate) const fn everywhere(outcome: Outcome) -> Self {
        Self {
            in_2018: outcome,
            to_2023: outcome,
            in_2024: outcome,
            from_2025: outcome,
            linux: outcome,
        }
    }

    pub(crate) const fn transferred(count: usize) -> Self {
        Self::everywhere(Outcome::Transferred(count))
    }

    pub(crate) const fn failed(status: Status) -> Self {
        Self::everywhere(Outcome::Failed(status))
    }

    /// The first byte is not mapped.
    pub(crate) const fn unmapped() -> Self {
        let not_found = Outcome::Failed(Status::NotFound);
        Self {
            in_2024: not_found,
            from_2025: not_found,
            ..Self::failed(Status::NoMemory)
        }
    }

    /// The process has ended. Zircon returns the same status as for an unmapped address.
    pub(crate) const fn process_ended() -> Self {
        let linux = Outcome::Failed(Status::BadState);
        Self {
            linux,
            ..Self::unmapped()
        }
    }

    /// The call reaches the end of the VMO after this many bytes.
    pub(crate) const fn past_vmo_end(count: usize) -> Self {
        let partial = if count == 0 {
            Outcome::Failed(Status::OutOfRange)
        } else {
            Outcome::Transferred(count)
        };
        Self {
            in_2024: partial,
            from_2025: partial,
            linux: partial,
            ..Self::failed(Status::OutOfRange)
        }
    }

    pub(crate) const fn in_2018(self, outcome: Outcome) -> Self {
        Self {
            in_2018: outcome,
            ..self
        }
    }

    pub(crate) const fn on_linux(self, outcome: Outcome) -> Self {
        Self {
            linux: outcome,
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
