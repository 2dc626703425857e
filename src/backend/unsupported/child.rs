use crate::{Process, Status};
use std::process::Child;

pub(super) fn open(_child: &Child) -> Result<Process, Status> {
    Err(Status::NotSupported)
}
