//! What each call should answer, from Zircon's documentation: the checks come in the order
//! handle, type, right, arguments, and what each needs is said beside it.

use crate::call::{Call, Koid, Out, Place, Room, Topic, Wanted, Which};
use crate::world::{LEN, Object, REGIONS, Region, World, close, info, outcome};
use std::collections::BTreeMap;
use std::ptr::null_mut;
use zx_process_memory::linux::set_debugging_syscalls;
use zx_process_memory::sys::{self, zx_handle_t, zx_rights_t};
use zx_process_memory::{Rights, Status};

pub(crate) struct Model {
    world: &'static World,
    region: &'static Region,
    /// What the region should hold.
    bytes: [u8; LEN],
    /// In the order in which they were given out.
    given: Vec<zx_handle_t>,
    open: BTreeMap<zx_handle_t, Entry>,
    debugging: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    object: Object,
    rights: Rights,
}

/// One mapping's.
const RECORD: usize = size_of::<sys::zx_info_maps_v1_t>();

impl Model {
    pub(crate) fn new(world: &'static World, thread: usize) -> Self {
        let region = &REGIONS[thread];
        let entry = |known: crate::world::Known| {
            let (object, rights) = (known.object, Rights::from_bits_retain(known.info.rights));
            (known.handle, Entry { object, rights })
        };
        Self {
            world,
            region,
            bytes: region.bytes(),
            given: Vec::new(),
            open: world.all().map(entry).into(),
            debugging: true,
        }
    }

    /// Makes the call, and compares what it answers.
    pub(crate) fn apply(&mut self, call: &Call<'_>) {
        match call {
            Call::Duplicate(which, wanted, out) => self.duplicate(*which, *wanted, *out),
            Call::Close(which) => self.close(*which),
            Call::Info(which, topic, room) => self.info(*which, *topic, *room),
            Call::Write(which, place, bytes, out) => self.write(*which, *place, bytes, *out),
            Call::Read(which, place, len, out) => {
                self.read(*which, *place, usize::from(*len), *out);
            }
            Call::Child(which, koid, wanted, out) => self.child(*which, *koid, *wanted, *out),
            Call::SetDebugging(on) => {
                set_debugging_syscalls(*on);
                self.debugging = *on;
            }
        }
        assert_eq!(self.region.bytes(), self.bytes);
    }

    /// Everything still works, and afterwards nothing does.
    pub(crate) fn close_all(mut self) {
        for handle in std::mem::take(&mut self.given) {
            self.check(handle);
            if self.open.remove(&handle).is_some() {
                assert_eq!(close(handle), Ok(()));
            }
            self.check(handle);
        }
        for known in self.world.all() {
            self.check(known.handle);
        }
    }

    fn duplicate(&mut self, which: Which, wanted: Wanted, out: Out) {
        let handle = self.value(which);
        let wanted = self.rights(handle, wanted);
        let expected = self.entry(handle).and_then(|entry| {
            entry.require(Rights::DUPLICATE)?;
            let rights = entry.requested(wanted).ok_or(Status::InvalidArgs)?;
            Ok(Entry { rights, ..entry })
        });
        let mut new = 0;
        let to = if out == Out::There {
            &raw mut new
        } else {
            null_mut()
        };
        // SAFETY: null or writable.
        let answer = outcome(unsafe { sys::zx_handle_duplicate(handle, wanted, to) });
        self.given(answer, expected, new, out);
    }

    fn child(&mut self, which: Which, koid: Koid, wanted: Wanted, out: Out) {
        let handle = self.value(which);
        let wanted = self.rights(handle, wanted);
        let koid = self.world.koid(koid);
        let expected = self.entry(handle).and_then(|entry| {
            entry.require(Rights::ENUMERATE)?;
            let rights = entry.requested(wanted).ok_or(Status::AccessDenied)?;
            // Only those that are alive.
            let all = [self.world.own, self.world.child];
            let child = all.iter().find(|known| known.info.koid == koid);
            match child {
                Some(child) if entry.object == Object::Job => Ok(Entry {
                    object: child.object,
                    rights,
                }),
                _ => Err(Status::NotFound),
            }
        });
        let mut new = 0;
        let to = if out == Out::There {
            &raw mut new
        } else {
            null_mut()
        };
        // SAFETY: null or writable.
        let answer = outcome(unsafe { sys::zx_object_get_child(handle, koid, wanted, to) });
        self.given(answer, expected, new, out);
    }

    /// A call that makes a handle has answered.
    fn given(
        &mut self,
        answer: Result<(), Status>,
        expected: Result<Entry, Status>,
        new: zx_handle_t,
        out: Out,
    ) {
        let expected = match out {
            Out::There => expected,
            Out::Null => expected.and(Err(Status::InvalidArgs)),
        };
        assert_eq!(answer, expected.map(drop));
        let Ok(entry) = expected else {
            assert_eq!(new, 0, "an error leaves it alone");
            return;
        };
        assert!(new > 3 && new & 3 == 3, "{new:#x}");
        assert!(self.open.insert(new, entry).is_none(), "{new:#x} was open");
        assert!(!self.given.contains(&new), "{new:#x} was given out before");
        self.given.push(new);
        self.check(new);
    }

