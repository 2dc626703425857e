//! The frames of a stopped thread.

#[cfg(target_arch = "riscv64")]
mod return_address;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
mod unwind;

#[cfg(target_arch = "riscv64")]
pub(crate) use return_address::Unwinder;
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
pub(crate) use unwind::Unwinder;

/// The greatest number of frames that are returned.
const MAX_FRAMES: usize = 16;
