//! The boot engine: adds the program to a boot image and boots the image in QEMU.

mod machine;
mod temporary_image;

use crate::bootfs::File;
use crate::cli::{Accel, LauncherOption, Options};
use crate::elf::Elf;
use crate::engine::{Outcome, load_program, print_message, read_file};
use crate::kernel_command_line::{self, Launcher};
use crate::setup_error::SetupError;
use crate::signals::Signals;
use crate::{boot_image, qemu};
use machine::Machine;
use std::fs;
use std::path::Path;
use temporary_image::TemporaryImage;

/// Runs the program with the boot engine.
///
/// # Errors
///
/// An option, the boot image or QEMU is missing or unusable. The program did not run.
pub fn run(options: &Options, signals: &Signals) -> Result<Outcome, SetupError> {
    let kernel = require_option(
        options.kernel.as_deref(),
        "a kernel or boot shim",
        "--kernel (FEMU_KERNEL)",
    )?;
    let zbi = require_option(options.zbi.as_deref(), "a boot image", "--zbi (FEMU_ZBI)")?;
    if !kernel.is_file() {
        return Err(SetupError::new(
            format!("no such file: {}", kernel.display()),
            "give the file for QEMU's -kernel with --kernel (FEMU_KERNEL): the kernel, or a boot \
             shim such as multiboot.bin",
        ));
    }
    let program = load_program(options.program())?;
    let path = boot_image::program_path(&program.name);
    let mut libraries = Vec::new();
    for lib in options.libs() {
        libraries.push(load_library(&lib.name, &lib.file)?);
    }
    let image = boot_image::add_program(
        &read_file(zbi, "--zbi (FEMU_ZBI)")?,
        &zbi.display().to_string(),
        program.architecture,
        File {
            name: path.clone(),
            data: program.bytes,
        },
        libraries,
    )?;
    let launcher = choose_launcher(options.start, image.has_bootsvc, zbi)?;
    let env = options.env()?;
    if launcher == Launcher::Bootsvc && image.bootsvc_drops_environment && !env.is_empty() {
        print_message(
            "--env (FEMU_ENV) has no effect: bin/bootsvc of the boot image passes no environment \
             variables to the program; --start userboot passes them",
        );
    }
    let command_line = kernel_command_line::build(
        options.debugging_syscalls(),
        program.architecture.kernel_options,
        launcher,
        &path,
        options.args(),
        &env,
        &options.append,
    )?;
    write_image(options.image.as_deref(), &image.bytes)?;
    let kvm = qemu::uses_kvm(options.accel(), program.architecture);
    if options.dry_run {
        let image_path = options.image.as_deref().unwrap_or(Path::new("IMAGE.zbi"));
        let argv = qemu::argv(
            options,
            program.architecture,
            kvm,
            image_path,
            &command_line,
        );
        println!("{}", qemu::shell_quote(&argv));
        return Ok(Outcome::DryRun);
    }
    if let Some(warning) = program.architecture.warning {
        print_message(warning);
    }
    let mut machine = Machine {
        options,
        architecture: program.architecture,
        launcher,
        program: &path,
        command_line,
        image: TemporaryImage::create(&image.bytes)?,
        signals,
    };
    match machine.run(kvm)? {
        None if options.accel() == Accel::Auto => {
            print_message(
                "KVM does not work; retrying with TCG, which is slower (--accel tcg skips KVM)",
            );
            let outcome = machine.run(false)?;
            outcome.ok_or_else(|| {
                SetupError::new(
                    "QEMU reports a KVM error although KVM is off",
                    "check the QEMU command line with --dry-run",
                )
            })
        }
        None => Err(SetupError::new(
            "KVM does not work on this host",
            "use --accel tcg (FEMU_ACCEL)",
        )),
        Some(outcome) => Ok(outcome),
    }
}

fn choose_launcher(
    option: LauncherOption,
    has_bootsvc: bool,
    zbi: &Path,
) -> Result<Launcher, SetupError> {
    match option {
        LauncherOption::Bootsvc if !has_bootsvc => Err(SetupError::new(
            format!("{} does not contain bin/bootsvc", zbi.display()),
            "use --start userboot (FEMU_START), or another boot image",
        )),
        LauncherOption::Auto if has_bootsvc => Ok(Launcher::Bootsvc),
        LauncherOption::Bootsvc => Ok(Launcher::Bootsvc),
        LauncherOption::Auto | LauncherOption::Userboot => Ok(Launcher::Userboot),
    }
}

/// Writes the boot image to the file that was given with `--image`.
fn write_image(path: Option<&Path>, image: &[u8]) -> Result<(), SetupError> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, image).map_err(|error| {
        SetupError::new(
            format!("cannot write {}: {error}", path.display()),
            "give another path with --image (FEMU_IMAGE)",
        )
    })
}

fn require_option<'a>(
    path: Option<&'a Path>,
    what: &str,
    option: &str,
) -> Result<&'a Path, SetupError> {
    path.ok_or_else(|| {
        SetupError::new(
            format!("the boot engine requires {what}"),
            format!("give it with {option}; see --help"),
        )
    })
}

fn load_library(name: &str, path: &Path) -> Result<File, SetupError> {
    let file = read_file(path, "--lib (FEMU_LIBS)")?;
    // An unstripped library is several times as large as its segments.
    let stripped = Elf::parse(&file).and_then(|elf| elf.strip());
    Ok(File {
        name: format!("lib/{name}"),
        data: stripped.unwrap_or(file),
    })
}
