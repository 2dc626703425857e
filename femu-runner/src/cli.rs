//! The command line. Every option is also an environment variable, since cargo gives its
//! runner no options.

use clap::builder::FalseyValueParser;
use clap::{Parser, ValueEnum};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

const AFTER_HELP: &str = "\
Engines:
  boot  a Zircon kernel and a boot image (ZBI) in QEMU, without the SDK: FEMU_KERNEL, FEMU_ZBI
  ffx   the emulator of Fuchsia's SDK: FEMU_SDK or FUCHSIA_SDK_PATH, FEMU_BUNDLE
        (not yet run against a real ffx; --dry-run prints its calls)

The boot engine adds the program, less its debug information, to a copy of the image. The image
must hold what the program loads: lib/ld.so.1 and lib/libfdio.so, or name them with --lib.
Under userboot the program has no stdio before about 2021, and no arguments of its own.
The words of the kernel command line reach the program as environment variables: --env adds some.

Exit status:
  0  passed
  1  failed; or the program's own status (1 to 125) where the system reports it
  2  not run: the runner, the image or QEMU is not set up right
  3  crashed            4  kernel panic       5  no output
  6  timeout            7  ended, but nothing told how
  128+N  the runner was stopped by signal N

Example:
  export FEMU_KERNEL=multiboot.bin FEMU_ZBI=zircon.zbi
  cargo test --target x86_64-unknown-fuchsia
  femu-runner/run --raw --timeout 60 target/x86_64-unknown-fuchsia/debug/examples/poke --help";

/// cargo's runner for the Fuchsia targets: runs PROGRAM on Zircon in an emulator, streams its
/// output and ends with its outcome.
#[derive(Clone, Debug, Parser)]
#[command(name = "femu-runner", override_usage = "femu-runner [OPTIONS] PROGRAM [ARGS]...", after_help = AFTER_HELP, max_term_width = 100)]
pub struct Options {
    /// What runs the program [default: boot if a kernel and a ZBI are given, else ffx]
    #[arg(long, env = "FEMU_ENGINE")]
    pub engine: Option<Engine>,

    /// Seconds until a run is stopped
    #[arg(long, env = "FEMU_TIMEOUT", value_name = "SECONDS", default_value = "300",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub timeout: u64,

    /// Print the QEMU command line, or the ffx calls, and run nothing
    #[arg(long, env = "FEMU_DRY_RUN", value_parser = FalseyValueParser::new())]
    pub dry_run: bool,

