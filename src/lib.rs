//! Write and read another process's memory on Fuchsia: `zx_process_write_memory` and
//! `zx_process_read_memory`, for debuggers written in Rust.
//!
//! ```
//! use std::process::{Command, Stdio};
//! use zx_process_memory::{Process, Status};
//!
//! # #[cfg(backend = "linux")]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut child = Command::new("cat").stdin(Stdio::piped()).spawn()?;
//!     let process = Process::from_child(&child)?;
//!
//!     let status = process.write_memory(0x10, b"patch").unwrap_err();
//!     assert!(status.may_mean_unmapped());
//!     println!("{status}");
//!     println!("{}", status.write_memory_hint().unwrap());
//! #   child.kill()?;
//! #   child.wait()?;
//!     Ok(())
//! }
//! # #[cfg(not(backend = "linux"))]
//! # fn main() {}
//! ```
//!
//! Without the crate the same call takes five raw arguments, two of them pointers,
//! and answers a number.
//!
//! # What it does
//!
//! - [`Process::write_memory`] is the call: one slice, one count, one typed status. On
//!   Fuchsia it adds a check of the size and one of the log's level, and no allocation,
//!   lock or panic of its own.
//! - [`Process::write_all_memory`] is the loop around it, for short writes and for
//!   more than 64 MiB.
//! - [`Process::read_memory`] is the way back, with [`Process::read_exact_memory`] for the
//!   loop. Who only writes carries none of it.
//! - [`Process::read_le`] and its three siblings move integers, [`MemoryCursor`] is
//!   [`std::io::Read`], [`std::io::Write`] and [`std::io::Seek`], and [`JobRef`] finds a
//!   process by its koid.
//! - [`Process`] owns a handle, [`ProcessRef`] borrows one, [`Rights`] says what it
//!   allows, [`Status`] what went wrong and what to do about it.
//! - On 64-bit Linux the same source runs on the [`linux`]: real processes, real
//!   memory, Zircon's rules.
//!
//! # What it does not do
//!
//! It does not stop, step or resume anything, does not sync the instruction cache, and
//! makes no write atomic. Mappings, breakpoints and GDB are in the sibling crate
//! `zx-debug-memory`.
//!
//! # Where things are
//!
//! | module | what it holds |
//! |---|---|
//! | `process` | [`Process`]: the handle and what can be asked of it |
//! | `process_ref` | [`ProcessRef`]: the handle that someone else owns |
//! | `child` | [`Process::from_child`], one file for each backend |
//! | `write` | [`Process::write_memory`], [`Process::write_all_memory`], [`MAX_WRITE_LEN`] |
//! | `read` | [`Process::read_memory`], [`Process::read_memory_uninit`], [`Process::read_exact_memory`], [`MAX_READ_LEN`] |
//! | `whole` | the loop around both calls |
//! | `integer` | [`Process::read_le`], [`Process::write_le`] and the like, [`Integer`] |
//! | `cursor` | [`MemoryCursor`] |
//! | `job_ref` | [`JobRef`]: processes by koid |
//! | `incomplete` | [`TransferError`]: how far a loop came |
//! | `rights` | [`Rights`] |
//! | `status` | [`Status`]: every code, one line each |
//! | `hint` | what a status means after a write, and the remedy |
//! | `io_error` | conversions into [`std::io::Error`] |
//! | `trace` | the log lines, all of them |
//! | [`sys`] | the raw calls: `fuchsia`, `unsupported`, and `calls` of the stand-in |
//! | [`linux`] | the kernel boundary on Linux: `handle_table`, `object`, `address_space`, `mapping`, `open` |
//!
//! The build script picks the backend by the target:
//!
//! | target | with `std` (the default) | without |
//! |---|---|---|
//! | Fuchsia: x86_64, aarch64, riscv64gc | the real call | the real call, no `alloc` |
//! | Linux, 64-bit | the stand-in | every call is `NotSupported` |
//! | anything else | every call is `NotSupported` | the same |
//!
//! # Features
//!
//! - `std` (default): [`Process::from_child`], [`JobRef`], [`MemoryCursor`], the conversions
//!   into [`std::io::Error`], and the stand-in.

#![no_std]
// The examples need a backend.
#![cfg(not(all(doctest, backend = "unsupported")))]
#![warn(unreachable_pub)]
#![cfg_attr(not(backend = "linux"), allow(rustdoc::broken_intra_doc_links))]

#[cfg(any(feature = "std", test))]
extern crate std;

mod backend;
#[cfg(feature = "std")]
mod child;
mod hint;
mod integer;
#[cfg(feature = "std")]
mod io_error;
#[cfg(feature = "std")]
mod job_ref;
#[cfg(backend = "linux")]
pub mod linux;
#[cfg(feature = "std")]
mod memory_cursor;
mod process;
mod process_ref;
mod read;
mod rights;
mod status;
pub mod sys;
mod trace;
mod transfer;
mod transfer_error;
mod write;

pub use integer::Integer;
#[cfg(feature = "std")]
pub use job_ref::JobRef;
#[cfg(feature = "std")]
pub use memory_cursor::MemoryCursor;
pub use process::Process;
pub use process_ref::ProcessRef;
pub use read::MAX_READ_LEN;
pub use rights::Rights;
pub use status::{Status, UnknownStatus};
pub use transfer_error::TransferError;
pub use write::MAX_WRITE_LEN;

/// The README's examples are compiled and run with the documentation's.
#[cfg(all(doctest, backend = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;
