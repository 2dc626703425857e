//! Zircon: VMOs that are mapped into the suite's own process, or into a process that the suite
//! creates. The suite fills and reads them by `zx_vmo_write` and `zx_vmo_read`.

#[path = "../../harness/console.rs"]
mod console;
mod handle;
mod invalid_buffer;
mod memory;
mod newer_syscall;
mod pager;
mod process;
mod remapped_page;
mod vdso;
mod vmo;

pub(crate) use self::console::redirect_output;
pub(crate) use self::invalid_buffer::{
    InvalidBuffer, buffer_of_one_page, buffer_without_permission, unmapped_buffer,
};
pub(crate) use self::remapped_page::RemappedPage;
pub(crate) use self::vdso::own_vdso;

use self::handle::{OwnedHandle, or_skip};
use self::memory::Memory;
use self::process::RawProcess;
use crate::suite::case::{Case, Handle, PAGE, State};
use crate::suite::kernel::{Era, Kernel};
use crate::suite::read_buffer::CANARY;
use crate::suite::target::{Probe, Skip, Target, TargetKind, Vdso};
use fuchsia_zircon_sys as zx;
use std::process::ExitCode;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Rights, Status};

pub(crate) const IS_LINUX_BACKEND: bool = false;

pub(crate) const fn page_size() -> usize {
    PAGE
}

unsafe extern "C" {
    /// The handle to the root VMAR, which belongs to libc and must not be closed.
    safe fn zx_vmar_root_self() -> zx_handle_t;
}

pub(crate) fn is_debuggee() -> bool {
    false
}

pub(crate) fn serve() {}

pub(crate) fn target(kind: TargetKind) -> Result<Box<dyn Target>, Skip> {
    Ok(Box::new(match kind {
        TargetKind::Own => Zircon::own(),
        TargetKind::Child => Zircon::child()?,
    }))
}

pub(crate) fn probe(probe: Probe) -> Result<usize, Status> {
    let mut own = Zircon::own();
    let process = own.process.duplicate(Rights::SAME_RIGHTS)?;
    let mut lay_out = |memory| {
        let base = own.memory.lay_out(&Case::layout("a probe", memory));
        base.map_err(internal)
    };
    let one_page = const { &[crate::suite::case::memory(1)] };
    match probe {
        Probe::WriteOwnMemory => process.write_memory(lay_out(one_page)?, &[1]),
        Probe::Read {
            memory,
            offset,
            len,
        } => process.read_memory(lay_out(memory)? + offset, &mut vec![0; len]),
        Probe::ReadZeroesBuffer => {
            let mut buffer = vec![CANARY; 2 * PAGE];
            process.read_memory(lay_out(one_page)?, &mut buffer)?;
            Ok(usize::from(buffer[PAGE] == 0))
        }
        Probe::WriteVdsoUnchanged => {
            let start = own_vdso().start as *const u8;
            // SAFETY: the vDSO is mapped and readable.
            let byte = unsafe { start.read_volatile() };
            process.write_memory(start.addr(), &[byte])
        }
        Probe::WriteNeverWritableReachesVmo => {
            let vaddr = own.memory.never_writable().map_err(internal)?;
            process.write_memory(vaddr, &[1])?;
            own.memory.first_byte().map(usize::from)
        }
    }
}

/// Not known: the suite detects it.
pub(crate) fn era() -> Option<Era> {
    None
}

pub(crate) fn measured_table(_: Kernel) -> Option<&'static str> {
    None
}

/// Does nothing: Zircon enables debugging syscalls only at boot.
pub(crate) fn disable_debugging_syscalls() {}

pub(crate) fn run_on_other_kernels() -> ExitCode {
    ExitCode::SUCCESS
}

fn internal(_: Skip) -> Status {
    Status::Internal
}

struct Zircon {
    memory: Memory,
    process: Process,
    /// `None` for the own process. A child is killed on drop.
    child: Option<RawProcess>,
    handles: Vec<OwnedHandle>,
    /// The mapping of the vDSO in a child.
    child_vdso: Option<(Vdso, OwnedHandle)>,
}

impl Zircon {
    fn own() -> Self {
        // SAFETY: the suite writes only memory that is laid out for a case, to which no reference
        // exists.
        let process = unsafe { Process::current() }.unwrap();
        Self {
            memory: Memory::new(zx_vmar_root_self()),
            process,
            child: None,
            handles: Vec::new(),
            child_vdso: None,
        }
    }

