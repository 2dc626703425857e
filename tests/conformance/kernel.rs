//! Which kernel this is, told by what it does.

use super::Part;
use super::expect::{Expect, Outcome};
use super::target::{Probe, system};
use zx_process_memory::Status;

/// A column of the expectations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    In2018,
    To2023,
    In2024,
    From2025,
    Linux,
}

impl Era {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::In2018 => "Zircon as of 2018: the vDSO can be written",
            Self::To2023 => "Zircon as from 2019 to about 2023: unmapped is NO_MEMORY",
            Self::In2024 => "Zircon as of about 2024: unmapped is NOT_FOUND",
            Self::From2025 => "Zircon as from 2025: a write to what is not writable is a copy",
            Self::Linux => "the stand-in on Linux",
        }
    }

    /// How many cases passed where all that can be set up was: a later run with fewer has
    /// lost some. Of kernels that nobody here has run nothing is known.
    pub(crate) fn passed(self, part: Part) -> u64 {
        match (self, part) {
            (Self::Linux, Part::Cases) => 461,
            (Self::Linux, Part::BadHandles) => 52,
            (Self::To2023, Part::Cases) => 508,
            (Self::To2023, Part::BadHandles) => 50,
            // Seen when the suite judged the write alone: at least as many pass.
            (Self::In2018, Part::Cases) => 234,
            (Self::In2018, Part::BadHandles) => 25,
            (Self::In2024 | Self::From2025, _) => 0,
        }
    }

    pub(crate) fn expects(self, expect: &Expect) -> Outcome {
        match self {
            Self::In2018 => expect.in_2018,
            Self::To2023 => expect.to_2023,
            Self::In2024 => expect.in_2024,
            Self::From2025 => expect.from_2025,
            Self::Linux => expect.linux,
        }
    }
}

/// What this kernel is, or why the suite cannot say: debugging calls are off, say.
pub(crate) fn era() -> Result<Era, String> {
    let probe = |what| system::probe(what);
    match probe(Probe::Good) {
        Ok(_) => {}
        Err(Status::NotSupported) => {
            return Err(
                "debugging system calls are off on this kernel: boot it with \
                        kernel.enable-debugging-syscalls=true"
                    .into(),
            );
        }
        Err(status) => return Err(format!("a write to good memory failed: {status}")),
    }
    if system::IS_STAND_IN {
        return Ok(Era::Linux);
    }
    match probe(Probe::Unmapped) {
        Err(Status::NoMemory) => match probe(Probe::VdsoAsItIs) {
            Ok(_) => Ok(Era::In2018),
            Err(_) => Ok(Era::To2023),
        },
        Err(Status::NotFound) => match probe(Probe::NeverWritableReachesVmo) {
            Ok(1) => Ok(Era::In2024),
            _ => Ok(Era::From2025),
        },
        other => Err(format!("a write to unmapped memory answered {other:?}")),
    }
}