    fn close(&mut self, which: Which) {
        let handle = self.value(which);
        if self.world.all().iter().any(|known| known.handle == handle) {
            return;
        }
        let expected = match self.open.remove(&handle) {
            None if handle != 0 => Err(Status::BadHandle),
            _ => Ok(()),
        };
        assert_eq!(close(handle), expected);
        self.check(handle);
    }

    /// What is told of a handle is what it was made with.
    fn check(&self, handle: zx_handle_t) {
        let Some(entry) = self.open.get(&handle) else {
            assert_eq!(info(handle), Err(Status::BadHandle));
            return;
        };
        let mut expected = self.world.known(entry.object).info;
        expected.rights = entry.rights.bits();
        assert_eq!(info(handle), Ok(expected));
    }

    fn info(&self, which: Which, topic: Topic, room: Room) {
        let handle = self.value(which);
        let number = match topic {
            Topic::Basic => sys::ZX_INFO_HANDLE_BASIC,
            Topic::Children => sys::ZX_INFO_JOB_CHILDREN,
            Topic::Maps => sys::ZX_INFO_PROCESS_MAPS_V1,
            Topic::Other(number) => number,
        };
        let size = match number {
            sys::ZX_INFO_HANDLE_BASIC => 32,
            sys::ZX_INFO_JOB_CHILDREN => 8,
            _ => RECORD,
        };
        let len = usize::from(room.len) % (4 * RECORD);
        let fits = len / size;
        let mut buffer = vec![0xee_u8; len];
        let (mut actual, mut avail) = (usize::MAX, usize::MAX);
        let counts = if room.has_counts {
            (&raw mut actual, &raw mut avail)
        } else {
            (null_mut(), null_mut())
        };
        let to = if room.is_null {
            null_mut()
        } else {
            buffer.as_mut_ptr()
        };
        // SAFETY: null or writable for the length; so are both counts.
        let answer = outcome(unsafe {
            sys::zx_object_get_info(handle, number, to, len, counts.0, counts.1)
        });

        let may_ask = self.entry(handle).and_then(|entry| match number {
            sys::ZX_INFO_HANDLE_BASIC => Ok(()),
            sys::ZX_INFO_JOB_CHILDREN if entry.object != Object::Job => Err(Status::WrongType),
            sys::ZX_INFO_JOB_CHILDREN => entry.require(Rights::ENUMERATE),
            _ if entry.object == Object::Job => Err(Status::WrongType),
            _ if entry.object == Object::Gone => {
                entry.require(Rights::INSPECT).and(Err(Status::BadState))
            }
            _ => entry.require(Rights::INSPECT),
        });
        let is_list = number != sys::ZX_INFO_HANDLE_BASIC;
        let is_empty = number == sys::ZX_INFO_JOB_CHILDREN;
        let is_known = matches!(
            number,
            sys::ZX_INFO_HANDLE_BASIC | sys::ZX_INFO_JOB_CHILDREN | sys::ZX_INFO_PROCESS_MAPS_V1
        );
        let expected = match may_ask {
            _ if !is_known => Err(Status::NotSupported),
            Err(status) => Err(status),
            Ok(()) if room.is_null && fits > 0 && !is_empty => Err(Status::InvalidArgs),
            Ok(()) if !is_list && fits == 0 => Err(Status::BufferTooSmall),
            Ok(()) => Ok(()),
        };
        assert_eq!(answer, expected);

        let mut stored = 0;
        if room.has_counts && matches!(expected, Ok(()) | Err(Status::BufferTooSmall)) {
            assert!(actual <= fits && actual <= avail);
            assert_eq!(actual, avail.min(fits));
            let is_plausible = match number {
                sys::ZX_INFO_HANDLE_BASIC => avail == 1,
                sys::ZX_INFO_JOB_CHILDREN => avail == 0,
                _ => avail > 2,
            };
            assert!(is_plausible, "{avail}");
            stored = actual * size;
        } else if expected.is_ok() && !is_empty {
            // Of a list of mappings there is more than fits here.
            stored = if is_list { fits * size } else { size };
        }
        assert!(buffer[stored..].iter().all(|byte| *byte == 0xee));
    }

