//! The boot engine: adds the program to a boot image and boots the image in QEMU.

use crate::architecture::Architecture;
use crate::bootfs::File;
use crate::cli::{Accel, LauncherOption, Options};
use crate::console::Line;
use crate::engine::{Outcome, load_program, print_message, read_file};
use crate::kernel_command_line::{self, Launcher};
use crate::line_source::{LineClassifier, LineSource};
use crate::process::{self, LineAction, ProcessEnd, Stream};
use crate::setup_error::SetupError;
use crate::verdict::{RunState, Verdict};
use crate::{boot_image, elf, qemu};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Number of boot log lines that are printed if the run has no clear result.
const BOOT_LOG_TAIL: usize = 30;
/// Time to read the rest of QEMU's stderr after a KVM error.
const KVM_ERROR_GRACE: Duration = Duration::from_millis(200);

/// Runs the program with the boot engine.
///
/// # Errors
///
/// An option, the boot image or QEMU is missing or unusable. The program did not run.
pub fn run(options: &Options) -> Result<Outcome, SetupError> {
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
    let (architecture, program) = load_program(options.program())?;
    let file_name = options
        .program()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let path = boot_image::program_path(&file_name);
    let mut files = vec![File {
        name: path.clone(),
        data: program,
    }];
    for lib in options.libs.iter().filter(|lib| !lib.is_empty()) {
        files.push(load_library(lib)?);
    }
    let image = boot_image::add_files(
        &read_file(zbi, "--zbi (FEMU_ZBI)")?,
        &zbi.display().to_string(),
        architecture,
        files,
    )?;
    if !image.missing_libraries.is_empty() {
        print_message(&format!(
            "the boot image does not contain {}; programs with std require them (--lib)",
            image.missing_libraries.join(" and ")
        ));
    }
    let launcher = choose_launcher(options.start, image.has_bootsvc, zbi)?;
    let command_line = kernel_command_line::build(
        options.debugging_syscalls(),
        architecture.kernel_options,
        launcher,
        &path,
        options.args(),
        &options.env,
        &options.append,
    )?;
    write_image(options.image.as_deref(), &image.bytes)?;
    let kvm = qemu::uses_kvm(options.accel(), architecture);
    if options.dry_run {
        let image_path = options.image.as_deref().unwrap_or(Path::new("IMAGE.zbi"));
        let argv = qemu::argv(options, architecture, kvm, image_path, &command_line);
        println!("{}", qemu::shell_quote(&argv));
        return Ok(Outcome::DryRun);
    }
    if let Some(warning) = architecture.warning {
        print_message(warning);
    }
    let image_file = write_temporary_file(&image.bytes)?;
    let boot = |kvm| {
        Boot::run(
            options,
            architecture,
            kvm,
            &qemu::argv(options, architecture, kvm, image_file.path(), &command_line),
            launcher,
            &path,
        )
    };
    match boot(kvm)? {
        None if options.accel() == Accel::Auto => {
            print_message(
                "KVM does not work; retrying with TCG, which is slower (--accel tcg skips KVM)",
            );
            let outcome = boot(false)?;
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

/// One run of QEMU.
struct Boot<'a> {
    options: &'a Options,
    classifier: LineClassifier,
    state: RunState,
    /// The last lines of the boot log, which are not printed by default.
    hidden_lines: VecDeque<Vec<u8>>,
}

impl Boot<'_> {
    /// Runs QEMU. Returns `None` if QEMU failed because KVM does not work.
    fn run(
        options: &Options,
        architecture: &Architecture,
        kvm: bool,
        argv: &[OsString],
        launcher: Launcher,
        program: &str,
    ) -> Result<Option<Outcome>, SetupError> {
        let mut boot = Boot {
            options,
            classifier: LineClassifier::new(program),
            state: RunState::new(launcher, program),
            hidden_lines: VecDeque::new(),
        };
        let on_line = |stream, line: &[u8]| boot.handle_line(stream, line);
        let (end, stderr) = process::run(argv, options.limit(), on_line).map_err(|error| {
            SetupError::new(
                format!("cannot start {}: {error}", argv[0].display()),
                "install QEMU (Debian: qemu-system-x86, qemu-system-arm), or give its path with \
                 --qemu (FEMU_QEMU)",
            )
        })?;
        if let ProcessEnd::Interrupted(signal) = end {
            return Ok(Some(Outcome::Interrupted(signal)));
        }
        if end != ProcessEnd::Exited(Some(architecture.power_off_status)) {
            let exited = matches!(end, ProcessEnd::Exited(_));
            if kvm && !boot.state.program_printed() && qemu::mentions_kvm(&stderr) {
                return Ok(None);
            }
            let stderr = String::from_utf8_lossy(&stderr).trim().to_owned();
            if exited && boot.state.console_is_silent() && !stderr.is_empty() {
                return Err(SetupError::new(
                    format!("QEMU failed to start the machine: {stderr}"),
                    "check the QEMU command line with --dry-run",
                ));
            }
            for line in stderr.lines() {
                print_message(&format!("QEMU: {line}"));
            }
        }
        let verdict = boot.state.verdict(end, architecture.power_off_status);
        if matches!(
            verdict,
            Verdict::NoOutput(_) | Verdict::Timeout(_) | Verdict::Unknown(_)
        ) {
            boot.print_boot_log();
        }
        Ok(Some(Outcome::Verdict(verdict)))
    }

    fn handle_line(&mut self, stream: Stream, raw: &[u8]) -> LineAction {
        if stream == Stream::Stderr {
            // After this error QEMU pauses the machine and does not exit.
            let kvm_failed = raw.starts_with(b"KVM internal error");
            return if kvm_failed {
                LineAction::StopAfter(KVM_ERROR_GRACE)
            } else {
                LineAction::Continue
            };
        }
        let line = Line::parse(raw);
        let source = self.classifier.classify(&line);
        self.state.observe(&line, source);
        if self.options.raw {
            print_line(raw);
        } else if source == LineSource::Boot {
            self.hidden_lines.push_back(line.bytes);
            if self.hidden_lines.len() > BOOT_LOG_TAIL {
                self.hidden_lines.pop_front();
            }
        } else {
            print_line(&line.bytes);
        }
        self.state
            .shutdown_grace()
            .map_or(LineAction::Continue, LineAction::StopAfter)
    }

    fn print_boot_log(&mut self) {
        if self.hidden_lines.is_empty() {
            return;
        }
        print_message("last lines of the boot log:");
        for line in self.hidden_lines.drain(..) {
            eprintln!("    {}", String::from_utf8_lossy(&line));
        }
    }
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

/// Loads a library that was given as `NAME=FILE`, or as a file whose name it keeps.
fn load_library(lib: &str) -> Result<File, SetupError> {
    let (name, path) = match lib.split_once('=') {
        Some((name, path)) => (name.to_owned(), Path::new(path)),
        None => (
            Path::new(lib)
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            Path::new(lib),
        ),
    };
    let name = format!("lib/{}", name.strip_prefix("lib/").unwrap_or(&name));
    let file = read_file(path, "--lib (FEMU_LIBS)")?;
    // An unstripped library is several times as large as its segments.
    let data = elf::strip(&file).unwrap_or(file);
    Ok(File { name, data })
}

fn write_temporary_file(bytes: &[u8]) -> Result<tempfile::NamedTempFile, SetupError> {
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
    file.write_all(bytes).map_err(failed)?;
    Ok(file)
}

fn print_line(line: &[u8]) {
    let mut stdout = io::stdout().lock();
    // A closed stdout must not end the run: the exit status still reports the verdict.
    let _ = stdout
        .write_all(line)
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
}
