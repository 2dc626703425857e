//! The system that the crate runs on: one folder each, with equal file names. The build script
//! chooses one by the target.

#[cfg(backend = "fuchsia")]
mod fuchsia;
#[cfg(backend = "linux")]
pub(crate) mod linux;
#[cfg(backend = "unsupported")]
mod unsupported;

#[cfg(backend = "fuchsia")]
use fuchsia as system;
#[cfg(backend = "linux")]
use linux as system;
#[cfg(backend = "unsupported")]
use unsupported as system;

pub(crate) use system::syscalls;
#[cfg(feature = "std")]
pub(crate) use system::{calling_process, child};
