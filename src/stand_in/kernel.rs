use super::handle_table::{Entry, HandleTable};
use super::object::{Kind, Object};
use super::open::Opened;
use crate::sys::{ZX_HANDLE_INVALID, zx_handle_t, zx_koid_t};
use crate::{Process, Rights, Status};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// All that the stand-in knows.
#[derive(Default)]
pub(crate) struct Kernel {
    pub(crate) handles: HandleTable,
    job: OnceLock<(zx_koid_t, zx_handle_t)>,
    /// By pid, so that a process that is opened again is the same object.
    processes: Mutex<HashMap<u32, Known>>,
    /// By pid too: a fork of this program is another process.
    own: Mutex<HashMap<u32, zx_handle_t>>,
}

#[derive(Clone)]
struct Known {
    koid: zx_koid_t,
    object: Weak<Object>,
}

impl Known {
    /// The object, while its process lives on the memory with which it was opened.
    /// Asks Linux, so it is not to be called under a lock.
    fn alive(&self) -> Option<Arc<Object>> {
        let object = self.object.upgrade()?;
        object.as_process()?.is_alive().then_some(object)
    }

    /// The object, if it is of the process and program that was opened now.
    fn same(&self, opened: &Opened) -> Option<Arc<Object>> {
        let object = self.alive()?;
        object.as_process()?.is_same(opened).then_some(object)
    }
}

pub(crate) fn kernel() -> &'static Kernel {
    static KERNEL: LazyLock<Kernel> = LazyLock::new(Kernel::default);
    &KERNEL
}

impl Kernel {
    pub(crate) fn new_process(&self, opened: Opened) -> Result<Process, Status> {
        let handle = self.insert_process(opened);
        // SAFETY: the handle was just made and is given away here.
        unsafe { Process::from_raw(handle) }
    }

    /// The calling process's handle to itself; 0 if Linux does not let it open its
    /// own memory.
    pub(crate) fn own_process(&self) -> zx_handle_t {
        let pid = std::process::id();
        if let Some(&handle) = lock(&self.own).get(&pid) {
            return handle;
        }
        let Ok(opened) = Opened::by_pid(pid) else {
            return ZX_HANDLE_INVALID;
        };
        let new = self.insert_process(opened);
        let first = *lock(&self.own).entry(pid).or_insert(new);
        if first != new {
            self.handles.remove(new);
        }
        first
    }

    pub(crate) fn default_job(&self) -> (zx_koid_t, zx_handle_t) {
        *self.job.get_or_init(|| {
            let object = Arc::new(Object::new(Kind::Job));
            let rights = JOB_RIGHTS.bits();
            (object.koid, self.handles.insert(Entry { object, rights }))
        })
    }

    /// The living process with this koid, if this program has it open.
    pub(crate) fn process_by_koid(&self, koid: zx_koid_t) -> Option<Arc<Object>> {
        let known = {
            let processes = lock(&self.processes);
            processes.values().find(|known| known.koid == koid).cloned()
        };
        known?.alive()
    }

    fn insert_process(&self, opened: Opened) -> zx_handle_t {
        let object = self.object_of(opened);
        let rights = TASK_RIGHTS.bits();
        self.handles.insert(Entry { object, rights })
    }

    fn object_of(&self, opened: Opened) -> Arc<Object> {
        let pid = opened.pid;
        let new = Arc::new(Object::new(Kind::Process(opened)));
        loop {
            let known = lock(&self.processes).get(&pid).cloned();
            let opened = new.as_process();
            let same = known
                .as_ref()
                .zip(opened)
                .and_then(|(known, opened)| known.same(opened));
            if let Some(object) = same {
                return object;
            }
            // What has ended or was replaced meanwhile has no claim to the pid.
            if !opened.is_some_and(Opened::is_alive) {
                return new;
            }
            let mut processes = lock(&self.processes);
            // Somebody else may have opened it since; then theirs is looked at.
            if processes.get(&pid).map(|now| now.koid) == known.map(|then| then.koid) {
                processes.retain(|_, known| known.object.strong_count() != 0);
                let (koid, object) = (new.koid, Arc::downgrade(&new));
                processes.insert(pid, Known { koid, object });
                return new;
            }
        }
    }
}

/// No code that could panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `ZX_RIGHTS_BASIC`, `_IO` and `_PROPERTY`, and what both tasks have besides.
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
    use super::{Kernel, Opened};
    use crate::stand_in::{address_space, pidfd};
    use rustix::fd::AsFd;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    /// As of a process that was opened after its vfork and before its exec, when it still had
    /// its parent's memory, which goes on to be there.
    #[test]
    fn a_program_keeps_its_koid_beside_a_handle_from_before_its_exec() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let own = pidfd(std::process::id()).unwrap();
        let shared = address_space(own.as_fd()).unwrap();
        let early = Opened::from_parts(child.id(), pidfd(child.id()).unwrap(), shared);
        let opened = || Opened::by_pid(child.id()).unwrap();

        let kernel = Kernel::default();
        let early = kernel.object_of(early);
        let first = kernel.object_of(opened());
        assert_ne!(first.koid, early.koid);
        assert_eq!(kernel.object_of(opened()).koid, first.koid);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// As by two threads, one of which was held up between its opening of a process and the
    /// search for its object.
    #[test]
    fn a_program_is_not_taken_for_the_one_that_replaced_it() {
        let mut child = Command::new("sh")
            .args(["-c", "echo before; read line; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "before");
        let before = Opened::by_pid(child.id()).unwrap();
        stdin.write_all(b"go on\nafter\n").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "after");
        let after = Opened::by_pid(child.id()).unwrap();
        let again = Opened::by_pid(child.id()).unwrap();

        let kernel = Kernel::default();
        let after = kernel.object_of(after);
        let before = kernel.object_of(before);
        assert_ne!(before.koid, after.koid);
        assert_eq!(kernel.object_of(again).koid, after.koid);
        drop(stdin);
        child.wait().unwrap();
    }
}
