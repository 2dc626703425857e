//! Detects the era of the running kernel by its behavior.

use super::CaseSet;
use super::expect::{Expect, Outcome};
use super::target::{Probe, system};
use zx_process_memory::Status;

/// Kernels with the same expectations.
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
            Self::In2018 => "Zircon of 2018: the vDSO can be written",
            Self::To2023 => "Zircon of 2019 to about 2023: unmapped is ZX_ERR_NO_MEMORY",
            Self::In2024 => "Zircon of about 2024: unmapped is ZX_ERR_NOT_FOUND",
            Self::From2025 => {
                "Zircon since 2025: a write to a mapping that is never writable leaves the VMO \
                 unchanged"
            }
            Self::Linux => "the Linux backend",
        }
    }

    /// How many tests must pass in a complete run. They passed where every layout was possible.
    /// 0 for kernels on which the suite has not run.
    pub(crate) fn required_passes(self, cases: CaseSet) -> u64 {
        match (self, cases) {
            (Self::Linux, CaseSet::Main) => 461,
            (Self::Linux, CaseSet::BadHandles) => 52,
            (Self::To2023, CaseSet::Main) => 508,
            (Self::To2023, CaseSet::BadHandles) => 50,
            // From a run before the suite tested reads, so a minimum.
            (Self::In2018, CaseSet::Main) => 234,
            (Self::In2018, CaseSet::BadHandles) => 25,
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

/// The era of this kernel, or the reason why the suite cannot run.
pub(crate) fn detect_era() -> Result<Era, String> {
    let probe = |what| system::probe(what);
    match probe(Probe::OwnMemory) {
        Ok(_) => {}
        Err(Status::NotSupported) => {
            return Err(
                "debugging syscalls are disabled on this kernel: boot it with \
                        kernel.enable-debugging-syscalls=true"
                    .into(),
            );
        }
        Err(status) => return Err(format!("cannot write 1 byte of own memory: {status}")),
    }
    if system::IS_LINUX_BACKEND {
        return Ok(Era::Linux);
    }
    match probe(Probe::Unmapped) {
        Err(Status::NoMemory) => match probe(Probe::VdsoUnchanged) {
            Ok(_) => Ok(Era::In2018),
            Err(_) => Ok(Era::To2023),
        },
        Err(Status::NotFound) => match probe(Probe::NeverWritableReachesVmo) {
            Ok(1) => Ok(Era::In2024),
            _ => Ok(Era::From2025),
        },
        other => Err(format!(
            "cannot detect the kernel: a write to unmapped memory returned {other:?}"
        )),
    }
}
