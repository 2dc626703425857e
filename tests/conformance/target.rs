//! A process whose memory the suite can lay out, and look at without the call under test.

use super::case::{Case, Handle, State};
use zx_process_memory::sys::{zx_handle_t, zx_vaddr_t};

#[cfg_attr(target_os = "fuchsia", path = "target/zircon.rs")]
#[cfg_attr(target_os = "linux", path = "target/linux.rs")]
pub(crate) mod system;

/// Why a case cannot be set up here.
#[derive(Clone, Debug)]
pub(crate) struct Skip(pub(crate) String);

impl From<&str> for Skip {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

/// Whose memory is written and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The suite's; source and destination are never in one VMO.
    Own,
    Child,
}

pub(crate) trait Target {
    /// Lays out the memory of the case, zeroed, and says where it starts.
    fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip>;

    /// Fills what can be seen of it, as `image::fill` says, without the call under test.
    fn fill(&mut self, case: &Case);

    /// Brings the process into the state, after its memory was laid out.
    fn enter(&mut self, state: State) -> Result<(), Skip>;

    /// A handle to call with. It is the target's, and lives as long.
    fn handle(&mut self, handle: Handle) -> Result<zx_handle_t, Skip>;

    /// Where the vDSO stands in the process.
    fn vdso(&mut self) -> Result<Vdso, Skip>;

    /// All that can be seen, one run behind the other, as `layout::runs` tells.
    /// `None` if the process is gone and took its memory along.
    fn contents(&mut self, case: &Case) -> Option<Vec<u8>>;
}

/// Two addresses in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vdso {
    /// Its data. What a read finds there is alike in all processes.
    pub(crate) start: zx_vaddr_t,
    pub(crate) code: zx_vaddr_t,
}

/// Bytes of the vDSO of the suite itself, looked at by itself.
pub(crate) fn own_bytes(vaddr: zx_vaddr_t, len: usize) -> Vec<u8> {
    let byte = |vaddr: zx_vaddr_t| {
        let byte = vaddr as *const u8;
        // SAFETY: the vDSO is mapped, and can be read.
        unsafe { byte.read_volatile() }
    };
    (vaddr..vaddr + len).map(byte).collect()
}

/// Calls that tell one kernel from another. They change nothing that matters.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(target_os = "fuchsia"), allow(dead_code))]
pub(crate) enum Probe {
    /// A byte of one's own memory.
    Good,
    Unmapped,
    /// A byte of the vDSO, with the value that it has.
    VdsoAsItIs,
    /// A byte of a mapping that could never be made writable; `Ok(1)` only if the
    /// VMO behind it has it then.
    NeverWritableReachesVmo,
}
