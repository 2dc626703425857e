//! The expected result of each call, from Zircon's documentation. A call checks, in this order, the
//! handle, the type of its object, the rights of the handle, and the arguments.

use crate::call::{Address, Call, HandleArg, InfoBuffer, Koid, OutPointer, RightsArg, Topic};
use crate::fixture::{
    Fixture, KnownHandle, LEN, Object, REGIONS, Region, basic_info, close, to_result,
};
use std::collections::BTreeMap;
use std::ptr::null_mut;
use zx_process_memory::linux::set_debugging_syscalls;
use zx_process_memory::sys::{self, zx_handle_t, zx_rights_t};
use zx_process_memory::{Rights, Status};

pub(crate) struct Model {
    fixture: &'static Fixture,
    region: &'static Region,
    /// The expected contents of the region.
    bytes: [u8; LEN],
    /// All handles that the calls created, open or closed, in order of creation.
    created: Vec<zx_handle_t>,
    open: BTreeMap<zx_handle_t, Entry>,
    debugging_enabled: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    object: Object,
    rights: Rights,
}

/// The size of the record of one mapping.
const MAPS_RECORD: usize = size_of::<sys::zx_info_maps_v1_t>();

impl Model {
    pub(crate) fn new(fixture: &'static Fixture, thread: usize) -> Self {
        let region = &REGIONS[thread];
        let entry = |known: KnownHandle| {
            let (object, rights) = (known.object, Rights::from_bits_retain(known.info.rights));
            (known.handle, Entry { object, rights })
        };
        Self {
            fixture,
            region,
            bytes: region.bytes(),
            created: Vec::new(),
            open: fixture.all().map(entry).into(),
            debugging_enabled: true,
        }
    }

    /// Makes the call, and checks its result.
    pub(crate) fn apply(&mut self, call: &Call<'_>) {
        match call {
            Call::Duplicate(handle, rights, out) => self.duplicate(*handle, *rights, *out),
            Call::Close(handle) => self.close(*handle),
            Call::GetInfo(handle, topic, buffer) => self.get_info(*handle, *topic, *buffer),
            Call::Write(handle, address, bytes, out) => self.write(*handle, *address, bytes, *out),
            Call::Read(handle, address, len, out) => {
                self.read(*handle, *address, usize::from(*len), *out);
            }
            Call::GetChild(handle, koid, rights, out) => {
                self.get_child(*handle, *koid, *rights, *out);
            }
            Call::SetDebugging(enabled) => {
                set_debugging_syscalls(*enabled);
                self.debugging_enabled = *enabled;
            }
        }
        assert_eq!(self.region.bytes(), self.bytes);
    }

    /// Closes all created handles. Each open one must work before its close and fail after it.
    pub(crate) fn close_all(mut self) {
        for handle in std::mem::take(&mut self.created) {
            self.check_info(handle);
            if self.open.remove(&handle).is_some() {
                assert_eq!(close(handle), Ok(()));
            }
            self.check_info(handle);
        }
        for known in self.fixture.all() {
            self.check_info(known.handle);
        }
    }

    fn duplicate(&mut self, handle: HandleArg, rights: RightsArg, out: OutPointer) {
        let handle = self.handle(handle);
        let requested = self.rights(handle, rights);
        let expected = self.entry(handle).and_then(|entry| {
            entry.require(Rights::DUPLICATE)?;
            let rights = entry.restrict(requested).ok_or(Status::InvalidArgs)?;
            Ok(Entry { rights, ..entry })
        });
        let mut new = 0;
        let out_pointer = match out {
            OutPointer::Valid => &raw mut new,
            OutPointer::Null => null_mut(),
        };
        // SAFETY: the out-pointer is null or valid for a write.
        let result = to_result(unsafe { sys::zx_handle_duplicate(handle, requested, out_pointer) });
        self.check_created(result, expected, new, out);
    }

