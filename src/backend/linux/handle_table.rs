use super::object::Object;
use crate::sys::{zx_handle_t, zx_rights_t};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The object and the rights of a handle. A clone keeps the object alive: if a handle is closed
/// during a call, the call completes on the object with which it started.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) object: Arc<Object>,
    pub(crate) rights: zx_rights_t,
}

/// Handle values have Zircon's form (`ZX_HANDLE_FIXED_BITS_MASK` of `<zircon/types.h>`): never 0, and
/// the two low bits are set. They count up, so a
/// closed value is reused only after 2^30 others.
#[derive(Default)]
pub(crate) struct HandleTable(Mutex<Table>);

#[derive(Default)]
struct Table {
    last: u32,
    entries: BTreeMap<zx_handle_t, Entry>,
}

const LOW_BITS: zx_handle_t = 0b11;

impl HandleTable {
    pub(crate) fn insert(&self, entry: Entry) -> zx_handle_t {
        let mut table = self.lock();
        loop {
            table.last = table.last.wrapping_add(1);
            let value = table.last << 2 | LOW_BITS;
            // 3 would be the first value after a wrap. It has no bit but the fixed ones.
            if value != LOW_BITS && !table.entries.contains_key(&value) {
                table.entries.insert(value, entry);
                return value;
            }
        }
    }

    pub(crate) fn get(&self, handle: zx_handle_t) -> Option<Entry> {
        self.lock().entries.get(&handle).cloned()
    }

    /// Gives a handle value another meaning.
    #[cfg(test)]
    pub(crate) fn replace(&self, handle: zx_handle_t, entry: Entry) {
        self.lock().entries.insert(handle, entry);
    }

    /// Returns the entry, so that the caller closes its files without the lock.
    pub(crate) fn remove(&self, handle: zx_handle_t) -> Option<Entry> {
        self.lock().entries.remove(&handle)
    }

    /// Held for a look-up, never during I/O. No code that can panic runs under this lock, so a
    /// poisoned lock protects a consistent table.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, HandleTable, LOW_BITS, Object};
    use crate::backend::linux::object::Kind;
    use std::sync::Arc;

    fn entry() -> Entry {
        let object = Arc::new(Object::new(Kind::Job));
        Entry { object, rights: 0 }
    }

    #[test]
    fn wrapped_values_skip_3_and_open_handles() {
        let table = HandleTable::default();
        let first = table.insert(entry());
        table.lock().last = (1 << 30) - 2;
        let last = table.insert(entry());
        assert_eq!(last, u32::MAX);
        let next = table.insert(entry());
        assert!(
            next != first && next != LOW_BITS && next & LOW_BITS == LOW_BITS,
            "{next:#x}"
        );
        table.remove(first).unwrap();
        table.lock().last = 0;
        assert_eq!(table.insert(entry()), first);
    }
}
