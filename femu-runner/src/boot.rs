//! The boot engine: adds the program to a boot image and boots the image in QEMU.

mod machine;
mod temporary_image;

use crate::boot_image::Bootsvc;
use crate::bootfs::File;
use crate::cli::{Accel, LauncherOption, Options};
use crate::elf::Elf;
use crate::engine::Outcome;
use crate::kernel_command_line::{self, Launcher};
use crate::printer::{print_line, print_message};
use crate::program::{load_program, read_file};
use crate::setup_error::SetupError;
use crate::shell_quote::shell_quote;
use crate::signals::Signals;
use crate::{boot_image, qemu};
use machine::Machine;
use std::fmt::Display;
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
    let mut libraries = Vec::new();
    for lib in options.libs()? {
        libraries.push(load_library(&lib.name, &lib.file)?);
    }
    let image = boot_image::add_program(
        &read_file(zbi, "--zbi (FEMU_ZBI)")?,
        &zbi.display().to_string(),
        program.architecture,
        File {
            name: boot_image::program_path(&program.name),
            data: program.bytes,
        },
        libraries,
    )?;
    let launcher = choose_launcher(options.start, image.bootsvc, zbi)?;
    let env = options.env()?;
    warn_of_lost_input(launcher, options, &env);
    let command_line = kernel_command_line::build(
        options.debugging_syscalls(),
        program.architecture.kernel_options,
        launcher,
        &image.program,
        options.args(),
        &env,
        &options.append,
    )?;
    if let Some(path) = options.image.as_deref() {
        write_image(path, &image.bytes, &[zbi, kernel, options.program()])?;
    }
    let kvm = qemu::uses_kvm(options.accel, program.architecture);
    if options.dry_run {
        let image_path = options.image.as_deref().unwrap_or(Path::new("IMAGE.zbi"));
        let argv = qemu::argv(
            options,
            program.architecture,
            kvm,
            image_path,
            &command_line,
        );
        print_line(shell_quote(&argv).as_bytes());
        return Ok(Outcome::DryRun);
    }
    if let Some(warning) = program.architecture.warning {
        print_message(warning);
    }
    let mut machine = Machine {
        options,
        architecture: program.architecture,
        launcher,
        program: &image.program,
        command_line,
        image: TemporaryImage::create(&image.bytes)?,
        signals,
    };
    boot(&mut machine, kvm)
}

/// Runs the machine, with TCG if KVM does not work and was not asked for.
fn boot(machine: &mut Machine<'_>, kvm: bool) -> Result<Outcome, SetupError> {
    if let Some(outcome) = machine.run(kvm)? {
        return Ok(outcome);
    }
    if machine.options.accel != Accel::Auto {
        return Err(SetupError::new(
            "KVM does not work on this host",
            "use --accel tcg (FEMU_ACCEL)",
        ));
    }
    print_message("KVM does not work; retrying with TCG, which is slower (--accel tcg skips KVM)");
    machine.run(false)?.ok_or_else(|| {
        SetupError::new(
            "QEMU reports a KVM error although KVM is off",
            "check the QEMU command line with --dry-run",
        )
    })
}

/// Warns of variables and arguments that do not reach the program.
fn warn_of_lost_input(launcher: Launcher, options: &Options, env: &[(String, String)]) {
    match launcher {
        Launcher::Bootsvc(bootsvc) if bootsvc.drops_environment && !env.is_empty() => {
            print_message(
                "--env (FEMU_ENV) has no effect: bin/bootsvc of the boot image passes no environment \
                 variables to the program; --start userboot passes them",
            );
        }
        Launcher::Userboot if !options.args().is_empty() => {
            print_message(
                "userboot starts the program, without its arguments on kernels until April 2021 at \
                 least; variables (--env) reach it",
            );
        }
        _ => {}
    }
}

fn choose_launcher(
    option: LauncherOption,
    bootsvc: Option<Bootsvc>,
    zbi: &Path,
) -> Result<Launcher, SetupError> {
    match (option, bootsvc) {
        (LauncherOption::Userboot, _) | (LauncherOption::Auto, None) => Ok(Launcher::Userboot),
        (LauncherOption::Bootsvc | LauncherOption::Auto, Some(bootsvc)) => {
            Ok(Launcher::Bootsvc(bootsvc))
        }
        (LauncherOption::Bootsvc, None) => Err(SetupError::new(
            format!("{} does not contain bin/bootsvc", zbi.display()),
            "use --start userboot (FEMU_START), or another boot image",
        )),
    }
}

/// Writes the boot image to the file that was given with `--image`, which must not be an input.
fn write_image(path: &Path, image: &[u8], inputs: &[&Path]) -> Result<(), SetupError> {
    let failed = |problem: &dyn Display| {
        SetupError::new(
            format!("cannot write {}: {problem}", path.display()),
            "give another path with --image (FEMU_IMAGE)",
        )
    };
    let is_same = |input: &&Path| {
        let paths = (input.canonicalize(), path.canonicalize());
        matches!(paths, (Ok(input), Ok(path)) if input == path)
    };
    if inputs.iter().any(is_same) {
        return Err(failed(&"it is an input of the run"));
    }
    fs::write(path, image).map_err(|error| failed(&error))
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