    fn get_child(&mut self, handle: HandleArg, koid: Koid, rights: RightsArg, out: OutPointer) {
        let handle = self.handle(handle);
        let requested = self.rights(handle, rights);
        let koid = self.fixture.koid(koid);
        let expected = self.entry(handle).and_then(|entry| {
            entry.require(Rights::ENUMERATE)?;
            let rights = entry.restrict(requested).ok_or(Status::AccessDenied)?;
            // A process that has ended is no longer found.
            let running = [self.fixture.own, self.fixture.child];
            let child = running.iter().find(|known| known.info.koid == koid);
            match child {
                Some(child) if entry.object == Object::Job => Ok(Entry {
                    object: child.object,
                    rights,
                }),
                _ => Err(Status::NotFound),
            }
        });
        let mut new = 0;
        let out_pointer = match out {
            OutPointer::Valid => &raw mut new,
            OutPointer::Null => null_mut(),
        };
        // SAFETY: the out-pointer is null or valid for a write.
        let result =
            to_result(unsafe { sys::zx_object_get_child(handle, koid, requested, out_pointer) });
        self.check_created(result, expected, new, out);
    }

    /// Checks the result of a call that creates a handle, and records the new handle.
    fn check_created(
        &mut self,
        result: Result<(), Status>,
        expected: Result<Entry, Status>,
        new: zx_handle_t,
        out: OutPointer,
    ) {
        let expected = match out {
            OutPointer::Valid => expected,
            OutPointer::Null => expected.and(Err(Status::InvalidArgs)),
        };
        assert_eq!(result, expected.map(drop));
        let Ok(entry) = expected else {
            assert_eq!(new, 0, "the failed call wrote a handle");
            return;
        };
        assert!(new > 3 && new & 3 == 3, "{new:#x}");
        let replaced = self.open.insert(new, entry);
        assert!(replaced.is_none(), "the new handle {new:#x} was open");
        let is_reused = self.created.contains(&new);
        assert!(!is_reused, "the new handle {new:#x} was used before");
        self.created.push(new);
        self.check_info(new);
    }

    fn close(&mut self, handle: HandleArg) {
        let handle = self.handle(handle);
        let mut known = self.fixture.all().into_iter();
        if known.any(|known| known.handle == handle) {
            return;
        }
        let expected = match self.open.remove(&handle) {
            None if handle != 0 => Err(Status::BadHandle),
            _ => Ok(()),
        };
        assert_eq!(close(handle), expected);
        self.check_info(handle);
    }

    /// Compares the basic information of the handle with its entry.
    fn check_info(&self, handle: zx_handle_t) {
        let Some(entry) = self.open.get(&handle) else {
            assert_eq!(basic_info(handle), Err(Status::BadHandle));
            return;
        };
        let mut expected = self.fixture.known(entry.object).info;
        expected.rights = entry.rights.bits();
        assert_eq!(basic_info(handle), Ok(expected));
    }

