//! The command line. Each option is also an environment variable, because cargo passes no
//! options to its runner.

use crate::setup_error::SetupError;
use clap::builder::FalseyValueParser;
use clap::{Parser, ValueEnum};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

const AFTER_HELP: &str = "\
Engines:
  boot  boots a Zircon kernel and a boot image (ZBI) in QEMU; requires FEMU_KERNEL and FEMU_ZBI,
        and no SDK
  ffx   runs the program in the emulator of Fuchsia's SDK; requires FEMU_SDK or FUCHSIA_SDK_PATH,
        and FEMU_BUNDLE (tested only against a fake ffx; --dry-run prints the ffx calls)

The boot engine strips the program and adds it to a copy of the boot image. The image must contain
the libraries that the program loads: lib/ld.so.1 and lib/libfdio.so for a Rust program with std.
--lib adds missing ones.
Until April 2021 at least, userboot gives the program neither stdio nor arguments.
The boot engine puts --env variables on the kernel command line, which userboot and most versions of
bootsvc copy into the program's environment.

Exit status:
  0      passed
  1      failed; or the program's own exit status, if it is 1 to 125 and the system prints it
  2      not run: error in the options, the boot image, QEMU, the SDK or the emulator
  3      crashed
  4      kernel panic
  5      no output
  6      timeout
  7      ended, but the result is unknown
  128+N  the runner received signal N

Example:
  export FEMU_KERNEL=multiboot.bin FEMU_ZBI=zircon.zbi
  cargo test --target x86_64-unknown-fuchsia
  femu-runner --raw --timeout 60 target/x86_64-unknown-fuchsia/debug/hello --verbose";

/// Runs PROGRAM on Zircon in an emulator, prints its output and reports the result as an exit
/// status. A cargo runner for the Fuchsia targets.
#[derive(Clone, Debug, Parser)]
#[allow(clippy::struct_excessive_bools)] // Each one is an option of the command line.
#[command(name = "femu-runner", version, override_usage = "femu-runner [OPTIONS] PROGRAM [ARGS]...", after_help = AFTER_HELP, max_term_width = 100)]
pub struct Options {
    /// Engine that runs the program [default: boot if FEMU_KERNEL or FEMU_ZBI is set, else ffx]
    #[arg(long, env = "FEMU_ENGINE")]
    pub engine: Option<Engine>,

    /// Time limit for the machine, or for the test in the emulator
    #[arg(long, env = "FEMU_TIMEOUT", value_name = "SECONDS", default_value = "300",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,

    /// Print the QEMU command line, or the ffx commands, and do not run them
    #[arg(long, env = "FEMU_DRY_RUN", value_parser = FalseyValueParser::new())]
    pub dry_run: bool,

    /// Set kernel.enable-debugging-syscalls=false; by default it is true
    #[arg(long, env = "FEMU_NO_DEBUGGING_SYSCALLS", value_parser = FalseyValueParser::new())]
    no_debugging_syscalls: bool,

    /// Library to add as lib/NAME; repeatable [env: FEMU_LIBS, separated by ':']
    #[arg(long = "lib", value_name = "[NAME=]FILE")]
    libs: Vec<String>,

    /// Environment variable for the program; repeatable [env: FEMU_ENV, separated by spaces]
    #[arg(long = "env", value_name = "NAME=VALUE")]
    env: Vec<String>,

    /// Also print the boot log (boot engine: the complete console, unmodified), or ffx's report
    #[arg(long, env = "FEMU_RAW", value_parser = FalseyValueParser::new())]
    pub raw: bool,

