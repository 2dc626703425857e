//! All commands for the SDK's tools, as data.
//!
//! They are for SDK 20.20240412.3.1 and later. Sources: Fuchsia's documentation, and
//! `fuchsia-test-runner.py` in rust-lang/rust. They have not been run with a real ffx.

/// The oldest SDK version that the commands are for.
pub const SUPPORTED_VERSION: [u32; 4] = [20, 20_240_412, 3, 1];

/// A command with placeholders. `{args}`, as a complete argument, is replaced by all arguments of
/// the program; any other `{name}` by one value.
#[derive(Debug)]
pub struct CommandTemplate {
    /// The step, for error messages.
    pub step: &'static str,
    /// The tool and its arguments.
    pub argv: &'static [&'static str],
    /// A hint, if the command fails.
    pub hint: &'static str,
}

/// Prints the SDK version.
pub const VERSION: CommandTemplate = CommandTemplate {
    step: "querying the version of ffx",
    argv: &["{ffx}", "version"],
    hint: "give the directory of an SDK that contains ffx with --sdk (FEMU_SDK)",
};

/// Lists the emulators with their states.
pub const LIST_EMULATORS: CommandTemplate = CommandTemplate {
    step: "listing the emulators",
    argv: &[
        "{ffx}",
        "--isolate-dir",
        "{isolate}",
        "--machine",
        "json",
        "emu",
        "list",
    ],
    hint: "`ffx --machine json emu list` requires an SDK of April 2024 or later",
};

/// Stops the emulator. Also removes a dead emulator, which still occupies its name.
pub const STOP_EMULATOR: CommandTemplate = CommandTemplate {
    step: "stopping the emulator",
    argv: &[
        "{ffx}",
        "--isolate-dir",
        "{isolate}",
        "emu",
        "stop",
        "{emulator}",
    ],
    hint: "run `ffx emu stop`",
};

/// Configures ffx for this run.
pub const CONFIGURE: [CommandTemplate; 2] = [
    CommandTemplate {
        step: "disabling analytics",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "config",
            "analytics",
            "disable",
        ],
        hint: "check that FEMU_ISOLATE_DIR is a writable directory with a short path",
    },
    CommandTemplate {
        step: "setting the SDK directory",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "config",
            "set",
            "sdk.root",
            "{sdk}",
        ],
        hint: "give the SDK directory with --sdk (FEMU_SDK)",
    },
];

/// Starts the emulator.
pub const START_EMULATOR: CommandTemplate = CommandTemplate {
    step: "starting the emulator",
    argv: &[
        "{ffx}",
        "--isolate-dir",
        "{isolate}",
        "emu",
        "start",
        "{bundle}",
        "--name",
        "{emulator}",
        "--headless",
        "--net",
        "user",
        "--accel",
        "{accel}",
        "--startup-timeout",
        "{seconds}",
        "--log",
        "{work}/emulator.log",
        "--kernel-args",
        "kernel.enable-debugging-syscalls={debugging_syscalls}",
    ],
    hint: "check that the product bundle is for this SDK (`ffx product download`) and that ssh is installed; without KVM, use --accel tcg",
};

/// Packages and publishes the program.
pub const PUBLISH: [CommandTemplate; 6] = [
    CommandTemplate {
        step: "creating the package repository",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "repository",
            "create",
            "{work}/repository",
        ],
        hint: "`ffx repository create` requires an SDK of April 2024 or later",
    },
    CommandTemplate {
        step: "starting the package server",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "repository",
            "server",
            "start",
            "--background",
            "--address",
            "127.0.0.1:0",
            "--repo-path",
            "{work}/repository",
            "--repository",
            "{repository}",
        ],
        hint: "`ffx repository server start --background` requires an SDK of late 2024 or later",
    },
    CommandTemplate {
        step: "registering the repository with the emulator",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "--target",
            "{emulator}",
            "target",
            "repository",
            "register",
            "--repository",
            "{repository}",
        ],
        hint: "check that the emulator is running (`ffx target list`)",
    },
    CommandTemplate {
        step: "compiling the component manifest",
        argv: &[
            "{cmc}",
            "compile",
            "{work}/component.cml",
            "--output",
            "{work}/{package}.cm",
        ],
        hint: "check that cmc is from the same SDK as ffx",
    },
    CommandTemplate {
        step: "building the package",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "package",
            "build",
            "{work}/package.manifest",
            "-o",
            "{work}/package",
            "--api-level",
            "{api_level}",
            "--published-name",
            "{package}",
        ],
        hint: "give an API level of this SDK with --api-level (FEMU_API_LEVEL)",
    },
    CommandTemplate {
        step: "publishing the package",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "repository",
            "publish",
            "--package",
            "{work}/package/package_manifest.json",
            "{work}/repository",
        ],
        hint: "check the output of ffx",
    },
];

/// Runs the program. The exit status of this command is ignored; `run_summary.json` contains the
/// result.
pub const TEST: CommandTemplate = CommandTemplate {
    step: "running the test",
    argv: &[
        "{ffx}",
        "--isolate-dir",
        "{isolate}",
        "--target",
        "{emulator}",
        "test",
        "run",
        "fuchsia-pkg://{repository}/{package}#meta/{package}.cm",
        "--output-directory",
        "{work}/result",
        "--",
        "{args}",
    ],
    hint: "check that the emulator is running (`ffx target list`)",
};

/// Stops the package server.
pub const STOP_SERVER: CommandTemplate = CommandTemplate {
    step: "stopping the package server",
    argv: &[
        "{ffx}",
        "--isolate-dir",
        "{isolate}",
        "repository",
        "server",
        "stop",
        "{repository}",
    ],
    hint: "run `ffx repository server stop`",
};
