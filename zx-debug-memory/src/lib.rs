//! A debugger's view of a process's memory on Fuchsia: what is mapped, breakpoints that
//! reads and writes do not see, and the same for GDB.
//!
//! It stands on `zx-process-memory`, which reads and writes, and whose handles it uses. On
//! 64-bit Linux all of it runs on that crate's stand-in, from the same source.
//!
//! # Where things are
//!
//! | module | what it holds |
//! |---|---|
//! | `memory_map` | [`MemoryMap`]: all mappings of a process |
//! | `mapping` | [`Mapping`], [`MappingKind`]: one of them |
//! | `permissions` | [`Permissions`] |
//! | `break_instruction` | [`BreakInstruction`]: the four, with their bytes |
//! | `breakpoints` | [`Breakpoints`]: insert, remove, drop; `shadow`: read and write around them |
//! | `breakpoint_error` | [`BreakpointError`] |
//! | `gdb` (feature `gdbstub`) | adaptors to gdbstub's traits |
//!
//! # What it does not do
//!
//! It does not stop, step or resume anything, reads no registers, and does not sync the
//! instruction cache. [`Breakpoints`] says what must hold for them to be safe.
//!
//! # Features
//!
//! - `gdbstub`: the module `gdb`. Off by default.

#![warn(unreachable_pub)]

mod break_instruction;
mod breakpoint_error;
mod breakpoints;
#[cfg(feature = "gdbstub")]
pub mod gdb;
mod mapping;
mod memory_map;
mod permissions;

pub use break_instruction::BreakInstruction;
pub use breakpoint_error::BreakpointError;
pub use breakpoints::{Breakpoints, OnDrop, Removal};
pub use mapping::{Mapping, MappingKind};
pub use memory_map::MemoryMap;
pub use permissions::Permissions;

/// The README's examples are compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
