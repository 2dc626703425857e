use super::object::Object;
use crate::sys::{zx_handle_t, zx_rights_t};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a handle stands for. A clone keeps the object alive, so that a handle can
/// be closed while a call made with it is under way: that call ends on the object
/// with which it began.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) object: Arc<Object>,
    pub(crate) rights: zx_rights_t,
}

/// Handle values are Zircon's in shape: never 0, the two low bits set. They count
/// up, so that a stale one names nothing until 2^30 others were given out.
#[derive(Default)]
pub(crate) struct HandleTable(Mutex<Table>);

#[derive(Default)]
struct Table {
    last: u32,
    entries: BTreeMap<zx_handle_t, Entry>,
}

const SHAPE: zx_handle_t = 0b11;

impl HandleTable {
    pub(crate) fn insert(&self, entry: Entry) -> zx_handle_t {
        let mut table = self.lock();
        loop {
            table.last = table.last.wrapping_add(1);
            let value = table.last << 2 | SHAPE;
            // 3 itself would be the first after a wrap; Zircon never gives it out.
            if value != SHAPE && !table.entries.contains_key(&value) {
                table.entries.insert(value, entry);
                return value;
            }
        }
    }

    pub(crate) fn get(&self, handle: zx_handle_t) -> Option<Entry> {
        self.lock().entries.get(&handle).cloned()
    }

    /// The entry is the caller's to drop, for closing its files is I/O.
    pub(crate) fn remove(&self, handle: zx_handle_t) -> Option<Entry> {
        self.lock().entries.remove(&handle)
    }

    /// Held for a look-up only, never across I/O. No code that could panic runs under
    /// it, so a poisoned lock would still guard a sound table.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, HandleTable, Object, SHAPE};
    use crate::backend::linux::object::Kind;
    use std::sync::Arc;

    fn entry() -> Entry {
        let object = Arc::new(Object::new(Kind::Job));
        Entry { object, rights: 0 }
    }

    /// 2^30 handles later the values come again: not 3, and none that is in use.
    #[test]
    fn a_wrap_skips_what_is_in_use() {
        let table = HandleTable::default();
        let first = table.insert(entry());
        table.lock().last = (1 << 30) - 2;
        let last = table.insert(entry());
        assert_eq!(last, u32::MAX);
        let next = table.insert(entry());
        assert!(
            next != first && next != SHAPE && next & SHAPE == SHAPE,
            "{next:#x}"
        );
        table.remove(first).unwrap();
        table.lock().last = 0;
        assert_eq!(table.insert(entry()), first);
    }
}
