//! Read and write the memory of another process on Fuchsia, for debuggers in Rust.
//!
//! The crate wraps `zx_process_write_memory` and `zx_process_read_memory`: a slice in, a byte count or
//! a typed status out. On Fuchsia the wrapper adds a size check and a check of the log level, and no
//! allocation, lock or panic.
//!
//! ```
//! use std::io::{BufRead, BufReader};
//! use std::process::{Command, Stdio};
//! use zx_process_memory::Process;
//!
//! # #[cfg(backend = "linux")]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // A shell that prints the address range of its stack and waits.
//!     let script = "grep -m1 stack /proc/$$/maps; read line";
//!     let mut child = Command::new("sh").args(["-c", script])
//!         .stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//!     let mut line = String::new();
//!     BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line)?;
//!     let vaddr = usize::from_str_radix(line.split('-').next().unwrap(), 16)?;
//!
//!     let process = Process::from_child(&child)?;
//!     let old: u64 = process.read_le(vaddr)?;
//!     process.write_all_memory(vaddr, b"patched!")?;
//!     assert_eq!(process.read_le::<u64>(vaddr)?.to_le_bytes(), *b"patched!");
//!     process.write_le(vaddr, old)?;
//! #   child.kill()?;
//! #   child.wait()?;
//!     Ok(())
//! }
//! # #[cfg(not(backend = "linux"))]
//! # fn main() {}
//! ```
//!
//! # Overview
//!
//! - [`Process`] owns a handle, [`ProcessRef`] borrows one, and [`JobRef`] finds a process by koid.
//!   [`Rights`] are the rights of a handle.
//! - [`Process::write_memory`] and [`Process::read_memory`] make one call.
//!   [`Process::write_all_memory`] and [`Process::read_exact_memory`] repeat it after short counts and
//!   for more than 64 MiB; their [`TransferError`] has the number of bytes that were transferred.
//! - [`Process::read_le`], [`Process::write_le`] and their big-endian forms transfer integers.
//!   [`MemoryCursor`] implements [`std::io::Read`], [`std::io::Write`] and [`std::io::Seek`].
//! - [`Status`] is the typed `zx_status_t`. Its page has the table of statuses for each kernel.
//! - [`sys`] has the raw calls. [`linux`] documents the Linux backend.
//!
//! The crate does not stop, step or resume threads, does not sync the instruction cache, and makes no
//! write atomic. Memory maps, breakpoints and GDB support are in the crate
//! [`zx-debug-memory`](https://docs.rs/zx-debug-memory).
//!
//! # How a debugger gets handles
//!
//! | process | how | the component manifest must `use` |
//! |---|---|---|
//! | a child that the debugger starts | [`Process::from_child`] | protocol `fuchsia.process.Launcher`, with which `fdio_spawn` starts it |
//! | a process below the default job | [`JobRef::default_job`], then [`JobRef::find_process`] | nothing |
//! | any process | [`JobRef::borrow_raw`] of the root job's handle, then [`JobRef::find_process`] | protocol `fuchsia.kernel.RootJob`, whose method `Get` returns the handle |
//! | a process of which another crate holds a handle | [`ProcessRef::borrow_raw`] | nothing |
//!
//! Fuchsia's own debug agent uses both protocols from its parent
//! (`src/developer/debug/debug_agent/meta/debug_agent.cml` in Fuchsia's source tree, read in 2025).
//! `fuchsia.kernel.RootJob` gives control of every process, so the system's security policy must allow
//! it for the component, and each component on the route must offer it. The handle of the protocol
//! `fuchsia.kernel.RootJobForInspect` lacks `WRITE`, which reads require too
//! (`src/sys/component_manager/src/builtin_environment.rs`, read in the sources of February 2021).
//!
//! # Targets
//!
//! | target | feature `std` (default) | without `std` |
//! |---|---|---|
//! | Fuchsia: x86_64, aarch64, riscv64gc | system calls | system calls, without `alloc` |
//! | Linux, 64-bit | Linux backend | no backend: compiles, memory calls return `NotSupported` |
//! | any other | no backend | no backend |
//!
//! # Features
//!
//! - `std` (default): [`Process::from_child`], [`JobRef`], [`MemoryCursor`], the conversions into
//!   [`std::io::Error`], and the Linux backend.

#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg = false))]
// The examples need a backend.
#![cfg(not(all(doctest, backend = "unsupported")))]
#![warn(unreachable_pub)]
#![cfg_attr(not(backend = "linux"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(any(feature = "std", test))]
extern crate std;

mod backend;

// The documentation of `Process` shows its methods in the order of these modules: constructors,
// writing, reading, integers, the handle itself. rustfmt sorts modules that no blank line separates.
mod process;

#[cfg(feature = "std")]
mod child;

#[cfg(backend = "linux")]
#[cfg_attr(
    docsrs,
    doc(cfg(all(feature = "std", target_os = "linux", target_pointer_width = "64")))
)]
pub mod linux;

mod write;

mod read;

mod integer;

mod handle;

mod call_log;
mod hint;
#[cfg(feature = "std")]
mod io_error;
#[cfg(feature = "std")]
mod job_ref;
#[cfg(feature = "std")]
mod memory_cursor;
#[cfg(feature = "std")]
mod owned_handle;
mod process_ref;
mod rights;
mod status;
pub mod sys;
mod transfer;
mod transfer_error;

pub use integer::Integer;
#[cfg(feature = "std")]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub use job_ref::JobRef;
#[cfg(feature = "std")]
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub use memory_cursor::MemoryCursor;
pub use process::Process;
pub use process_ref::ProcessRef;
pub use read::MAX_READ_LEN;
pub use rights::Rights;
pub use status::{Status, UnknownStatus};
pub use transfer_error::TransferError;
pub use write::MAX_WRITE_LEN;

/// Compiles and runs the examples of the README.
#[cfg(all(doctest, backend = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;
