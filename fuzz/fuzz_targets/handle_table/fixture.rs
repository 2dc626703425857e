//! The objects and handles that exist before the first call.

use crate::call::Koid;
use std::process::{Child, Command, Stdio};
use std::ptr::null_mut;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use zx_process_memory::sys::{
    self, ZX_INFO_HANDLE_BASIC, ZX_OK, zx_handle_t, zx_info_handle_basic_t,
};
use zx_process_memory::{Process, Status};

/// The objects that handles refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    OwnProcess,
    Child,
    Ended,
    Job,
}

pub(crate) struct Fixture {
    pub(crate) own: KnownHandle,
    pub(crate) child: KnownHandle,
    pub(crate) ended: KnownHandle,
    pub(crate) job: KnownHandle,
    /// Keeps the standard input of the child open. The child ends with this process.
    _child: Child,
}

/// A handle that stays open for all inputs, and its object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownHandle {
    pub(crate) handle: zx_handle_t,
    /// The expected result of `basic_info` for the handle.
    pub(crate) info: zx_info_handle_basic_t,
    pub(crate) object: Object,
}

impl KnownHandle {
    fn new(handle: zx_handle_t, object: Object) -> Self {
        let info = basic_info(handle).unwrap();
        Self {
            handle,
            info,
            object,
        }
    }
}

/// Calls `zx_object_get_info` with `ZX_INFO_HANDLE_BASIC`.
pub(crate) fn basic_info(handle: zx_handle_t) -> Result<zx_info_handle_basic_t, Status> {
    let mut info = zx_info_handle_basic_t::default();
    let (size, topic) = (size_of_val(&info), ZX_INFO_HANDLE_BASIC);
    let buffer = (&raw mut info).cast();
    // SAFETY: `buffer` is writable for `size` bytes. The pointers to the counts may be null.
    Status::ok(unsafe {
        sys::zx_object_get_info(handle, topic, buffer, size, null_mut(), null_mut())
    })?;
    Ok(info)
}

pub(crate) fn close(handle: zx_handle_t) -> Result<(), Status> {
    // SAFETY: no owned `Process` holds this handle. Only the target uses the value after the close,
    // and expects it to be invalid.
    Status::ok(unsafe { sys::zx_handle_close(handle) })
}

impl Fixture {
    pub(crate) fn get() -> &'static Self {
        static FIXTURE: LazyLock<Fixture> = LazyLock::new(Fixture::new);
        &FIXTURE
    }

    fn new() -> Self {
        let spawn = || {
            let mut cat = Command::new("cat");
            cat.stdin(Stdio::piped()).spawn().unwrap()
        };
        let (child, mut ended) = (spawn(), spawn());
        let handle_to = |child| Process::from_child(child).unwrap().into_raw();
        let (child_handle, ended_handle) = (handle_to(&child), handle_to(&ended));
        ended.kill().unwrap();
        ended.wait().unwrap();
        Self {
            own: KnownHandle::new(sys::zx_process_self(), Object::OwnProcess),
            child: KnownHandle::new(child_handle, Object::Child),
            ended: KnownHandle::new(ended_handle, Object::Ended),
            job: KnownHandle::new(sys::zx_job_default(), Object::Job),
            _child: child,
        }
    }

    pub(crate) fn known(&self, object: Object) -> &KnownHandle {
        match object {
            Object::OwnProcess => &self.own,
            Object::Child => &self.child,
            Object::Ended => &self.ended,
            Object::Job => &self.job,
        }
    }

    pub(crate) fn all(&self) -> [KnownHandle; 4] {
        [self.own, self.child, self.ended, self.job]
    }

    pub(crate) fn koid(&self, koid: Koid) -> u64 {
        match koid {
            Koid::OwnProcess => self.own.info.koid,
            Koid::Child => self.child.info.koid,
            Koid::Ended => self.ended.info.koid,
            Koid::Job => self.job.info.koid,
            Koid::Any(koid) => koid,
        }
    }
}

pub(crate) const LEN: usize = 32;

/// The memory of this process that the calls of one thread read and write.
#[repr(align(64))]
pub(crate) struct Region([AtomicU8; LEN]);

pub(crate) static REGIONS: [Region; 2] = [const { Region([const { AtomicU8::new(0) }; LEN]) }; 2];

impl Region {
    pub(crate) fn vaddr(&self) -> usize {
        self.0.as_ptr().addr()
    }

    pub(crate) fn bytes(&self) -> [u8; LEN] {
        self.0.each_ref().map(|byte| byte.load(Relaxed))
    }
}

/// Converts a raw status. None of these calls returns a positive one.
pub(crate) fn to_result(raw: i32) -> Result<(), Status> {
    assert!(raw <= ZX_OK);
    Status::ok(raw)
}
