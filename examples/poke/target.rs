//! How a user names a process: by its koid on Fuchsia, by its pid elsewhere.

#[cfg_attr(target_os = "fuchsia", path = "target/fuchsia.rs")]
#[cfg_attr(target_os = "linux", path = "target/linux.rs")]
#[cfg_attr(
    not(any(target_os = "fuchsia", target_os = "linux")),
    path = "target/other.rs"
)]
mod system;

pub use system::{NUMBER, Number, current_exe, open, own_number, say, without_child};