    /// A library to put under lib/ (variable: separated by ':')
    #[arg(
        long = "lib",
        env = "FEMU_LIBS",
        value_name = "[NAME=]FILE",
        value_delimiter = ':'
    )]
    pub libs: Vec<String>,

    /// boot: the boot shim or kernel for QEMU's -kernel
    #[arg(
        long,
        env = "FEMU_KERNEL",
        value_name = "FILE",
        help_heading = "Engine boot"
    )]
    pub kernel: Option<PathBuf>,

    /// boot: the boot image; it is not changed
    #[arg(
        long,
        env = "FEMU_ZBI",
        value_name = "FILE",
        help_heading = "Engine boot"
    )]
    pub zbi: Option<PathBuf>,

    /// boot: the QEMU to start [default: qemu-system-* on PATH, by the program's architecture]
    #[arg(
        long,
        env = "FEMU_QEMU",
        value_name = "PROGRAM",
        help_heading = "Engine boot"
    )]
    pub qemu: Option<PathBuf>,

    /// boot: who starts the program [auto: bootsvc if the image holds bin/bootsvc]
    #[arg(
        long,
        env = "FEMU_START",
        default_value = "auto",
        help_heading = "Engine boot"
    )]
    pub start: StartOption,

    /// boot: more words for the kernel command line
    #[arg(
        long,
        env = "FEMU_APPEND",
        value_name = "WORDS",
        default_value = "",
        allow_hyphen_values = true,
        help_heading = "Engine boot"
    )]
    pub append: String,

    /// boot: an environment variable for the program (variable: separated by spaces)
    #[arg(
        long,
        env = "FEMU_ENV",
        value_name = "K=V",
        value_delimiter = ' ',
        help_heading = "Engine boot"
    )]
    pub env: Vec<String>,

    /// boot: print everything that the console says, as it is
    #[arg(long, env = "FEMU_RAW", value_parser = FalseyValueParser::new(), help_heading = "Engine boot")]
    pub raw: bool,

    /// boot: memory of the machine in MiB
    #[arg(
        long,
        env = "FEMU_MEMORY",
        value_name = "MIB",
        default_value_t = 2048,
        help_heading = "Engine boot"
    )]
    pub memory: u32,

    /// boot: processors of the machine
    #[arg(
        long,
        env = "FEMU_SMP",
        value_name = "N",
        default_value_t = 2,
        help_heading = "Engine boot"
    )]
    pub smp: u32,

    /// KVM, or emulation (tcg) [auto: KVM if /dev/kvm opens and the architecture is the host's]
    #[arg(long, env = "FEMU_ACCEL", default_value = "auto")]
    pub accel: Accel,

    /// The same as --accel tcg
    #[arg(long, env = "FEMU_NO_KVM", value_parser = FalseyValueParser::new())]
    pub no_kvm: bool,

    /// boot: QEMU's -cpu, in place of the one chosen
    #[arg(
        long,
        env = "FEMU_CPU",
        value_name = "MODEL",
        help_heading = "Engine boot"
    )]
    pub cpu: Option<String>,

    /// boot: also write the image that is booted to FILE
    #[arg(
        long,
        env = "FEMU_IMAGE",
        value_name = "FILE",
        help_heading = "Engine boot"
    )]
    pub image: Option<PathBuf>,

    /// ffx: the SDK's folder [default: FUCHSIA_SDK_PATH, or found from ffx on PATH]
    #[arg(
        long,
        env = "FEMU_SDK",
        value_name = "DIR",
        help_heading = "Engine ffx"
    )]
    pub sdk: Option<PathBuf>,

    /// ffx: the product bundle's folder or name
    #[arg(
        long,
        env = "FEMU_BUNDLE",
        value_name = "BUNDLE",
        help_heading = "Engine ffx"
    )]
    pub bundle: Option<String>,

    /// ffx: keep ffx's state here and the emulator running, and use it again; the path must be short
    #[arg(
        long,
        env = "FEMU_ISOLATE_DIR",
        value_name = "DIR",
        help_heading = "Engine ffx"
    )]
    pub isolate_dir: Option<PathBuf>,

    /// ffx: the API level to build the package for
    #[arg(
        long,
        env = "FEMU_API_LEVEL",
        value_name = "N",
        default_value = "HEAD",
        help_heading = "Engine ffx"
    )]
    pub api_level: String,

    /// The program, built for a Fuchsia target, and its arguments; options come before it
    #[arg(required = true, trailing_var_arg = true, value_name = "PROGRAM")]
    command: Vec<OsString>,
}

/// What runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// A kernel and a boot image in QEMU.
    Boot,
    /// The SDK's emulator.
    Ffx,
}

/// Who starts the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StartOption {
    /// bootsvc if the image has it.
    Auto,
    /// bootsvc gives it stdio, arguments and /boot.
    Bootsvc,
    /// It is the first user process.
    Userboot,
}

/// How the processor is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Accel {
    /// KVM where it works.
    Auto,
    /// The host's processor.
    Kvm,
    /// Emulation.
    Tcg,
}

impl Options {
    /// The program.
    pub fn program(&self) -> &Path {
        // clap has seen to it that there is one.
        Path::new(
            self.command
                .first()
                .map_or(OsStr::new(""), OsString::as_os_str),
        )
    }

    /// Its arguments.
    pub fn args(&self) -> &[OsString] {
        self.command.get(1..).unwrap_or_default()
    }

    /// The engine asked for, or the one whose parts are there.
    pub fn engine(&self) -> Engine {
        let boot = self.kernel.is_some() && self.zbi.is_some();
        self.engine
            .unwrap_or(if boot { Engine::Boot } else { Engine::Ffx })
    }

    /// How long a run may take.
    pub fn limit(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// `--no-kvm` counted in.
    pub fn accel(&self) -> Accel {
        if self.no_kvm { Accel::Tcg } else { self.accel }
    }
}
