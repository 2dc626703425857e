//! Zircon: VMOs mapped into the suite itself, or into a process that it makes. They are
//! filled and looked at by the calls for VMOs.

#[path = "zircon_memory.rs"]
mod memory;
#[path = "zircon_process.rs"]
mod process;

use self::memory::{Memory, Owned, ok};
use self::process::RawProcess;
use crate::suite::case::{Case, Handle, PAGE, State};
use crate::suite::target::{Probe, Skip, Target, Vdso, Who};
use fuchsia_zircon_sys as zx;
use zx_process_memory::sys::{self, zx_handle_t, zx_vaddr_t};
use zx_process_memory::{Process, Rights, Status};

pub(crate) const IS_STAND_IN: bool = false;

unsafe extern "C" {
    /// libc's handle to the root VMAR; not to be closed.
    safe fn zx_vmar_root_self() -> zx_handle_t;
}

/// A program that an old userboot starts itself has none: what it prints is dropped without
/// an error. The words of the kernel's command line are its environment, and this is how
/// such a userboot was told what to start. Newer ones are told by `userboot.next`, and give
/// their program the debuglog.
pub(crate) fn has_stdio() -> bool {
    std::env::var_os("userboot").is_none()
}

pub(crate) fn say(line: &str) {
    if has_stdio() {
        println!("{line}");
    } else {
        let line = format!("{line}\n");
        // SAFETY: the bytes are readable.
        unsafe { zx::zx_debug_write(line.as_ptr(), line.len()) };
    }
}

pub(crate) fn is_debuggee() -> bool {
    false
}

pub(crate) fn serve() {}

pub(crate) fn target(who: Who) -> Result<Box<dyn Target>, Skip> {
    Ok(Box::new(match who {
        Who::Own => Zircon::own(),
        Who::Child => Zircon::child()?,
    }))
}

pub(crate) fn probe(probe: Probe) -> Result<usize, Status> {
    let mut own = Zircon::own();
    let process = own.process.duplicate(Rights::SAME_RIGHTS)?;
    let one = const { &[crate::suite::case::memory(1)] };
    match probe {
        Probe::Good => process.write_memory(own.memory.lay_out(one).map_err(internal)?, &[1]),
        Probe::Unmapped => process.write_memory(0, &[1]),
        Probe::VdsoAsItIs => {
            let start = own_vdso().start as *const u8;
            // SAFETY: the vDSO is mapped and can be read.
            let byte = unsafe { start.read_volatile() };
            process.write_memory(start.addr(), &[byte])
        }
        Probe::NeverWritableReachesVmo => {
            let vaddr = own.memory.never_writable().map_err(internal)?;
            process.write_memory(vaddr, &[1])?;
            own.memory.first_byte().map(usize::from)
        }
    }
}

pub(crate) fn switch_debugging_calls(_: bool) -> Result<(), Skip> {
    Err("a kernel is told at its boot whether debugging calls are on".into())
}

pub(crate) fn own_vdso() -> Vdso {
    let mut start: zx_vaddr_t = 0;
    // SAFETY: the property is a word, and `start` is writable.
    let raw = unsafe {
        zx::zx_object_get_property(
            sys::zx_process_self(),
            zx::ZX_PROP_PROCESS_VDSO_BASE_ADDRESS,
            (&raw mut start).cast(),
            size_of_val(&start),
        )
    };
    // A process may always ask this about itself.
    assert_eq!(Status::ok(raw), Ok(()), "zx_object_get_property");
    // The calls themselves are the vDSO's code.
    let code = sys::zx_process_write_memory as *const () as zx_vaddr_t;
    Vdso { start, code }
}

fn internal(_: Skip) -> Status {
    Status::Internal
}

struct Zircon {
    memory: Memory,
    process: Process,
    /// The child, if it is one. It is killed on drop.
    child: Option<RawProcess>,
    made: Vec<Owned>,
}

