//! Every call to the SDK's tools, as data.
//!
//! Written for SDK 20.20240412.3.1 and later, from Fuchsia's own documentation and from
//! rust-lang/rust's fuchsia-test-runner.py, which does the same. Not run against a real ffx.

/// The SDK that the calls were written for.
pub const VERSION: [u32; 4] = [20, 20_240_412, 3, 1];

/// One call. `{name}` stands for a value; an argument that is `{args}` alone for all of the
/// program's.
#[derive(Debug)]
pub struct Call {
    /// What it is for, in an error.
    pub step: &'static str,
    /// The tool and its arguments.
    pub argv: &'static [&'static str],
    /// What to do where it fails.
    pub advice: &'static str,
}

/// Says the SDK's version.
pub const ASK_VERSION: Call = Call {
    step: "asking ffx for its version",
    argv: &["{ffx}", "version"],
    advice: "name an SDK that has ffx with --sdk (FEMU_SDK)",
};

/// Lists emulators with their state.
pub const LIST: Call = Call {
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
    advice: "an SDK of April 2024 or later has `ffx --machine json emu list`",
};

/// Ends an emulator; also one that died and blocks its name.
pub const STOP: Call = Call {
    step: "stopping the emulator",
    argv: &[
        "{ffx}",
        "--isolate-dir",
        "{isolate}",
        "emu",
        "stop",
        "{emulator}",
    ],
    advice: "stop it with `ffx emu stop`",
};

/// Before anything else.
pub const PREPARE: [Call; 2] = [
    Call {
        step: "turning analytics off",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "config",
            "analytics",
            "disable",
        ],
        advice: "is FEMU_ISOLATE_DIR a folder that can be written, with a short path?",
    },
    Call {
        step: "telling ffx where the SDK is",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "config",
            "set",
            "sdk.root",
            "{sdk}",
        ],
        advice: "name the SDK's folder with --sdk (FEMU_SDK)",
    },
];

/// Starts the emulator.
pub const START: Call = Call {
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
        "kernel.enable-debugging-syscalls=true",
    ],
    advice: "does the bundle fit the SDK (ffx product download), and is an ssh client there? without KVM: --accel tcg",
};

/// Packs and publishes the program.
pub const PUBLISH: [Call; 6] = [
    Call {
        step: "making a package repository",
        argv: &[
            "{ffx}",
            "--isolate-dir",
            "{isolate}",
            "repository",
            "create",
            "{work}/repository",
        ],
        advice: "an SDK of April 2024 or later has `ffx repository create`",
    },
    Call {
        step: "serving the repository",
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
        advice: "an SDK of late 2024 or later has `ffx repository server start --background`",
    },
    Call {
        step: "telling the emulator of the repository",
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
        advice: "is the emulator up (ffx target list)?",
    },
    Call {
        step: "compiling the component's manifest",
        argv: &[
            "{cmc}",
            "compile",
            "{work}/component.cml",
            "--output",
            "{work}/{package}.cm",
        ],
        advice: "the SDK has cmc beside ffx",
    },
    Call {
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
        advice: "an API level that the SDK knows goes in --api-level (FEMU_API_LEVEL)",
    },
    Call {
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
        advice: "look at what ffx says above",
    },
];

/// Runs the program. Its exit status is not looked at: the summary tells.
pub const TEST: Call = Call {
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
    advice: "is the emulator up (ffx target list)?",
};

/// Ends the package server.
pub const STOP_SERVER: Call = Call {
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
    advice: "stop it with `ffx repository server stop`",
};
