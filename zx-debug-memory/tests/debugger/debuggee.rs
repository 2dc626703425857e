//! The process that the tests debug.

#[cfg(target_os = "fuchsia")]
pub(crate) mod bare_process;
mod child;

pub(crate) use child::{is_debuggee, serve};
use zx_process_memory::Process;

/// The length of the debuggee's code, in bytes.
pub(crate) const LEN: usize = 64;

/// A process with code at a known address: `LEN` bytes, at first zeros, which are not executed. The
/// address is a multiple of `LEN`, which suits every break instruction.
pub(crate) struct Debuggee {
    access: Box<dyn Access>,
    /// The address of its code.
    pub(crate) vaddr: usize,
}

/// Access to a process without the calls under test.
trait Access {
    fn code_vaddr(&mut self) -> usize;

    /// A new handle.
    fn process(&self) -> Process;

    fn read_code(&mut self) -> Vec<u8>;

    fn write_code(&mut self, offset: usize, bytes: &[u8]);

    /// Makes the process fork. Returns a handle to the new process.
    #[cfg(target_os = "linux")]
    fn fork(&mut self) -> Process;
}

/// The condition of a test whose debuggee must run a program.
pub(crate) fn child_starts() -> Option<&'static str> {
    let child = child::Child::start();
    child.is_err().then_some("this system cannot start a child")
}

impl Debuggee {
    pub(crate) fn start() -> Self {
        let child = child::Child::start().map(|child| Box::new(child) as Box<dyn Access>);
        // Without a launcher, no program can be started.
        #[cfg(target_os = "fuchsia")]
        let child = child.or_else(|error| bare_process::BareProcess::create_after(&error));
        let mut access = child.unwrap();
        let vaddr = access.code_vaddr();
        Self { access, vaddr }
    }

    /// A new handle to the debuggee.
    pub(crate) fn process(&self) -> Process {
        self.access.process()
    }

    /// The debuggee's code, read without the calls under test.
    pub(crate) fn memory(&mut self) -> Vec<u8> {
        self.access.read_code()
    }

    /// Changes the debuggee's code, without the calls under test.
    pub(crate) fn store(&mut self, offset: usize, bytes: &[u8]) {
        self.access.write_code(offset, bytes);
    }

    /// Makes the debuggee fork. Returns a handle to the new process, which ends with the debuggee.
    #[cfg(target_os = "linux")]
    pub(crate) fn fork(&mut self) -> Process {
        self.access.fork()
    }

    /// Ends the debuggee.
    #[cfg(target_os = "linux")]
    pub(crate) fn end(self) {
        drop(self.access);
    }
}
