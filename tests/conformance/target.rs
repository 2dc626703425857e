//! The processes under test. The suite lays out their memory and reads it without the call under
//! test.

use super::case::{Area, Case, Handle, State};
use zx_process_memory::sys::{zx_handle_t, zx_vaddr_t};

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "fuchsia")]
pub(crate) mod zircon;

#[cfg(target_os = "linux")]
pub(crate) use linux as system;
#[cfg(target_os = "fuchsia")]
pub(crate) use zircon as system;

pub(crate) use system::{InvalidBuffer, RemappedPage};

/// The reason why a case cannot be set up on this kernel.
#[derive(Clone, Debug)]
pub(crate) struct Skip(pub(crate) String);

impl From<&str> for Skip {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetKind {
    /// The suite's own process. The caller's buffer and the target memory are never in one VMO.
    Own,
    Child,
}

pub(crate) trait Target {
    /// Lays out the memory of the case, with zeros, and returns its address.
    fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip>;

    /// Fills the memory by `image::fill`, without the call under test.
    fn fill(&mut self, case: &Case);

    /// Brings the process into the state, after the layout.
    fn enter(&mut self, state: State) -> Result<(), Skip>;

    /// A handle for the call. It is open as long as the target lives.
    fn handle(&mut self, handle: Handle) -> Result<zx_handle_t, Skip>;

    /// The addresses of the vDSO in the process.
    fn vdso(&mut self) -> Result<Vdso, Skip>;

    /// The contents of all `layout::runs`, in order. `None` if the memory ended with the process.
    fn contents(&mut self, case: &Case) -> Option<Vec<u8>>;

    /// A page of the process that another thread maps and unmaps all the time.
    fn remapped_page(&mut self) -> Result<RemappedPage, Skip>;
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Vdso {
    /// The first byte, which is data. The data are the same in all processes.
    pub(crate) start: zx_vaddr_t,
    pub(crate) code: zx_vaddr_t,
}

/// Bytes of the suite's own vDSO, read directly.
pub(crate) fn own_vdso_bytes(vaddr: zx_vaddr_t, len: usize) -> Vec<u8> {
    let byte = |vaddr: zx_vaddr_t| {
        let byte = vaddr as *const u8;
        // SAFETY: callers pass only addresses in the vDSO, which is mapped and readable.
        unsafe { byte.read_volatile() }
    };
    (vaddr..vaddr + len).map(byte).collect()
}

/// A call whose result differs from kernel to kernel.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(target_os = "fuchsia"), allow(dead_code))]
pub(crate) enum Probe {
    /// A write to a byte of own memory.
    WriteOwnMemory,
    /// A read of own memory.
    Read {
        memory: &'static [Area],
        offset: usize,
        len: usize,
    },
    /// A read over the end of own memory. The result is 1 if zeros come after the bytes read.
    ReadZeroesBuffer,
    /// A write to a byte of the vDSO, of the value that the byte has.
    WriteVdsoUnchanged,
    /// A write to a mapping that cannot be made writable. The result is the byte in the VMO: 1 if
    /// the write changed the VMO.
    WriteNeverWritableReachesVmo,
}
