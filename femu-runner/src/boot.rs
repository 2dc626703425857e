//! The engine that needs only a kernel, a boot image and QEMU.

use crate::bootfs::File;
use crate::cli::{Accel, Options, StartOption};
use crate::console::Line;
use crate::machine::{self, Machine};
use crate::process::{self, End, Next, Stream};
use crate::setup::{SetupError, setup};
use crate::speaker::{Speaker, Speakers};
use crate::verdict::{Evidence, Verdict};
use crate::words::{Start, words};
use crate::{elf, image, qemu};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// How much of the boot is shown when nothing else came.
const TAIL: usize = 30;
/// Until the rest of what QEMU says is there.
const SOON: Duration = Duration::from_millis(200);

/// What came of a run, or of the wish for one.
#[derive(Debug)]
pub enum Outcome {
    /// It ran.
    Verdict(Verdict),
    /// Nothing was to be run.
    Dry,
    /// The runner was told to stop, by this signal.
    Interrupted(i32),
}

/// Boots the program.
///
/// # Errors
///
/// Something is missing or damaged, so that nothing was run.
pub fn run(options: &Options) -> Result<Outcome, SetupError> {
    let kernel = given(
        options.kernel.as_deref(),
        "a kernel or boot shim",
        "--kernel (FEMU_KERNEL)",
    )?;
    let zbi = given(options.zbi.as_deref(), "a boot image", "--zbi (FEMU_ZBI)")?;
    if !kernel.is_file() {
        return Err(setup(
            format!("{} is not there, or no file", kernel.display()),
            "give QEMU's -kernel with --kernel (FEMU_KERNEL): the boot shim, such as multiboot.bin",
        ));
    }
    let (machine, program) = load_program(options.program())?;
    let file_name = options
        .program()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let path = image::program_path(&file_name);
    let mut files = vec![File {
        name: path.clone(),
        data: program,
    }];
    for lib in options.libs.iter().filter(|lib| !lib.is_empty()) {
        files.push(load_library(lib)?);
    }
    let image = image::add(
        &read(zbi, "--zbi (FEMU_ZBI)")?,
        &zbi.display().to_string(),
        machine,
        files,
    )?;
    if !image.lacks.is_empty() {
        note(&format!(
            "the image has no {}; a std program needs them (--lib)",
            image.lacks.join(" and no ")
        ));
    }
    let start = who_starts(options.start, image.has_bootsvc, zbi)?;
    let words = words(
        machine.words,
        start,
        &path,
        options.args(),
        &options.env,
        &options.append,
    )?;
    keep(options.image.as_deref(), &image.bytes)?;
    let kvm = qemu::wants_kvm(options.accel(), machine);
    if options.dry_run {
        let shown = options.image.as_deref().unwrap_or(Path::new("IMAGE.zbi"));
        println!(
            "{}",
            qemu::shell_line(&qemu::argv(options, machine, kvm, shown, &words))
        );
        return Ok(Outcome::Dry);
    }
    if let Some(warning) = machine.warning {
        note(warning);
    }
    let file = temporary(&image.bytes)?;
    let boot = |kvm| {
        Boot::run(
            options,
            machine,
            kvm,
            &qemu::argv(options, machine, kvm, file.path(), &words),
            start,
            &path,
        )
    };
    match boot(kvm)? {
        None if options.accel() == Accel::Auto => {
            note(
                "KVM does not work here; emulating, which is slower (--accel tcg does so at once)",
            );
            let outcome = boot(false)?;
            outcome.ok_or_else(|| {
                setup(
                    "QEMU blames KVM also without it",
                    "look at it with --dry-run",
                )
            })
        }
        None => Err(setup(
            "KVM does not work here",
            "use --accel tcg (FEMU_ACCEL)",
        )),
        Some(outcome) => Ok(outcome),
    }
}

/// Who starts the program, by the option and by what the image holds.
fn who_starts(option: StartOption, has_bootsvc: bool, zbi: &Path) -> Result<Start, SetupError> {
    match option {
        StartOption::Bootsvc if !has_bootsvc => Err(setup(
            format!("{} holds no bin/bootsvc", zbi.display()),
            "use --start userboot (FEMU_START), or another image",
        )),
        StartOption::Auto if has_bootsvc => Ok(Start::Bootsvc),
        StartOption::Bootsvc => Ok(Start::Bootsvc),
        StartOption::Auto | StartOption::Userboot => Ok(Start::Userboot),
    }
}

/// Writes the image where the user wants to have it.
fn keep(file: Option<&Path>, image: &[u8]) -> Result<(), SetupError> {
    let Some(file) = file else { return Ok(()) };
    fs::write(file, image).map_err(|error| {
        setup(
            format!("{} cannot be written: {error}", file.display()),
            "name another file with --image (FEMU_IMAGE)",
        )
    })
}

/// One start of QEMU.
struct Boot<'a> {
    options: &'a Options,
    speakers: Speakers,
    evidence: Evidence,
    /// The last lines that were not shown.
    hidden: VecDeque<Vec<u8>>,
}

