//! Memory maps, modules and breakpoints for debuggers on Fuchsia.
//!
//! - [`MemoryMap`] lists the mappings of a process.
//! - [`Modules`] finds the ELF images in the memory of a process.
//! - [`Breakpoints`] inserts and removes software breakpoints. Reads and writes through it hide
//!   them.
//! - The module `gdb` (feature `gdbstub`) serves both to GDB.
//!
//! Processes, handles, reads and writes are those of
//! [`zx-process-memory`](https://docs.rs/zx-process-memory). On 64-bit Linux the same source runs
//! with that crate's Linux backend.
//!
//! ```
//! # #[cfg(target_os = "linux")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::process::{Command, Stdio};
//! use zx_debug_memory::{BreakInstruction, Breakpoints, MemoryMap, OnDrop, Permissions, Removal};
//! use zx_process_memory::Process;
//!
//! let mut child = Command::new("yes").stdout(Stdio::piped()).spawn()?;
//! # // The output shows that the program is loaded.
//! # std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0])?;
//! let process = Process::from_child(&child)?;
//! let map = MemoryMap::read(&process)?;
//! let code = map.iter().find(|mapping| mapping.permissions.contains(Permissions::EXECUTE));
//! let vaddr = code.expect("a program has code").range.start;
//!
//! // A debugger suspends all threads first.
//! let mut breakpoints = Breakpoints::new(&process, OnDrop::Remove);
//! breakpoints.insert(vaddr, BreakInstruction::X86Int3)?;
//! let mut original = [0];
//! breakpoints.read_exact_memory(vaddr, &mut original)?;
//! assert_eq!(breakpoints.remove(vaddr)?, Removal::Restored);
//! # let mut byte = [0];
//! # process.read_exact_memory(vaddr, &mut byte)?;
//! # assert_eq!(byte, original);
//! # drop(breakpoints);
//! # child.kill()?;
//! # child.wait()?;
//! # Ok(())
//! # }
//! # #[cfg(not(target_os = "linux"))]
//! # fn main() {}
//! ```
//!
//! # What it does not do
//!
//! - It does not suspend, step or resume threads. It does not handle exceptions.
//! - It does not read or write registers.
//! - It does not sync the instruction cache.
//! - It has no symbols and no disassembler.
//!
//! [`Breakpoints`] lists what a debugger must ensure for safe use of breakpoints.
//!
//! # Features
//!
//! - `gdbstub`: the module `gdb`, with adaptors for [gdbstub](https://docs.rs/gdbstub). Off by
//!   default.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(unreachable_pub)]

mod break_instruction;
mod breakpoint_error;
mod breakpoints;
mod build_id;
mod error_chain;
#[cfg(feature = "gdbstub")]
#[cfg_attr(docsrs, doc(cfg(feature = "gdbstub")))]
pub mod gdb;
mod hex;
mod mapping;
mod memory_block;
mod memory_map;
mod module;
mod modules;
mod page;
mod permissions;
mod read_memory;
mod segment;

pub use break_instruction::BreakInstruction;
pub use breakpoint_error::BreakpointError;
pub use breakpoints::{Breakpoints, LiftError, OnDrop, Removal};
pub use build_id::BuildId;
pub use mapping::{Mapping, MappingKind};
pub use memory_block::MemoryBlock;
pub use memory_map::MemoryMap;
pub use module::Module;
pub use modules::Modules;
pub use permissions::Permissions;
pub use read_memory::ReadMemory;
pub use segment::Segment;

/// Runs the README's example, which needs the program `yes`.
#[cfg(all(doctest, target_os = "linux"))]
#[doc = include_str!("../README.md")]
struct Readme;