    fn get_info(&self, handle: HandleArg, topic: Topic, buffer_arg: InfoBuffer) {
        let handle = self.handle(handle);
        let topic = match topic {
            Topic::Basic => sys::ZX_INFO_HANDLE_BASIC,
            Topic::Children => sys::ZX_INFO_JOB_CHILDREN,
            Topic::Maps => sys::ZX_INFO_PROCESS_MAPS_V1,
            Topic::Other(topic) => topic,
        };
        let size = match topic {
            sys::ZX_INFO_HANDLE_BASIC => 32,
            sys::ZX_INFO_JOB_CHILDREN => 8,
            _ => MAPS_RECORD,
        };
        let len = usize::from(buffer_arg.len) % (4 * MAPS_RECORD);
        let capacity = len / size;
        let mut buffer = vec![0xee_u8; len];
        let (mut actual, mut avail) = (usize::MAX, usize::MAX);
        let counts = if buffer_arg.has_counts {
            (&raw mut actual, &raw mut avail)
        } else {
            (null_mut(), null_mut())
        };
        let out_buffer = if buffer_arg.is_null {
            null_mut()
        } else {
            buffer.as_mut_ptr()
        };
        // SAFETY: the buffer is null or writable for `len` bytes. Each pointer to a count is null or
        // valid for a write.
        let result = to_result(unsafe {
            sys::zx_object_get_info(handle, topic, out_buffer, len, counts.0, counts.1)
        });

        let permission = self.entry(handle).and_then(|entry| match topic {
            sys::ZX_INFO_HANDLE_BASIC => Ok(()),
            sys::ZX_INFO_JOB_CHILDREN if entry.object != Object::Job => Err(Status::WrongType),
            sys::ZX_INFO_JOB_CHILDREN => entry.require(Rights::ENUMERATE),
            _ if entry.object == Object::Job => Err(Status::WrongType),
            _ if entry.object == Object::Ended => {
                entry.require(Rights::INSPECT).and(Err(Status::BadState))
            }
            _ => entry.require(Rights::INSPECT),
        });
        let is_list = topic != sys::ZX_INFO_HANDLE_BASIC;
        let is_empty_list = topic == sys::ZX_INFO_JOB_CHILDREN;
        let is_supported = matches!(
            topic,
            sys::ZX_INFO_HANDLE_BASIC | sys::ZX_INFO_JOB_CHILDREN | sys::ZX_INFO_PROCESS_MAPS_V1
        );
        let expected = match permission {
            _ if !is_supported => Err(Status::NotSupported),
            Err(status) => Err(status),
            Ok(()) if buffer_arg.is_null && capacity > 0 && !is_empty_list => {
                Err(Status::InvalidArgs)
            }
            Ok(()) if !is_list && capacity == 0 => Err(Status::BufferTooSmall),
            Ok(()) => Ok(()),
        };
        assert_eq!(result, expected);

        let mut stored = 0;
        if buffer_arg.has_counts && matches!(expected, Ok(()) | Err(Status::BufferTooSmall)) {
            assert!(actual <= capacity && actual <= avail);
            assert_eq!(actual, avail.min(capacity));
            let is_plausible = match topic {
                sys::ZX_INFO_HANDLE_BASIC => avail == 1,
                sys::ZX_INFO_JOB_CHILDREN => avail == 0,
                _ => avail > 2,
            };
            assert!(is_plausible, "{avail} records available");
            stored = actual * size;
        } else if expected.is_ok() && !is_empty_list {
            // The processes have more mappings than fit into this buffer, so a list fills it.
            stored = if is_list { capacity * size } else { size };
        }
        assert!(buffer[stored..].iter().all(|byte| *byte == 0xee));
    }

