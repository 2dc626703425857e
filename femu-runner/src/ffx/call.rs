//! All calls of the SDK's tools, ffx and cmc.
//!
//! **They have not been run with a real ffx.** They follow Fuchsia's sources. Each function names the
//! file that defines the call (`args.rs`), or that uses all its parts if the definition is not public for
//! that year. The paths are below `src/developer/ffx/` unless they start with another top directory. The
//! years are those of the versions that were read:
//!
//! | Year | Repository |
//! |---|---|
//! | 2023 | gnoliyil/fuchsia |
//! | 2024 | misttech/mist-os (2024 and early 2025) |
//! | 2026 | misttech/fuchsia (2025 and 2026) |
//!
//! "2023: no" means that the version of 2023 refuses the call.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The time limit of most calls.
const LIMIT: Duration = Duration::from_secs(120);
/// The time that ffx gives an emulator to start, which takes about a minute without KVM.
const START_TIME: Duration = Duration::from_secs(300);
/// ffx waits that long twice, for the ports and for an answer, and copies the images before
/// (`plugins/emulator/engines/src/qemu_based/mod.rs`: 2024, 2026).
const START_LIMIT: Duration = Duration::from_secs(2 * 300 + 60);
/// `test run` needs up to 10 s after its time limit (`test.timeout_grace_seconds`), and does not count the
/// time for the start of the test (`src/sys/run_test_suite/src/running_suite.rs`: 2023, 2024, 2026).
const TEST_GRACE: Duration = Duration::from_secs(20);

/// The name of the emulator instance and of the package repository.
pub const NAME: &str = "femu-runner";

/// A call of a tool.
#[derive(Debug)]
pub struct Call {
    /// The purpose, for messages: "starting the emulator".
    pub purpose: &'static str,
    /// The tool and its arguments.
    pub argv: Vec<OsString>,
    /// A hint, if the call fails.
    pub hint: &'static str,
    /// The time limit.
    pub limit: Duration,
}

impl Call {
    fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.argv.push(argument.into());
        self
    }

    fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.argv.extend(arguments.into_iter().map(Into::into));
        self
    }
}

/// The addresses on which a package server can listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// All addresses. The emulator connects to the host's address.
    Any {
        /// IPv6 and IPv4, or IPv4 alone.
        ipv6: bool,
    },
    /// The loopback address. The server makes a tunnel to the emulator and registers itself.
    Tunnel,
}

/// The options of `emu start`.
#[derive(Debug)]
pub struct EmulatorOptions<'a> {
    pub bundle: &'a Path,
    /// `femu`, `qemu` or `crosvm`. `None` leaves the choice to ffx.
    pub engine: Option<&'a str>,
    /// `auto`, `hyper` or `none`.
    pub accel: &'a str,
    pub log: &'a Path,
    pub debugging_syscalls: bool,
}

/// The options of `test run`.
#[derive(Debug)]
pub struct TestOptions<'a> {
    pub package: &'a str,
    pub output: &'a Path,
    pub limit: Duration,
    pub realm: Option<&'a str>,
    pub args: &'a [OsString],
}

/// Makes the calls.
#[derive(Debug)]
pub struct Calls {
    /// The path of ffx.
    pub ffx: PathBuf,
    /// The path of cmc.
    pub cmc: PathBuf,
    /// The absolute path of the directory with ffx's state.
    pub isolate_dir: PathBuf,
}

impl Calls {
    /// `command/src/ffx.rs`: 2023, 2024, 2026. The first word without a dash ends ffx's own options.
    fn ffx(&self, purpose: &'static str, words: &[&str], hint: &'static str) -> Call {
        let call = Call {
            purpose,
            argv: vec![self.ffx.clone().into()],
            hint,
            limit: LIMIT,
        };
        call.arg("--isolate-dir").arg(&self.isolate_dir).args(words)
    }

    /// Prints the version. `plugins/version/src/serialization.rs`: 2023, 2024, 2026.
    pub fn version(&self) -> Call {
        self.ffx(
            "querying the version of ffx",
            &["--machine", "json", "version"],
            "give the directory of an SDK that contains ffx with --sdk (FEMU_SDK)",
        )
    }

