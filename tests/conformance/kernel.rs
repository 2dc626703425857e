//! Detects the running kernel by its behavior.

use super::CaseSet;
use super::case::{Access, Area, AreaKind, PAGE, area, hole, memory};
use super::target::{Probe, system};
use zx_process_memory::Status;

/// Kernels with the same expectations, in the order of their dates. `VERIFICATION.md` has the sources
/// of the dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Era {
    In2018,
    In2019,
    In2020,
    In2021,
    In2022,
    In2023,
    In2024,
    From2025,
    /// Only the Linux backend behaves like this.
    #[cfg_attr(target_os = "fuchsia", allow(dead_code))]
    ManPage,
}

impl Era {
    pub(crate) const COUNT: usize = Self::ManPage as usize + 1;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::In2018 => "Zircon of 2018: the vDSO can be written",
            Self::In2019 => "Zircon of 2019, until September: a read first zeroes its buffer",
            Self::In2020 => {
                "Zircon of 2019 and 2020, until November: adjacent mappings stay separate"
            }
            Self::In2021 => "Zircon of 2021, since November 2020: adjacent mappings are merged",
            Self::In2022 => "Zircon of about 2022: zx_vmar_protect splits no mapping",
            Self::In2023 => "Zircon of about 2023: a call stops at the end of the VMO",
            Self::In2024 => "Zircon of about 2024: unmapped is ZX_ERR_NOT_FOUND",
            Self::From2025 => {
                "Zircon since about 2025: a write to a mapping that is never writable leaves the \
                 VMO unchanged"
            }
            Self::ManPage => "the man page",
        }
    }

    /// Whether `zx_vmar_map` merges a mapping with an adjacent one that continues it.
    #[cfg_attr(target_os = "fuchsia", allow(dead_code))]
    pub(crate) fn merges_mappings(self) -> bool {
        Self::In2021 <= self
    }

    /// Whether `zx_vmar_protect` of a part splits a mapping for good.
    #[cfg_attr(target_os = "fuchsia", allow(dead_code))]
    pub(crate) fn splits_protected_mappings(self) -> bool {
        self < Self::In2022 || self == Self::ManPage
    }
}

/// The running kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub(crate) era: Era,
    /// `kernel.enable-debugging-syscalls`. If it is off, no write succeeds.
    pub(crate) has_debugging_syscalls: bool,
}

impl Kernel {
    /// The kernel, or the reason why the suite cannot run.
    pub(crate) fn detect() -> Result<Self, String> {
        let has_debugging_syscalls = match system::probe(Probe::WriteOwnMemory) {
            Ok(_) => true,
            Err(Status::NotSupported) => false,
            Err(status) => return Err(format!("cannot write 1 byte of own memory: {status}")),
        };
        let era = match system::era() {
            Some(era) => era,
            None => detect_era(has_debugging_syscalls)?,
        };
        Ok(Self {
            era,
            has_debugging_syscalls,
        })
    }

    pub(crate) fn name(self) -> String {
        let off = if self.has_debugging_syscalls {
            ""
        } else {
            "; debugging syscalls are off"
        };
        let backend = if system::IS_LINUX_BACKEND {
            "the Linux backend as "
        } else {
            ""
        };
        format!("{backend}{}{off}", self.era.name())
    }

    /// How many tests must not be skipped in a complete run: as many as ran with debugging syscalls off
    /// and without a resource for physical memory. 0 for kernels on which the suite has not run.
    pub(crate) fn required_runs(self, cases: CaseSet) -> u64 {
        match (system::IS_LINUX_BACKEND, self.era, cases) {
            (true, Era::In2018, CaseSet::Main) => 487,
            (true, Era::In2019, CaseSet::Main) => 499,
            (true, Era::From2025, CaseSet::Main) => 521,
            (true, _, CaseSet::Main) => 527,
            (false, Era::In2018, CaseSet::Main) => 615,
            (false, Era::In2019, CaseSet::Main) => 659,
            (false, Era::In2021, CaseSet::Main) => 665,
            (true, _, CaseSet::BadHandles)
            | (false, Era::In2018 | Era::In2019 | Era::In2021, CaseSet::BadHandles) => 52,
            (false, _, _) => 0,
        }
    }
}

fn detect_era(has_debugging_syscalls: bool) -> Result<Era, String> {
    // Two bytes, the first one at the end of the first page.
    let reads_two = |memory: &'static [Area]| {
        let (offset, len) = (PAGE - 1, 2);
        let probe = Probe::Read {
            memory,
            offset,
            len,
        };
        system::probe(probe) == Ok(2)
    };
    let unmapped = Probe::Read {
        memory: const { &[hole(1)] },
        offset: 0,
        len: 1,
    };
    match system::probe(unmapped) {
        Err(Status::NoMemory) => {}
        Err(Status::NotFound) => {
            return Ok(match system::probe(Probe::WriteNeverWritableReachesVmo) {
                Ok(1) => Era::In2024,
                // Without debugging syscalls: the expectations for reads are those of 2024.
                _ => Era::From2025,
            });
        }
        other => {
            return Err(format!(
                "cannot detect the kernel: a read of unmapped memory returned {other:?}"
            ));
        }
    }
    let merges = reads_two(const { &[memory(1), area(1, AreaKind::NextPages(Access::ReadWrite))] });
    Ok(if merges {
        let shrunk = Probe::Read {
            memory: const { &[area(2, AreaKind::ShrunkTo(1))] },
            offset: 0,
            len: 2 * PAGE,
        };
        if !reads_two(const { &[area(3, AreaKind::SecondPageProtected(Access::Read))] }) {
            Era::In2021
        } else if system::probe(shrunk).is_err() {
            Era::In2022
        } else {
            Era::In2023
        }
    } else if system::probe(Probe::ReadZeroesBuffer) != Ok(1) {
        Era::In2020
    } else if has_debugging_syscalls && system::probe(Probe::WriteVdsoUnchanged).is_ok() {
        Era::In2018
    } else {
        Era::In2019
    })
}