    fn child() -> Result<Self, Skip> {
        let child = RawProcess::create()?;
        let process = child.process()?;
        Ok(Self {
            memory: Memory::new(child.vmar()),
            process,
            child: Some(child),
            handles: Vec::new(),
            child_vdso: None,
        })
    }

    fn new_handle(
        &mut self,
        call: &str,
        make: impl FnOnce(*mut zx_handle_t) -> i32,
    ) -> Result<zx_handle_t, Skip> {
        let mut handle = 0;
        or_skip(call, make(&raw mut handle))?;
        self.handles.push(OwnedHandle(handle));
        Ok(handle)
    }

    fn duplicate(&mut self, handle: zx_handle_t, rights: Rights) -> Result<zx_handle_t, Skip> {
        self.new_handle("zx_handle_duplicate", |out| {
            // SAFETY: `out` is valid for a write of a handle.
            unsafe { zx::zx_handle_duplicate(handle, rights.bits(), out) }
        })
    }
}

impl Target for Zircon {
    fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip> {
        self.memory.lay_out(case)
    }

    fn fill(&mut self, case: &Case) {
        self.memory.fill(case.memory);
    }

    fn enter(&mut self, state: State) -> Result<(), Skip> {
        match (&mut self.child, state) {
            (_, State::Initial) => Ok(()),
            (Some(child), State::Running) => child.start(),
            (Some(child), State::Suspended) => child.suspend(),
            (Some(child), State::Killed) => child.kill(),
            (Some(child), State::VmarDestroyed) => child.destroy_vmar(),
            (None, _) => Err("only a child can change its state".into()),
        }
    }

    fn handle(&mut self, handle: Handle) -> Result<zx_handle_t, Skip> {
        let process = self.process.as_raw();
        let all = self.process.rights().unwrap();
        match handle {
            Handle::Full => Ok(process),
            Handle::Invalid => Ok(0),
            Handle::Garbage => Ok(0x5eed_5eef),
            Handle::AllOnes => Ok(u32::MAX),
            Handle::Closed => {
                let closed = self.duplicate(process, Rights::SAME_RIGHTS)?;
                self.handles.pop();
                Ok(closed)
            }
            Handle::WriteOnly => self.duplicate(process, Rights::WRITE),
            Handle::ReadOnly => self.duplicate(process, Rights::READ),
            Handle::ReadAndWriteOnly => self.duplicate(process, Rights::READ | Rights::WRITE),
            Handle::AllButWrite => self.duplicate(process, all - Rights::WRITE),
            Handle::AllButRead => self.duplicate(process, all - Rights::READ),
            Handle::Job => Ok(sys::zx_job_default()),
            Handle::JobWithoutWrite => self.duplicate(sys::zx_job_default(), Rights::READ),
            Handle::JobWithoutRead => self.duplicate(sys::zx_job_default(), Rights::WRITE),
            Handle::Vmo => self.new_handle("zx_vmo_create", |out| {
                // SAFETY: `out` is valid for a write of a handle.
                unsafe { zx::zx_vmo_create(PAGE as u64, 0, out) }
            }),
            Handle::VmoWithoutWrite => {
                let vmo = self.handle(Handle::Vmo)?;
                self.duplicate(vmo, Rights::READ)
            }
            Handle::Event => self.new_handle("zx_event_create", |out| {
                // SAFETY: `out` is valid for a write of a handle.
                unsafe { zx::zx_event_create(0, out) }
            }),
            Handle::Vmar => self.duplicate(zx_vmar_root_self(), Rights::SAME_RIGHTS),
            Handle::Thread => self.new_handle("zx_thread_create", |out| {
                let name = b"conformance";
                let own = sys::zx_process_self();
                // SAFETY: `name` is valid for reads of its length, `out` is valid for a write of a
                // handle, and nothing starts the thread.
                unsafe { zx::zx_thread_create(own, name.as_ptr(), name.len(), 0, out) }
            }),
        }
    }

    fn vdso(&mut self) -> Result<Vdso, Skip> {
        let Some(child) = &self.child else {
            return Ok(own_vdso());
        };
        if self.child_vdso.is_none() {
            self.child_vdso = Some(vdso::map_into(child.vmar())?);
        }
        Ok(self.child_vdso.as_ref().unwrap().0)
    }

    fn contents(&mut self, case: &Case) -> Option<Vec<u8>> {
        Some(self.memory.contents(case.memory))
    }

    fn remapped_page(&mut self) -> Result<RemappedPage, Skip> {
        let child = self.child.as_ref();
        RemappedPage::start(child.map_or_else(|| zx_vmar_root_self(), RawProcess::vmar))
    }
}
