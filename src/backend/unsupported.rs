//! A target without a backend: every call returns `ZX_ERR_NOT_SUPPORTED`.

#[cfg(feature = "std")]
pub(crate) mod child;
pub(crate) mod syscalls;
