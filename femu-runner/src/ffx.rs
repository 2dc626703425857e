//! The ffx engine: packages the program and runs it as a test in the emulator of Fuchsia's SDK.
//!
//! **Tested only against a fake ffx**, which parses each call by the definitions in ffx's sources.

mod artifacts;
mod background;
mod call;
mod caller;
mod instances;
mod lock;
mod output;
mod package;
mod package_server;
mod run_summary;
mod sdk;
mod session;
mod version;

use crate::cli::Options;
use crate::engine::Outcome;
use crate::program::{Program, load_program};
use crate::setup_error::SetupError;
use crate::signals::Signals;
use call::Calls;
use caller::{Caller, SessionError};
use package::Package;
use sdk::Sdk;
use session::Session;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use version::Bundle;

/// QEMU rejects socket paths of 108 bytes and more. ffx appends up to about 48 bytes to the path
/// of the isolate directory.
const MAX_ISOLATE_PATH: usize = 60;

/// Runs the program with the ffx engine.
///
/// # Errors
///
/// An option or a part of the SDK is missing or unusable, or a call failed. The program did not run.
pub fn run(options: &Options, signals: &Signals) -> Result<Outcome, SetupError> {
    let sdk = sdk::find(options.sdk.as_deref())?;
    let program = load_program(options.program())?;
    let bundle = options.bundle.as_deref().ok_or_else(|| {
        SetupError::new(
            "the ffx engine requires a product bundle",
            "give its directory with --bundle (FEMU_BUNDLE); `ffx product download` downloads one",
        )
    })?;
    let bundle = Bundle::open(bundle)?;
    bundle.compare_with(&sdk);
    let temporary = |error: io::Error| {
        SetupError::new(
            format!("cannot write temporary files: {error}"),
            "free disk space, or set TMPDIR",
        )
    };
    let work_dir = tempfile::Builder::new()
        .prefix("femu")
        .tempdir()
        .map_err(temporary)?;
    // ffx runs in this directory, so all paths must be absolute.
    let work = work_dir.path().canonicalize().map_err(temporary)?;
    let isolate_dir = isolate_dir(options, &work)?;
    let _lock = if options.dry_run {
        None
    } else {
        match lock::lock(&isolate_dir, signals) {
            Ok(file) => Some(file),
            Err(error) => return error.into_outcome(),
        }
    };
    let libraries = libraries(options, &sdk, &program)?;
    let package = Package::write(
        &work,
        &program.name,
        &program.bytes,
        libraries,
        &options.test_runner,
        &options.env()?,
    )
    .map_err(temporary)?;
    let config = options.ffx_config()?;
    let session = Session {
        options,
        config: &config,
        caller: Caller {
            options,
            signals,
            work: &work,
        },
        calls: Calls {
            ffx: sdk.ffx.clone(),
            cmc: sdk.cmc.clone(),
            isolate_dir,
        },
        sdk: &sdk,
        bundle: &bundle,
        package: &package,
        work: &work,
    };
    let result = session.run();
    session.clean_up(&result);
    result.or_else(SessionError::into_outcome)
}

/// The absolute path of the directory for ffx's state: the one that was given, or one in `work`.
fn isolate_dir(options: &Options, work: &Path) -> Result<PathBuf, SetupError> {
    let directory = options
        .isolate_dir
        .clone()
        .unwrap_or_else(|| work.join("i"));
    let unusable = |error: io::Error| {
        SetupError::new(
            format!("cannot use {}: {error}", directory.display()),
            "give a writable directory with --isolate-dir (FEMU_ISOLATE_DIR)",
        )
    };
    let absolute = std::path::absolute(&directory).map_err(unusable)?;
    if absolute.as_os_str().len() > MAX_ISOLATE_PATH {
        return Err(SetupError::new(
            format!(
                "the path {} is too long for the emulator's sockets",
                absolute.display()
            ),
            "give a directory with a short path with --isolate-dir (FEMU_ISOLATE_DIR), or set TMPDIR",
        ));
    }
    if options.dry_run {
        return Ok(absolute);
    }
    // ffx and the kernel know the directory by its canonical path.
    let created = fs::create_dir_all(&absolute).and_then(|()| absolute.canonicalize());
    created.map_err(unusable)
}

/// The libraries of the package: those of the SDK that each program with `std` loads, and those that
/// were given.
fn libraries(
    options: &Options,
    sdk: &Sdk,
    program: &Program,
) -> Result<Vec<(String, PathBuf)>, SetupError> {
    let mut libraries = sdk.libraries(program.architecture)?;
    for lib in options.libs()? {
        let file = lib.file.canonicalize().map_err(|error| {
            SetupError::new(
                format!("cannot read {}: {error}", lib.file.display()),
                "check the path given as --lib (FEMU_LIBS)",
            )
        })?;
        let path = format!("lib/{}", lib.name);
        // The library that was given replaces the SDK's.
        libraries.retain(|(other, _)| *other != path);
        libraries.push((path, file));
    }
    Ok(libraries)
}