    /// Kernel or boot shim for QEMU's -kernel, such as multiboot.bin
    #[arg(
        long,
        env = "FEMU_KERNEL",
        value_name = "FILE",
        help_heading = "Boot engine"
    )]
    pub kernel: Option<PathBuf>,

    /// Boot image (ZBI); the file is not modified
    #[arg(
        long,
        env = "FEMU_ZBI",
        value_name = "FILE",
        help_heading = "Boot engine"
    )]
    pub zbi: Option<PathBuf>,

    /// QEMU binary [default: qemu-system-* on PATH, for the program's architecture]
    #[arg(
        long,
        env = "FEMU_QEMU",
        value_name = "PROGRAM",
        help_heading = "Boot engine"
    )]
    pub qemu: Option<PathBuf>,

    /// Process that starts the program [auto: bootsvc if the image contains bin/bootsvc]
    #[arg(
        long,
        env = "FEMU_START",
        default_value = "auto",
        help_heading = "Boot engine"
    )]
    pub start: LauncherOption,

    /// Additional kernel command-line options, separated by spaces
    #[arg(
        long,
        env = "FEMU_APPEND",
        value_name = "OPTIONS",
        default_value = "",
        allow_hyphen_values = true,
        help_heading = "Boot engine"
    )]
    pub append: String,

    /// Memory of the machine in MiB
    #[arg(
        long,
        env = "FEMU_MEMORY",
        value_name = "MIB",
        default_value_t = 2048,
        value_parser = clap::value_parser!(u32).range(16..),
        help_heading = "Boot engine"
    )]
    pub memory: u32,

    /// Number of CPUs of the machine
    #[arg(
        long,
        env = "FEMU_SMP",
        value_name = "N",
        default_value_t = 2,
        value_parser = clap::value_parser!(u32).range(1..),
        help_heading = "Boot engine"
    )]
    pub smp: u32,

    /// Accelerator [auto: KVM if /dev/kvm opens and the program is for the host's architecture]
    #[arg(long, env = "FEMU_ACCEL", default_value = "auto")]
    pub accel: Accel,

    /// CPU model for QEMU's -cpu [default: by architecture and accelerator]
    #[arg(
        long,
        env = "FEMU_CPU",
        value_name = "MODEL",
        help_heading = "Boot engine"
    )]
    pub cpu: Option<String>,

    /// Also write the boot image with the program to FILE
    #[arg(
        long,
        env = "FEMU_IMAGE",
        value_name = "FILE",
        help_heading = "Boot engine"
    )]
    pub image: Option<PathBuf>,

    /// SDK directory [default: FUCHSIA_SDK_PATH, or the SDK of the ffx on PATH]
    #[arg(
        long,
        env = "FEMU_SDK",
        value_name = "DIR",
        help_heading = "Ffx engine"
    )]
    pub sdk: Option<PathBuf>,

    /// Product bundle: a directory with product_bundle.json
    #[arg(
        long,
        env = "FEMU_BUNDLE",
        value_name = "DIR",
        help_heading = "Ffx engine"
    )]
    pub bundle: Option<PathBuf>,

    /// Keep ffx's state in DIR and the emulator running, for the next run; DIR must be a short path
    #[arg(
        long,
        env = "FEMU_ISOLATE_DIR",
        value_name = "DIR",
        help_heading = "Ffx engine"
    )]
    pub isolate_dir: Option<PathBuf>,

    /// Value of ffx's configuration for `ffx config set`; repeatable [env: FEMU_FFX_CONFIG, separated
    /// by spaces]
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Ffx engine")]
    ffx_config: Vec<String>,

    /// Engine of the emulator, for `ffx emu start --engine`: femu, qemu or crosvm
    /// [default: ffx's own; qemu if the SDK has no `aemu_internal`]
    #[arg(
        long,
        env = "FEMU_EMU_ENGINE",
        value_name = "ENGINE",
        help_heading = "Ffx engine"
    )]
    pub emu_engine: Option<String>,

    /// Realm that runs the test, such as /core/testing:system-tests [default: a hermetic realm]
    #[arg(
        long,
        env = "FEMU_REALM",
        value_name = "REALM",
        help_heading = "Ffx engine"
    )]
    pub realm: Option<String>,

    /// Test runner of the component manifest
    #[arg(
        long,
        env = "FEMU_TEST_RUNNER",
        value_name = "NAME",
        default_value = "elf_test_runner",
        help_heading = "Ffx engine"
    )]
    pub test_runner: String,

    /// API level of the package: a number, HEAD, NEXT or PLATFORM [default: the SDK's own number]
    #[arg(
        long,
        env = "FEMU_API_LEVEL",
        value_name = "LEVEL",
        help_heading = "Ffx engine"
    )]
    pub api_level: Option<String>,

    /// Program for a Fuchsia target, and its arguments; the runner's options precede it
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

/// Engine that runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A kernel and a boot image in QEMU
    Boot,
    /// The emulator of Fuchsia's SDK
    Ffx,
}

