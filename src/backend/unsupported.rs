//! A target without a backend.

#[cfg(feature = "std")]
pub(crate) mod calling_process;
#[cfg(feature = "std")]
pub(crate) mod child;
pub(crate) mod syscalls;
