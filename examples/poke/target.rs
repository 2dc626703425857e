//! What differs between systems. On Fuchsia the ID of a process is its koid, elsewhere its PID.

#[cfg(target_os = "fuchsia")]
mod fuchsia;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(any(target_os = "fuchsia", target_os = "linux")))]
mod other;

#[cfg(target_os = "fuchsia")]
use fuchsia as system;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(any(target_os = "fuchsia", target_os = "linux")))]
use other as system;

pub use system::{ID_OPTION, ID_VALUE, Id};
pub use system::{current_exe, open, own_id, print_error, print_line, run_without_child};