    /// Prints the options of `repository server start`, among which the runner looks for
    /// `--background`. `plugins/repository/server/start/src/args.rs`: 2023 (without the option), 2024,
    /// 2026.
    pub fn server_help(&self) -> Call {
        self.ffx(
            "querying the options of the package server",
            &["repository", "server", "start", "--help"],
            "check that the SDK is complete",
        )
    }

    /// Sets a value of ffx's configuration. `plugins/config/src/args.rs`: 2023, 2024, 2026 (since 2026
    /// without `--level`).
    pub fn configure(&self, key: &str, value: impl Into<OsString>) -> Call {
        self.ffx(
            "configuring ffx",
            &["config", "set", key],
            "check --ffx-config (FEMU_FFX_CONFIG), and that FEMU_ISOLATE_DIR is a writable directory",
        )
        .arg(value)
    }

    /// Lists the emulators with their states. `plugins/emulator/commands/list/src/args.rs`: 2023;
    /// `plugins/emulator/commands/list/src/lib.rs`: 2024, 2026.
    pub fn list_emulators(&self) -> Call {
        self.ffx(
            "listing the emulators",
            &["--machine", "json", "emu", "list"],
            "check that FEMU_ISOLATE_DIR is a directory of this SDK's ffx",
        )
    }

    /// Stops the emulator, or removes a dead one. `plugins/emulator/commands/stop/src/args.rs`: 2023;
    /// `plugins/emulator/commands/stop/src/lib.rs`: 2024, 2026.
    pub fn stop_emulator(&self) -> Call {
        self.ffx(
            "stopping the emulator",
            &["emu", "stop", NAME],
            "remove the directory that is given as --isolate-dir (FEMU_ISOLATE_DIR)",
        )
    }

    /// Starts the emulator. `plugins/emulator/commands/start/src/args.rs`: 2023, 2024, 2026. It returns
    /// when the emulator answers; the emulator stays in the call's process group until 2025
    /// (`plugins/emulator/engines/src/qemu_based/mod.rs`).
    pub fn start_emulator(&self, options: &EmulatorOptions<'_>) -> Call {
        let call = self
            .ffx(
                "starting the emulator",
                &["emu", "start"],
                "check that the product bundle is for this SDK, and that ssh is installed; without \
                 KVM, use --accel tcg; FEMU_EMU_ENGINE=qemu selects QEMU",
            )
            .arg(options.bundle)
            .args(["--name", NAME, "--headless", "--net", "user"])
            .args(["--accel", options.accel, "--startup-timeout"])
            .arg(START_TIME.as_secs().to_string())
            .arg("--log")
            .arg(options.log)
            .arg("--kernel-args")
            .arg(format!(
                "kernel.enable-debugging-syscalls={}",
                options.debugging_syscalls
            ));
        let call = match options.engine {
            Some(engine) => call.args(["--engine", engine]),
            None => call,
        };
        Call {
            limit: START_LIMIT,
            ..call
        }
    }

    /// Creates a package repository. `src/sys/pkg/lib/package-tool/src/args.rs`: 2023, 2024;
    /// `plugins/repository/create/src/lib.rs`: 2026.
    pub fn create_repository(&self, directory: &Path) -> Call {
        self.ffx(
            "creating the package repository",
            &["repository", "create"],
            "check the messages of ffx",
        )
        .arg(directory)
    }

    /// Lists the package servers with their process IDs.
    /// `plugins/repository/server/list/src/args.rs`: 2023: no, 2024, 2026.
    pub fn list_servers(&self) -> Call {
        self.ffx(
            "listing the package servers",
            &["--machine", "json", "repository", "server", "list"],
            "check the messages of ffx",
        )
    }

    /// Stops the package server, and returns before it has ended. It fails if only other servers run.
    /// `plugins/repository/server/stop/src/args.rs`: 2023: no, 2024;
    /// `plugins/repository/server/stop/src/lib.rs`: 2026.
    pub fn stop_server(&self) -> Call {
        self.ffx(
            "stopping the package server",
            &["repository", "server", "stop", NAME],
            "remove the directory that is given as --isolate-dir (FEMU_ISOLATE_DIR)",
        )
    }

