//! What a call should answer, kernel by kernel.

use zx_process_memory::Status;

/// What is right, by the years in which a kernel does it so: see `kernel.rs`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect {
    pub(crate) in_2018: Outcome,
    /// July 2019, to about 2023.
    pub(crate) to_2023: Outcome,
    /// About 2024.
    pub(crate) in_2024: Outcome,
    pub(crate) from_2025: Outcome,
    pub(crate) linux: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Success, with this count.
    Done(usize),
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
            linux: outcome,
        }
    }

    pub(crate) const fn done(count: usize) -> Self {
        Self::everywhere(Outcome::Done(count))
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
        let linux = Outcome::Failed(Status::BadState);
        Self {
            linux,
            ..Self::unmapped()
        }
    }

    /// The call reaches past the end of the VMO, after so many bytes.
    pub(crate) const fn past_the_end(before: usize) -> Self {
        let short = if before == 0 {
            Outcome::Failed(Status::OutOfRange)
        } else {
            Outcome::Done(before)
        };
        Self {
            in_2024: short,
            from_2025: short,
            linux: short,
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
