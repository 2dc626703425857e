use crate::{Process, Status};
use std::process::Child;

pub(crate) fn open(_child: &Child) -> Result<Process, Status> {
    Err(Status::NotSupported)
}