    /// Starts the package server in the background, and returns when it listens.
    /// `plugins/repository/server/start/src/args.rs`: 2023: no, 2024, 2026.
    pub fn start_server(&self, repository: &Path, address: ServerAddress) -> Call {
        let start = ["repository", "server", "start", "--background", "--address"];
        let words = match address {
            ServerAddress::Any { ipv6: true } => [&[][..], &start, &["[::]:0", "--no-device"]],
            ServerAddress::Any { ipv6: false } => [&[][..], &start, &["0.0.0.0:0", "--no-device"]],
            ServerAddress::Tunnel => [&["--target", NAME][..], &start, &["127.0.0.1:0"]],
        };
        self.ffx(
            "starting the package server",
            &words.concat(),
            "the last lines of the server's log precede this message, if there is a log",
        )
        .args(["--repository", NAME, "--repo-path"])
        .arg(repository)
    }

    /// Registers the repository with the emulator.
    /// `plugins/target/repository/register/src/args.rs`: 2023, 2024, 2026. In 2025 and later it refuses
    /// a server on a loopback address (`lib/pkg/src/repo.rs`, `create_repo_host`).
    pub fn register(&self) -> Call {
        let words = [
            "--target",
            NAME,
            "target",
            "repository",
            "register",
            "--repository",
            NAME,
        ];
        self.ffx(
            "registering the repository with the emulator",
            &words,
            "the emulator does not answer, or has no network",
        )
    }

    /// Lists the repositories that are registered with the emulator.
    /// `plugins/target/repository/list/src/lib.rs`: 2024, 2026.
    pub fn list_registrations(&self) -> Call {
        let words = [
            "--target",
            NAME,
            "--machine",
            "json",
            "target",
            "repository",
            "list",
        ];
        self.ffx(
            "waiting for the registration of the repository",
            &words,
            "the emulator does not answer, or has no network",
        )
    }

    /// Compiles a component manifest. `tools/cmc/src/opts.rs`: 2023, 2024, 2026.
    pub fn compile_manifest(&self, source: &Path, output: &Path) -> Call {
        let call = Call {
            purpose: "compiling the component manifest",
            argv: vec![self.cmc.clone().into()],
            hint: "check that cmc is from the same SDK as ffx",
            limit: LIMIT,
        };
        call.arg("compile").arg(source).arg("--output").arg(output)
    }

    /// Builds a package. `src/sys/pkg/lib/package-tool/src/args.rs`: 2023 (a number as the level), 2024;
    /// `src/sys/pkg/lib/package-tool/src/package_build.rs`: 2026.
    pub fn build_package(&self, manifest: &Path, output: &Path, level: &str, name: &str) -> Call {
        self.ffx(
            "building the package",
            &["package", "build"],
            "give an API level of this SDK with --api-level (FEMU_API_LEVEL)",
        )
        .arg(manifest)
        .arg("-o")
        .arg(output)
        .args(["--api-level", level, "--published-name", name])
    }

    /// Publishes a package. `src/sys/pkg/lib/package-tool/src/args.rs`: 2023, 2024;
    /// `plugins/repository/publish/src/lib.rs`: 2026.
    pub fn publish_package(&self, manifest: &Path, repository: &Path) -> Call {
        self.ffx(
            "publishing the package",
            &["repository", "publish", "--package"],
            "check the messages of ffx",
        )
        .arg(manifest)
        .arg(repository)
    }

    /// Runs the program as a test. `plugins/test/src/args.rs`: 2023, 2024, 2026. Arguments with a dash
    /// must follow `--`.
    pub fn test(&self, options: &TestOptions<'_>) -> Call {
        let call = self
            .ffx(
                "running the test",
                &["--target", NAME, "test", "run"],
                "the emulator does not answer, or has no network",
            )
            .arg(url(options.package))
            .arg("--output-directory")
            .arg(options.output)
            .args(["--timeout", &options.limit.as_secs().to_string()]);
        let call = match options.realm {
            Some(realm) => call.args(["--realm", realm]),
            None => call,
        };
        Call {
            limit: options.limit + TEST_GRACE,
            ..call.arg("--").args(options.args)
        }
    }

    /// Stops ffx's daemon. It succeeds if there is none. `plugins/daemon/stop/src/lib.rs`: 2023, 2024,
    /// 2026.
    pub fn stop_daemon(&self) -> Call {
        self.ffx("stopping ffx's daemon", &["daemon", "stop"], "")
    }
}

/// The URL of the component in the package.
pub fn url(package: &str) -> String {
    format!("fuchsia-pkg://{NAME}/{package}#meta/{package}.cm")
}
