use super::object::Object;
use super::opened_process::OpenedProcess;
use super::process_id::ProcessId;
use crate::sys::zx_koid_t;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// The newest object of each process, so that a process that is opened again has the same koid.
#[derive(Default)]
pub(crate) struct KnownProcesses {
    by_id: BTreeMap<ProcessId, KnownProcess>,
    ids: BTreeMap<zx_koid_t, ProcessId>,
    /// When this many processes are known, those without an open handle are removed. It is twice the number
    /// that the last removal left, so that an insertion takes O(log n) on average.
    removal_at: usize,
}

#[derive(Clone)]
pub(crate) struct KnownProcess {
    pub(crate) koid: zx_koid_t,
    object: Weak<Object>,
}

impl KnownProcesses {
    pub(crate) fn by_id(&self, id: ProcessId) -> Option<KnownProcess> {
        self.by_id.get(&id).cloned()
    }

    pub(crate) fn by_koid(&self, koid: zx_koid_t) -> Option<KnownProcess> {
        self.by_id(*self.ids.get(&koid)?)
    }

    /// Replaces the object of this process.
    pub(crate) fn insert(&mut self, id: ProcessId, object: &Arc<Object>) {
        if self.by_id.len() >= self.removal_at {
            let ids = &mut self.ids;
            self.by_id.retain(|_, known| {
                let is_open = known.object.strong_count() != 0;
                if !is_open {
                    ids.remove(&known.koid);
                }
                is_open
            });
            self.removal_at = (2 * self.by_id.len()).max(MIN_REMOVAL_AT);
        }
        let new = KnownProcess {
            koid: object.koid,
            object: Arc::downgrade(object),
        };
        self.ids.insert(new.koid, id);
        if let Some(old) = self.by_id.insert(id, new) {
            self.ids.remove(&old.koid);
        }
    }
}

const MIN_REMOVAL_AT: usize = 16;

impl KnownProcess {
    /// Returns the object, if its process lives and has the memory that was opened. Makes system
    /// calls, so it must not be called under a lock.
    pub(crate) fn alive(&self) -> Option<Arc<Object>> {
        let object = self.object.upgrade()?;
        object.as_process()?.is_alive().then_some(object)
    }

    /// Returns the object, if it is the process and memory that `opened` is.
    pub(crate) fn same(&self, opened: &OpenedProcess) -> Option<Arc<Object>> {
        let object = self.alive()?;
        object.as_process()?.is_same(opened).then_some(object)
    }
}

#[cfg(test)]
mod tests {
    use super::{KnownProcesses, MIN_REMOVAL_AT};
    use crate::backend::linux::object::{Kind, Object};
    use crate::backend::linux::process_id::ProcessId;
    use std::sync::Arc;
    use std::vec::Vec;

    fn object() -> Arc<Object> {
        Arc::new(Object::new(Kind::Job))
    }

    #[test]
    fn newest_object_of_a_process_is_found_by_id_and_koid() {
        let mut known = KnownProcesses::default();
        let (first, second) = (object(), object());
        let id = ProcessId::PidfdInode(7);
        known.insert(id, &first);
        assert_eq!(known.by_koid(first.koid).unwrap().koid, first.koid);
        known.insert(id, &second);
        assert_eq!(known.by_id(id).unwrap().koid, second.koid);
        assert!(known.by_koid(first.koid).is_none());
        assert_eq!(known.by_koid(second.koid).unwrap().koid, second.koid);
    }

    #[test]
    fn processes_without_a_handle_are_removed_when_their_number_has_doubled() {
        let mut known = KnownProcesses::default();
        let open: Vec<_> = (0..10).map(|_| object()).collect();
        for (object, inode) in open.iter().zip(0..) {
            known.insert(ProcessId::PidfdInode(inode), object);
        }
        for inode in 100..10_000 {
            known.insert(ProcessId::PidfdInode(inode), &object());
            assert!(known.by_id.len() <= 2 * (open.len() + MIN_REMOVAL_AT));
            assert_eq!(known.ids.len(), known.by_id.len());
        }
        for object in open {
            assert!(known.by_koid(object.koid).is_some());
        }
    }
}
