//! No run control.

use super::{Registers, Result, RunControl, Stop, ThreadId};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use zx_debug_memory::Breakpoints;
use zx_process_memory::Process;

pub(crate) enum Traced {}

impl Traced {
    pub(crate) fn spawn(_command: &mut Command) -> Result<(Self, Process, Child)> {
        Err("this target has no run control".into())
    }

    pub(crate) fn file_of(&self, _program: &Path) -> PathBuf {
        match *self {}
    }
}

impl RunControl for Traced {
    fn run(&mut self, _breakpoints: &Breakpoints<Process>) -> Result<Stop> {
        match *self {}
    }

    fn step(&mut self, _thread: ThreadId) -> Result<()> {
        match *self {}
    }

    fn ended(&mut self) -> Option<i64> {
        match *self {}
    }

    fn registers(&self, _thread: ThreadId) -> Result<Registers> {
        match *self {}
    }

    fn set_argument(&mut self, _thread: ThreadId, _value: u64) -> Result<()> {
        match *self {}
    }

    fn detach(self) -> Result<()> {
        match self {}
    }
}