/// Process that starts the program, as given on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LauncherOption {
    /// bootsvc if the image contains it, else userboot
    Auto,
    /// bootsvc, which gives the program stdio, arguments and /boot
    Bootsvc,
    /// userboot; the program is the first process after it
    Userboot,
}

/// A library to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// The name in the directory `lib`.
    pub name: String,
    /// The file.
    pub file: PathBuf,
}

impl Library {
    fn parse(text: &str) -> Result<Self, SetupError> {
        let file_name = text.rsplit('/').next().unwrap_or(text);
        // A path can contain `=`.
        let (name, file) = match text.split_once('=') {
            Some((name, file)) if !name.starts_with(['/', '.']) => {
                (name.strip_prefix("lib/").unwrap_or(name), file)
            }
            _ => (file_name, text),
        };
        let is_component = |component: &str| !matches!(component, "" | "." | "..");
        if file.is_empty() || !name.split('/').all(is_component) {
            return Err(SetupError::new(
                format!("{text:?} is not a library"),
                "give FILE or NAME=FILE with --lib (FEMU_LIBS)",
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            file: PathBuf::from(file),
        })
    }
}

/// Accelerator of the emulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Accel {
    /// KVM if it works, else TCG
    Auto,
    /// KVM
    Kvm,
    /// TCG, QEMU's emulation
    Tcg,
}

impl Options {
    /// The path of the program.
    pub fn program(&self) -> &Path {
        // `required = true`: `command` is not empty.
        Path::new(
            self.command
                .first()
                .map_or(OsStr::new(""), OsString::as_os_str),
        )
    }

    /// The arguments of the program.
    pub fn args(&self) -> &[OsString] {
        self.command.get(1..).unwrap_or_default()
    }

    /// The libraries to add. A file without a name keeps its own.
    ///
    /// # Errors
    ///
    /// The first one whose name is not a relative path.
    pub fn libs(&self) -> Result<Vec<Library>, SetupError> {
        let libs = list(&self.libs, "FEMU_LIBS", ':');
        libs.into_iter().map(|lib| Library::parse(&lib)).collect()
    }

    /// The environment variables for the program: names and values.
    ///
    /// # Errors
    ///
    /// The first one without a name.
    pub fn env(&self) -> Result<Vec<(String, String)>, SetupError> {
        pairs(
            list(&self.env, "FEMU_ENV", ' '),
            "an environment variable",
            "NAME=VALUE with --env (FEMU_ENV)",
        )
    }

    /// Keys and values for ffx's configuration.
    ///
    /// # Errors
    ///
    /// The first one without a key.
    pub fn ffx_config(&self) -> Result<Vec<(String, String)>, SetupError> {
        let usage = "KEY=VALUE with --ffx-config (FEMU_FFX_CONFIG)";
        pairs(
            list(&self.ffx_config, "FEMU_FFX_CONFIG", ' '),
            "a value of ffx's configuration",
            usage,
        )
    }

    /// The engine that was given. Otherwise boot if one of its two files was given, else ffx.
    pub fn engine(&self) -> Engine {
        let boot = self.kernel.is_some() || self.zbi.is_some();
        self.engine
            .unwrap_or(if boot { Engine::Boot } else { Engine::Ffx })
    }

    /// The value of `kernel.enable-debugging-syscalls`.
    pub fn debugging_syscalls(&self) -> bool {
        !self.no_debugging_syscalls
    }

    /// The time limit for the run.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// The values of a repeatable option, or else those of its variable. clap would split both.
fn list(option: &[String], variable: &str, separator: char) -> Vec<String> {
    if !option.is_empty() {
        return option.to_vec();
    }
    let value = env::var(variable).unwrap_or_default();
    let values = value.split(separator).filter(|value| !value.is_empty());
    values.map(str::to_owned).collect()
}

/// Splits texts of the form `NAME=VALUE`.
fn pairs(
    texts: Vec<String>,
    meaning: &str,
    usage: &str,
) -> Result<Vec<(String, String)>, SetupError> {
    let pair = |text: String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(SetupError::new(
            format!("{text:?} is not {meaning}"),
            format!("give {usage}"),
        )),
    };
    texts.into_iter().map(pair).collect()
}
