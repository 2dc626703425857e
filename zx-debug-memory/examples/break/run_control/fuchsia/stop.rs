//! Stopping all threads.

use super::handle::OwnedHandle;
use super::wait::info_of;
use super::{Result, Thread, ThreadId, Traced};
use fuchsia_zircon_sys as zx;
use zx_process_memory::sys::zx_handle_t;
use zx_process_memory::{Process, Status};

/// A thread that is suspended, or will be when it next executes an instruction of the program.
pub(super) struct Suspended {
    token: OwnedHandle,
    pub(super) thread: Thread,
}

impl Suspended {
    /// `None` if the thread has ended.
    fn new(process: &Process, koid: ThreadId) -> Result<Option<Self>> {
        let rights = zx::ZX_RIGHT_SAME_RIGHTS;
        let mut thread = 0;
        // SAFETY: `thread` is valid for a write of a handle.
        let raw =
            unsafe { zx::zx_object_get_child(process.as_raw(), koid, rights, &raw mut thread) };
        match Status::ok(raw) {
            Err(Status::NotFound) => return Ok(None),
            result => result.map_err(|status| format!("zx_object_get_child: {status}"))?,
        }
        let thread = Thread(OwnedHandle(thread));
        let mut token = 0;
        // SAFETY: `token` is valid for a write of a handle.
        let raw = unsafe { zx::zx_task_suspend_token(thread.0.0, &raw mut token) };
        match Status::ok(raw) {
            Err(Status::BadState) => return Ok(None),
            result => result.map_err(|status| format!("zx_task_suspend_token: {status}"))?,
        }
        let token = OwnedHandle(token);
        Ok(Some(Self { token, thread }))
    }

    /// Whether the thread executes nothing of the program until the token is closed.
    ///
    /// A thread in an exception of this debugger is not yet: the exception must be taken from the channel.
    /// It also is not yet after the exception has ended, until the kernel suspends it.
    fn is_stopped(&self) -> Result<bool> {
        /// Values of `zx_info_thread_t`, which begins with the state and the type of the channel.
        const NEW: u32 = 0;
        const SUSPENDED: u32 = 2;
        const DYING: u32 = 4;
        const DEAD: u32 = 5;
        const BLOCKED_EXCEPTION: u32 = 0x103;
        /// The types of the channels to which an exception goes that the debugger has passed on.
        const OTHER_CHANNELS: std::ops::RangeInclusive<u32> = 2..=5;
        let mut info = [0; 32];
        info_of(self.thread.0.0, zx::ZX_INFO_THREAD, &mut info)
            .map_err(|status| format!("ZX_INFO_THREAD: {status}"))?;
        let bytes = info[0].to_le_bytes();
        let [state, channel] = [0, 4].map(|at| {
            let mut field = [0; 4];
            field.copy_from_slice(&bytes[at..at + 4]);
            u32::from_le_bytes(field)
        });
        Ok(match state {
            NEW | SUSPENDED | DYING | DEAD => true,
            // The program's own handler can be a suspended thread. So the exception can last. The type of
            // the channel can be that of an earlier exception (read in the sources of April 2021), but then
            // the registers cannot be read.
            BLOCKED_EXCEPTION => OTHER_CHANNELS.contains(&channel) && self.thread.general().is_ok(),
            _ => false,
        })
    }

    /// Closes the token. The thread continues.
    pub(super) fn into_thread(self) -> Thread {
        drop(self.token);
        self.thread
    }
}

impl Traced {
    /// Stops all threads. Holds all exceptions that they have raised.
    pub(super) fn stop_all(&mut self) -> Result<()> {
        loop {
            let mut is_ready = self.hold_next()?.is_none();
            while self.hold_next()?.is_some() {}
            for koid in thread_koids(self.process.as_raw())? {
                if self.held.contains_key(&koid) {
                    continue;
                }
                if !self.suspended.contains_key(&koid) {
                    let Some(suspended) = Suspended::new(&self.process, koid)? else {
                        continue;
                    };
                    self.suspended.insert(koid, suspended);
                    // Meanwhile this thread can have started another one.
                    is_ready = false;
                }
                is_ready &= self.suspended[&koid].is_stopped()?;
            }
            if is_ready {
                break;
            }
            self.wait_shortly(POLL);
        }
        let held = &self.held;
        self.suspended.retain(|koid, _| !held.contains_key(koid));
        Ok(())
    }
}

/// In nanoseconds. There is no signal for a thread that is about to stop in an exception.
const POLL: i64 = 1_000_000;

/// The koids of all threads.
fn thread_koids(process: zx_handle_t) -> Result<Vec<ThreadId>> {
    let mut koids = vec![0; 32];
    loop {
        let count = match info_of(process, zx::ZX_INFO_PROCESS_THREADS, &mut koids) {
            // The process has ended, or no thread has been started yet.
            Err(Status::BadState) => 0,
            result => result.map_err(|status| format!("ZX_INFO_PROCESS_THREADS: {status}"))?,
        };
        let capacity = koids.len();
        koids.resize(count, 0);
        if count <= capacity {
            return Ok(koids);
        }
    }
}