    fn write(&mut self, which: Which, place: Place, bytes: &[u8], out: Out) {
        let handle = self.value(which);
        let (vaddr, bytes) = self.place(place, bytes);
        let expected = if !self.debugging {
            Err(Status::NotSupported)
        } else if bytes.is_empty() {
            Err(Status::InvalidArgs)
        } else {
            self.access(handle, Rights::WRITE, place)
        };
        if let (Ok(()), Place::Region(at)) = (expected, place) {
            let at = usize::from(at) % LEN;
            self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let mut actual = usize::MAX;
        let to = if out == Out::There {
            &raw mut actual
        } else {
            null_mut()
        };
        // SAFETY: the bytes are readable, and what can be written is atomics.
        let answer = outcome(unsafe {
            sys::zx_process_write_memory(handle, vaddr, bytes.as_ptr(), bytes.len(), to)
        });
        check_count(answer, expected, out, actual, bytes.len());
    }

    fn read(&self, which: Which, place: Place, len: usize, out: Out) {
        let handle = self.value(which);
        let mut buffer = [0xee; LEN];
        let (vaddr, wanted) = self.place(place, &buffer[..len.min(LEN)]);
        let len = wanted.len();
        let expected = if len == 0 {
            Err(Status::InvalidArgs)
        } else {
            self.access(handle, Rights::READ | Rights::WRITE, place)
        };
        let mut actual = usize::MAX;
        let to = if out == Out::There {
            &raw mut actual
        } else {
            null_mut()
        };
        // SAFETY: the buffer is writable for its length, the count too, or null.
        let answer = outcome(unsafe {
            sys::zx_process_read_memory(handle, vaddr, buffer.as_mut_ptr(), len, to)
        });
        check_count(answer, expected, out, actual, len);
        if let (Ok(()), Place::Region(at)) = (expected, place) {
            let at = usize::from(at) % LEN;
            assert_eq!(buffer[..len], self.bytes[at..at + len]);
        }
        assert!(buffer[len..].iter().all(|byte| *byte == 0xee));
    }

    /// Whether the handle's process has memory there. Only this process has the region.
    fn access(&self, handle: zx_handle_t, rights: Rights, place: Place) -> Result<(), Status> {
        let entry = self.entry(handle)?;
        if entry.object == Object::Job {
            return Err(Status::WrongType);
        }
        entry.require(rights)?;
        match (entry.object, place) {
            (Object::Gone, _) => Err(Status::BadState),
            (Object::OwnProcess, Place::Region(_)) => Ok(()),
            _ => Err(Status::NoMemory),
        }
    }

    /// The address, and as much as is there.
    fn place<'b>(&self, place: Place, bytes: &'b [u8]) -> (usize, &'b [u8]) {
        match place {
            Place::Region(at) => {
                let at = usize::from(at) % LEN;
                let len = bytes.len().min(LEN - at);
                (self.region.vaddr() + at, &bytes[..len])
            }
            Place::Nothing(vaddr) => (usize::from(vaddr), bytes),
            Place::High(below) => (usize::MAX - usize::from(below), bytes),
        }
    }

    fn value(&self, which: Which) -> zx_handle_t {
        match which {
            Which::Given(_) if self.given.is_empty() => 0,
            Which::Given(index) => self.given[usize::from(index) % self.given.len()],
            Which::OwnProcess => self.world.own.handle,
            Which::Child => self.world.child.handle,
            Which::Gone => self.world.gone.handle,
            Which::Job => self.world.job.handle,
            Which::Zero => 0,
            Which::MadeUp(value) => value,
        }
    }

    fn rights(&self, handle: zx_handle_t, wanted: Wanted) -> zx_rights_t {
        match wanted {
            Wanted::Same => sys::ZX_RIGHT_SAME_RIGHTS,
            Wanted::Any(rights) => rights,
            Wanted::Fewer(mask) => {
                let entry = self.open.get(&handle);
                entry.map_or(0, |entry| entry.rights.bits()) & mask
            }
        }
    }

    fn entry(&self, handle: zx_handle_t) -> Result<Entry, Status> {
        self.open.get(&handle).copied().ok_or(Status::BadHandle)
    }
}

impl Entry {
    fn require(self, rights: Rights) -> Result<(), Status> {
        let has = self.rights.contains(rights);
        has.then_some(()).ok_or(Status::AccessDenied)
    }

    /// `None` if it is more than there is.
    fn requested(self, wanted: zx_rights_t) -> Option<Rights> {
        if wanted == sys::ZX_RIGHT_SAME_RIGHTS {
            return Some(self.rights);
        }
        let wanted = Rights::from_bits_retain(wanted);
        self.rights.contains(wanted).then_some(wanted)
    }
}

/// A count that cannot be stored is an error, with the data moved.
fn check_count(
    answer: Result<(), Status>,
    expected: Result<(), Status>,
    out: Out,
    actual: usize,
    len: usize,
) {
    match (expected, out) {
        (Ok(()), Out::There) => assert_eq!((answer, actual), (Ok(()), len)),
        (Ok(()), Out::Null) => assert_eq!(answer, Err(Status::InvalidArgs)),
        (Err(_), _) => assert_eq!((answer, actual), (expected, usize::MAX)),
    }
}
