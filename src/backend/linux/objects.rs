use super::handle_table::{Entry, HandleTable};
use super::known_processes::KnownProcesses;
use super::object::{Kind, Object};
use super::opened_process::OpenedProcess;
use crate::owned_handle::OwnedHandle;
use crate::sys::{ZX_HANDLE_INVALID, zx_handle_t, zx_koid_t};
use crate::{Process, Rights, Status};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

/// The handles and kernel objects of the Linux backend.
#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) handles: HandleTable,
    job: OnceLock<(zx_koid_t, zx_handle_t)>,
    processes: Mutex<KnownProcesses>,
    /// The calling process's handle to itself, or 0 before the first use. A fork of this program
    /// starts with its parent's handle here.
    own: Mutex<zx_handle_t>,
}

pub(crate) fn objects() -> &'static Objects {
    static OBJECTS: LazyLock<Objects> = LazyLock::new(Objects::default);
    &OBJECTS
}

impl Objects {
    /// Returns a handle for safe code.
    pub(crate) fn new_process(&self, opened: OpenedProcess) -> Result<Process, Status> {
        let handle = self.insert_process(opened);
        // SAFETY: the handle was made here, and nothing else closes it.
        unsafe { OwnedHandle::from_raw(handle) }.into_process()
    }

    /// Returns the calling process's handle to itself, or 0 if Linux does not let it open its own
    /// memory.
    pub(crate) fn own_process(&self) -> zx_handle_t {
        let cached = *lock(&self.own);
        if self.is_own(cached) {
            return cached;
        }
        let Ok(opened) = OpenedProcess::by_pid(std::process::id()) else {
            return ZX_HANDLE_INVALID;
        };
        // Otherwise each call would insert a handle.
        if opened.space.is_ours() != Ok(true) {
            return ZX_HANDLE_INVALID;
        }
        let new = self.insert_process(opened);
        let mut own = lock(&self.own);
        if *own == cached {
            *own = new;
        } else {
            // Another thread was faster.
            self.handles.remove(new);
        }
        *own
    }

    fn is_own(&self, handle: zx_handle_t) -> bool {
        let entry = self.handles.get(handle);
        let process = entry.as_ref().and_then(|entry| entry.object.as_process());
        process.is_some_and(|process| process.space.is_ours() == Ok(true))
    }

    pub(crate) fn default_job(&self) -> (zx_koid_t, zx_handle_t) {
        *self.job.get_or_init(|| {
            let object = Arc::new(Object::new(Kind::Job));
            let rights = JOB_RIGHTS.bits();
            (object.koid, self.handles.insert(Entry { object, rights }))
        })
    }

    /// Returns the process with this koid, if the caller has it open and it has not ended.
    pub(crate) fn process_by_koid(&self, koid: zx_koid_t) -> Option<Arc<Object>> {
        let known = lock(&self.processes).by_koid(koid);
        known?.alive()
    }

    fn insert_process(&self, opened: OpenedProcess) -> zx_handle_t {
        let object = self.object_of(opened);
        let rights = TASK_RIGHTS.bits();
        self.handles.insert(Entry { object, rights })
    }

    /// Returns the object of the process: the known one if it is the same process and memory, else
    /// a new one.
    fn object_of(&self, opened: OpenedProcess) -> Arc<Object> {
        let id = opened.id;
        let new = Arc::new(Object::new(Kind::Process(opened)));
        loop {
            let known = lock(&self.processes).by_id(id);
            let opened = new.as_process();
            let same = known
                .as_ref()
                .zip(opened)
                .and_then(|(known, opened)| known.same(opened));
            if let Some(object) = same {
                return object;
            }
            // If the process has ended or called exec meanwhile, a newer object may be known. It stays.
            if !opened.is_some_and(OpenedProcess::is_alive) {
                return new;
            }
            let mut processes = lock(&self.processes);
            // If another thread has inserted an object since, compare with that one.
            if processes.by_id(id).map(|now| now.koid) == known.map(|then| then.koid) {
                processes.insert(id, &new);
                return new;
            }
        }
    }
}

/// No code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The rights that processes and jobs have: `ZX_RIGHTS_BASIC`, `ZX_RIGHTS_IO`,
/// `ZX_RIGHTS_PROPERTY` and those of tasks.
const TASK_RIGHTS: Rights = Rights::TRANSFER
    .union(Rights::DUPLICATE)
    .union(Rights::WAIT)
    .union(Rights::INSPECT)
    .union(Rights::READ)
    .union(Rights::WRITE)
    .union(Rights::GET_PROPERTY)
    .union(Rights::SET_PROPERTY)
    .union(Rights::ENUMERATE)
    .union(Rights::DESTROY)
    .union(Rights::SIGNAL)
    .union(Rights::MANAGE_PROCESS)
    .union(Rights::MANAGE_THREAD);

/// `ZX_DEFAULT_JOB_RIGHTS`.
const JOB_RIGHTS: Rights = TASK_RIGHTS
    .union(Rights::GET_POLICY)
    .union(Rights::SET_POLICY)
    .union(Rights::MANAGE_JOB);

#[cfg(test)]
mod tests {
    use super::{Objects, OpenedProcess};
    use crate::backend::linux::opened_process::{address_space, pidfd};
    use rustix::fd::AsFd;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    /// A process that is opened between vfork and exec has its parent's memory, which outlives the
    /// exec.
    #[test]
    fn handle_from_before_exec_does_not_change_the_koid_after_exec() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let own = pidfd(std::process::id()).unwrap();
        let shared = address_space(own.as_fd()).unwrap();
        let early = OpenedProcess::new(child.id(), pidfd(child.id()).unwrap(), shared).unwrap();
        let opened = || OpenedProcess::by_pid(child.id()).unwrap();

        let objects = Objects::default();
        let early = objects.object_of(early);
        let first = objects.object_of(opened());
        assert_ne!(first.koid, early.koid);
        assert_eq!(objects.object_of(opened()).koid, first.koid);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Two threads open a process. The process calls exec, and the first thread looks up the object
    /// after the second one.
    #[test]
    fn late_lookup_after_exec_does_not_replace_the_successor() {
        let mut child = Command::new("sh")
            .args(["-c", "echo before; read line; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "before");
        let before = OpenedProcess::by_pid(child.id()).unwrap();
        stdin.write_all(b"go on\nafter\n").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "after");
        let after = OpenedProcess::by_pid(child.id()).unwrap();
        let again = OpenedProcess::by_pid(child.id()).unwrap();

        let objects = Objects::default();
        let after = objects.object_of(after);
        let before = objects.object_of(before);
        assert_ne!(before.koid, after.koid);
        assert_eq!(objects.object_of(again).koid, after.koid);
        drop(stdin);
        child.wait().unwrap();
    }
}
