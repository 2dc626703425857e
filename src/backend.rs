//! The system below the crate: one folder for each, with the same files.

#[cfg(backend = "fuchsia")]
mod fuchsia;
#[cfg(all(backend = "fuchsia", feature = "std"))]
pub(crate) use fuchsia::child;
#[cfg(backend = "fuchsia")]
pub(crate) use fuchsia::syscalls;

#[cfg(backend = "linux")]
pub(crate) mod linux;
#[cfg(backend = "linux")]
pub(crate) use linux::{child, syscalls};

#[cfg(backend = "unsupported")]
mod unsupported;
#[cfg(all(backend = "unsupported", feature = "std"))]
pub(crate) use unsupported::child;
#[cfg(backend = "unsupported")]
pub(crate) use unsupported::syscalls;
