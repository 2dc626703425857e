use super::opened_process::OpenedProcess;
use crate::sys::{ZX_OBJ_TYPE_JOB, ZX_OBJ_TYPE_PROCESS, zx_koid_t, zx_obj_type_t};
use std::sync::atomic::{AtomicU64, Ordering};

/// A kernel object.
pub(crate) struct Object {
    pub(crate) koid: zx_koid_t,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Process(OpenedProcess),
    Job,
}

impl Object {
    pub(crate) fn new(kind: Kind) -> Self {
        static NEXT_KOID: AtomicU64 = AtomicU64::new(fuchsia_zircon_sys::ZX_KOID_FIRST);
        Self {
            koid: NEXT_KOID.fetch_add(1, Ordering::Relaxed),
            kind,
        }
    }

    pub(crate) fn type_(&self) -> zx_obj_type_t {
        match self.kind {
            Kind::Process(_) => ZX_OBJ_TYPE_PROCESS,
            Kind::Job => ZX_OBJ_TYPE_JOB,
        }
    }

    pub(crate) fn as_process(&self) -> Option<&OpenedProcess> {
        match &self.kind {
            Kind::Process(process) => Some(process),
            Kind::Job => None,
        }
    }
}