    fn write(&mut self, handle: HandleArg, address: Address, bytes: &[u8], out: OutPointer) {
        let handle = self.handle(handle);
        let (vaddr, bytes) = self.resolve(address, bytes);
        let expected = if !self.debugging_enabled {
            Err(Status::NotSupported)
        } else if bytes.is_empty() {
            Err(Status::InvalidArgs)
        } else {
            self.access(handle, Rights::WRITE, address)
        };
        if let (Ok(()), Address::Region(at)) = (expected, address) {
            let at = usize::from(at) % LEN;
            self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let mut actual = usize::MAX;
        let out_pointer = match out {
            OutPointer::Valid => &raw mut actual,
            OutPointer::Null => null_mut(),
        };
        // SAFETY: the source is readable for its length, and the out-pointer is null or valid for a
        // write. In this process the call changes only the region, which consists of atomics.
        let result = to_result(unsafe {
            sys::zx_process_write_memory(handle, vaddr, bytes.as_ptr(), bytes.len(), out_pointer)
        });
        check_count(result, expected, out, actual, bytes.len());
    }

    fn read(&self, handle: HandleArg, address: Address, len: usize, out: OutPointer) {
        let handle = self.handle(handle);
        let mut buffer = [0xee; LEN];
        let (vaddr, part) = self.resolve(address, &buffer[..len.min(LEN)]);
        let len = part.len();
        let expected = if len == 0 {
            Err(Status::InvalidArgs)
        } else {
            self.access(handle, Rights::READ | Rights::WRITE, address)
        };
        let mut actual = usize::MAX;
        let out_pointer = match out {
            OutPointer::Valid => &raw mut actual,
            OutPointer::Null => null_mut(),
        };
        // SAFETY: the buffer is writable for `len` bytes, and the out-pointer is null or valid for a
        // write.
        let result = to_result(unsafe {
            sys::zx_process_read_memory(handle, vaddr, buffer.as_mut_ptr(), len, out_pointer)
        });
        check_count(result, expected, out, actual, len);
        if let (Ok(()), Address::Region(at)) = (expected, address) {
            let at = usize::from(at) % LEN;
            assert_eq!(buffer[..len], self.bytes[at..at + len]);
        }
        assert!(buffer[len..].iter().all(|byte| *byte == 0xee));
    }

    /// The expected result of an access at `address`. Only this process has the region.
    fn access(&self, handle: zx_handle_t, rights: Rights, address: Address) -> Result<(), Status> {
        let entry = self.entry(handle)?;
        if entry.object == Object::Job {
            return Err(Status::WrongType);
        }
        entry.require(rights)?;
        match (entry.object, address) {
            (Object::Ended, _) => Err(Status::BadState),
            (Object::OwnProcess, Address::Region(_)) => Ok(()),
            _ => Err(Status::NoMemory),
        }
    }

    /// The address as a number. In the region, also cuts `bytes` at the region's end.
    fn resolve<'b>(&self, address: Address, bytes: &'b [u8]) -> (usize, &'b [u8]) {
        match address {
            Address::Region(at) => {
                let at = usize::from(at) % LEN;
                let len = bytes.len().min(LEN - at);
                (self.region.vaddr() + at, &bytes[..len])
            }
            Address::Low(vaddr) => (usize::from(vaddr), bytes),
            Address::High(distance) => (usize::MAX - usize::from(distance), bytes),
        }
    }

    fn handle(&self, arg: HandleArg) -> zx_handle_t {
        match arg {
            HandleArg::Created(_) if self.created.is_empty() => 0,
            HandleArg::Created(index) => self.created[usize::from(index) % self.created.len()],
            HandleArg::OwnProcess => self.fixture.own.handle,
            HandleArg::Child => self.fixture.child.handle,
            HandleArg::Ended => self.fixture.ended.handle,
            HandleArg::Job => self.fixture.job.handle,
            HandleArg::Zero => 0,
            HandleArg::Random(value) => value,
        }
    }

    fn rights(&self, handle: zx_handle_t, arg: RightsArg) -> zx_rights_t {
        match arg {
            RightsArg::Same => sys::ZX_RIGHT_SAME_RIGHTS,
            RightsArg::Any(rights) => rights,
            RightsArg::Fewer(mask) => {
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

    /// The rights of a new handle, or `None` if this handle lacks one of the requested rights.
    fn restrict(self, requested: zx_rights_t) -> Option<Rights> {
        if requested == sys::ZX_RIGHT_SAME_RIGHTS {
            return Some(self.rights);
        }
        let requested = Rights::from_bits_retain(requested);
        self.rights.contains(requested).then_some(requested)
    }
}

/// Checks the result and the count of a transfer. If the pointer to the count is null, the call
/// transfers the bytes, and then fails.
fn check_count(
    result: Result<(), Status>,
    expected: Result<(), Status>,
    out: OutPointer,
    actual: usize,
    len: usize,
) {
    match (expected, out) {
        (Ok(()), OutPointer::Valid) => assert_eq!((result, actual), (Ok(()), len)),
        (Ok(()), OutPointer::Null) => assert_eq!(result, Err(Status::InvalidArgs)),
        (Err(_), _) => assert_eq!((result, actual), (expected, usize::MAX)),
    }
}
