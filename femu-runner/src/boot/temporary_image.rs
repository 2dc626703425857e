//! The temporary file with the boot image that QEMU reads.

use crate::setup_error::SetupError;
use crate::watchdog::Watchdog;
use std::io::{self, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// The temporary file. It is removed on drop. The watchdog removes it if the runner is killed.
#[derive(Debug)]
pub struct TemporaryImage {
    file: NamedTempFile,
    /// Also kills QEMU if the runner is killed.
    pub watchdog: Watchdog,
}

impl TemporaryImage {
    /// Writes the boot image to a temporary file.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or `/bin/sh` cannot be started.
    pub fn create(image: &[u8]) -> Result<Self, SetupError> {
        let failed = |error: io::Error| {
            SetupError::new(
                format!("cannot write the boot image to a temporary file: {error}"),
                "free disk space, or set TMPDIR",
            )
        };
        let mut file = tempfile::Builder::new()
            .prefix("femu-")
            .suffix(".zbi")
            .tempfile()
            .map_err(failed)?;
        let watchdog = Watchdog::start(file.path()).map_err(|error| {
            SetupError::new(
                format!("cannot start /bin/sh: {error}"),
                "the runner needs it to stop QEMU if the runner is killed",
            )
        })?;
        file.write_all(image).map_err(failed)?;
        Ok(Self { file, watchdog })
    }

    /// The directory and the name of the file.
    pub fn location(&self) -> (&Path, &Path) {
        let path = self.file.path();
        let name = path.file_name().unwrap_or_default();
        (path.parent().unwrap_or(path), Path::new(name))
    }
}
