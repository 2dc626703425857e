//! What there is before any call of a sequence.

use crate::call::Koid;
use std::process::{Child, Command, Stdio};
use std::ptr::null_mut;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use zx_process_memory::sys::{
    self, ZX_INFO_HANDLE_BASIC, ZX_OK, zx_handle_t, zx_info_handle_basic_t,
};
use zx_process_memory::{Process, Status};

/// An object, as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    OwnProcess,
    Child,
    Gone,
    Job,
}

pub(crate) struct World {
    pub(crate) own: Known,
    pub(crate) child: Known,
    pub(crate) gone: Known,
    pub(crate) job: Known,
    /// Ends with this process, when its input does.
    _child: Child,
}

/// A handle that stays open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) handle: zx_handle_t,
    pub(crate) info: zx_info_handle_basic_t,
    pub(crate) object: Object,
}

impl Known {
    fn new(handle: zx_handle_t, object: Object) -> Self {
        let info = info(handle).unwrap();
        Self {
            handle,
            info,
            object,
        }
    }
}

/// What the call says of a handle.
pub(crate) fn info(handle: zx_handle_t) -> Result<zx_info_handle_basic_t, Status> {
    let mut info = zx_info_handle_basic_t::default();
    let (size, topic) = (size_of_val(&info), ZX_INFO_HANDLE_BASIC);
    let buffer = (&raw mut info).cast();
    // SAFETY: `info` is writable and of this size; both counts may be null.
    Status::ok(unsafe {
        sys::zx_object_get_info(handle, topic, buffer, size, null_mut(), null_mut())
    })?;
    Ok(info)
}

pub(crate) fn close(handle: zx_handle_t) -> Result<(), Status> {
    // SAFETY: whoever uses it afterwards is part of the test, and reckons with that.
    Status::ok(unsafe { sys::zx_handle_close(handle) })
}

impl World {
    pub(crate) fn get() -> &'static Self {
        static WORLD: LazyLock<World> = LazyLock::new(World::new);
        &WORLD
    }

    fn new() -> Self {
        let spawn = || {
            let mut cat = Command::new("cat");
            cat.stdin(Stdio::piped()).spawn().unwrap()
        };
        let (child, mut gone) = (spawn(), spawn());
        let handle_to = |child| Process::from_child(child).unwrap().into_raw();
        let (child_handle, gone_handle) = (handle_to(&child), handle_to(&gone));
        gone.kill().unwrap();
        gone.wait().unwrap();
        Self {
            own: Known::new(sys::zx_process_self(), Object::OwnProcess),
            child: Known::new(child_handle, Object::Child),
            gone: Known::new(gone_handle, Object::Gone),
            job: Known::new(sys::zx_job_default(), Object::Job),
            _child: child,
        }
    }

    pub(crate) fn known(&self, object: Object) -> &Known {
        match object {
            Object::OwnProcess => &self.own,
            Object::Child => &self.child,
            Object::Gone => &self.gone,
            Object::Job => &self.job,
        }
    }

    pub(crate) fn all(&self) -> [Known; 4] {
        [self.own, self.child, self.gone, self.job]
    }

    pub(crate) fn koid(&self, koid: Koid) -> u64 {
        match koid {
            Koid::OwnProcess => self.own.info.koid,
            Koid::Child => self.child.info.koid,
            Koid::Gone => self.gone.info.koid,
            Koid::Job => self.job.info.koid,
            Koid::Any(koid) => koid,
        }
    }
}

pub(crate) const LEN: usize = 32;

/// What may be written in this process: for each thread some bytes.
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

/// A raw status as one word.
pub(crate) fn outcome(raw: i32) -> Result<(), Status> {
    assert!(raw <= ZX_OK);
    Status::ok(raw)
}