impl Boot<'_> {
    /// `None` where it did not start for want of KVM.
    fn run(
        options: &Options,
        machine: &Machine,
        kvm: bool,
        argv: &[OsString],
        start: Start,
        program: &str,
    ) -> Result<Option<Outcome>, SetupError> {
        let mut boot = Boot {
            options,
            speakers: Speakers::new(program),
            evidence: Evidence::new(start, program),
            hidden: VecDeque::new(),
        };
        let (end, errors) = process::run(argv, options.limit(), |from, line| boot.line(from, line)).map_err(|error| {
            setup(
                format!("{} cannot be started: {error}", argv[0].display()),
                "install QEMU (Debian: qemu-system-x86, qemu-system-arm), or name it with --qemu (FEMU_QEMU)",
            )
        })?;
        if let End::Interrupted(signal) = end {
            return Ok(Some(Outcome::Interrupted(signal)));
        }
        if end != End::Exited(Some(machine.clean_exit)) {
            let by_itself = matches!(end, End::Exited(_));
            if kvm && !boot.evidence.spoke() && qemu::blames_kvm(&errors) {
                return Ok(None);
            }
            let errors = String::from_utf8_lossy(&errors).trim().to_owned();
            if by_itself && boot.evidence.silent() && !errors.is_empty() {
                return Err(setup(
                    format!("QEMU did not boot the machine: {errors}"),
                    "see the whole command line with --dry-run",
                ));
            }
            for line in errors.lines() {
                note(&format!("QEMU: {line}"));
            }
        }
        let verdict = boot.evidence.verdict(end, machine.clean_exit);
        if matches!(
            verdict,
            Verdict::NoOutput(_) | Verdict::Timeout(_) | Verdict::Unknown(_)
        ) {
            boot.show_hidden();
        }
        Ok(Some(Outcome::Verdict(verdict)))
    }

    fn line(&mut self, from: Stream, raw: &[u8]) -> Next {
        if from == Stream::Stderr {
            // QEMU then only halts the machine.
            let kvm_failed = raw.starts_with(b"KVM internal error");
            return if kvm_failed {
                Next::Finish(SOON)
            } else {
                Next::Go
            };
        }
        let line = Line::read(raw);
        let speaker = self.speakers.of(&line);
        self.evidence.see(&line, speaker);
        if self.options.raw {
            show(raw);
        } else if speaker == Speaker::Boot {
            self.hidden.push_back(line.bytes);
            if self.hidden.len() > TAIL {
                self.hidden.pop_front();
            }
        } else {
            show(&line.bytes);
        }
        self.evidence.complete().map_or(Next::Go, Next::Finish)
    }

    fn show_hidden(&mut self) {
        if self.hidden.is_empty() {
            return;
        }
        note("the last lines of the boot:");
        for line in self.hidden.drain(..) {
            eprintln!("    {}", String::from_utf8_lossy(&line));
        }
    }
}

fn given<'a>(path: Option<&'a Path>, what: &str, option: &str) -> Result<&'a Path, SetupError> {
    path.ok_or_else(|| {
        setup(
            format!("the boot engine needs {what}"),
            format!("name it with {option}; --help explains"),
        )
    })
}

/// The program, stripped, and the machine that it is for.
///
/// # Errors
///
/// It cannot be read, or is no program for one of Fuchsia's machines.
pub fn load_program(path: &Path) -> Result<(&'static Machine, Vec<u8>), SetupError> {
    let file = read(path, "PROGRAM")?;
    let bad = |error: &dyn std::fmt::Display| {
        setup(
            format!("{} cannot be run: {error}", path.display()),
            "give a program built for a Fuchsia target",
        )
    };
    let elf = elf::machine(&file).map_err(|error| bad(&error))?;
    let machine = machine::by_elf(elf).ok_or_else(|| {
        bad(&format!(
            "it is for ELF machine {elf}, which is no machine of Fuchsia's"
        ))
    })?;
    let program = elf::strip(&file).map_err(|error| bad(&error))?;
    Ok((machine, program))
}

/// `NAME=FILE`, or a file that keeps its name.
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
    let file = read(path, "--lib (FEMU_LIBS)")?;
    // The linker's input is several times as long as what is loaded.
    let data = elf::strip(&file).unwrap_or(file);
    Ok(File { name, data })
}

fn read(path: &Path, option: &str) -> Result<Vec<u8>, SetupError> {
    fs::read(path).map_err(|error| {
        setup(
            format!("{} cannot be read: {error}", path.display()),
            format!("look at what you gave as {option}"),
        )
    })
}

fn temporary(bytes: &[u8]) -> Result<tempfile::NamedTempFile, SetupError> {
    let mut file = tempfile::Builder::new()
        .prefix("femu-")
        .suffix(".zbi")
        .tempfile();
    if let Ok(file) = &mut file {
        file.write_all(bytes).map_err(|error| no_room(&error))?;
    }
    file.map_err(|error| no_room(&error))
}

fn no_room(error: &io::Error) -> SetupError {
    setup(
        format!("the boot image cannot be written to a temporary file: {error}"),
        "make room, or set TMPDIR",
    )
}

fn show(line: &[u8]) {
    let mut stdout = io::stdout().lock();
    // Who closed our output does not want it; the verdict is still to be found.
    let _ = stdout
        .write_all(line)
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
}

/// A line of the runner's own.
pub fn note(text: &str) {
    eprintln!("femu-runner: {text}");
}