impl Zircon {
    fn own() -> Self {
        // SAFETY: only what is laid out for a case is written, which nothing borrows.
        let process = unsafe { Process::current() }.unwrap();
        Self {
            memory: Memory::new(zx_vmar_root_self()),
            process,
            child: None,
            made: Vec::new(),
        }
    }

    fn child() -> Result<Self, Skip> {
        let child = RawProcess::create()?;
        let process = child.process()?;
        Ok(Self {
            memory: Memory::new(child.vmar()),
            process,
            child: Some(child),
            made: Vec::new(),
        })
    }

    fn make(
        &mut self,
        what: &str,
        make: impl FnOnce(*mut zx_handle_t) -> i32,
    ) -> Result<zx_handle_t, Skip> {
        let mut handle = 0;
        ok(what, make(&raw mut handle))?;
        self.made.push(Owned(handle));
        Ok(handle)
    }

    fn duplicate(&mut self, handle: zx_handle_t, rights: Rights) -> Result<zx_handle_t, Skip> {
        self.make("zx_handle_duplicate", |out| {
            // SAFETY: `out` is valid for a write.
            unsafe { zx::zx_handle_duplicate(handle, rights.bits(), out) }
        })
    }
}

impl Target for Zircon {
    fn lay_out(&mut self, case: &Case) -> Result<zx_vaddr_t, Skip> {
        self.memory.lay_out(case.memory)
    }

    fn fill(&mut self, case: &Case) {
        self.memory.fill(case.memory);
    }

    fn enter(&mut self, state: State) -> Result<(), Skip> {
        match (&mut self.child, state) {
            (_, State::AsMade) => Ok(()),
            (Some(child), State::Running) => child.start(),
            (Some(child), State::Suspended) => child.suspend(),
            (Some(child), State::Killed) => child.kill(),
            (Some(child), State::VmarDestroyed) => child.destroy_vmar(),
            (None, _) => Err("only a child is brought into a state".into()),
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
                self.made.pop();
                Ok(closed)
            }
            Handle::WriteAlone => self.duplicate(process, Rights::WRITE),
            Handle::ReadAlone => self.duplicate(process, Rights::READ),
            Handle::ReadAndWrite => self.duplicate(process, Rights::READ | Rights::WRITE),
            Handle::AllButWrite => self.duplicate(process, all - Rights::WRITE),
            Handle::AllButRead => self.duplicate(process, all - Rights::READ),
            Handle::Job => Ok(sys::zx_job_default()),
            Handle::JobWithoutWrite => self.duplicate(sys::zx_job_default(), Rights::READ),
            Handle::JobWithoutRead => self.duplicate(sys::zx_job_default(), Rights::WRITE),
            Handle::Vmo => self.make("zx_vmo_create", |out| {
                // SAFETY: `out` is valid for a write.
                unsafe { zx::zx_vmo_create(PAGE as u64, 0, out) }
            }),
            Handle::VmoWithoutWrite => {
                let vmo = self.handle(Handle::Vmo)?;
                self.duplicate(vmo, Rights::READ)
            }
            Handle::Event => self.make("zx_event_create", |out| {
                // SAFETY: `out` is valid for a write.
                unsafe { zx::zx_event_create(0, out) }
            }),
            Handle::Vmar => self.duplicate(zx_vmar_root_self(), Rights::SAME_RIGHTS),
            Handle::Thread => self.make("zx_thread_create", |out| {
                let name = b"conformance";
                let own = sys::zx_process_self();
                // SAFETY: the name is readable, `out` valid for a write. The thread is
                // never started.
                unsafe { zx::zx_thread_create(own, name.as_ptr(), name.len(), 0, out) }
            }),
        }
    }

    fn vdso(&mut self) -> Result<Vdso, Skip> {
        if self.child.is_some() {
            return Err("a process that nobody has loaded a program into has no vDSO".into());
        }
        Ok(own_vdso())
    }

    fn contents(&mut self, case: &Case) -> Option<Vec<u8>> {
        Some(self.memory.contents(case.memory))
    }
}
