//! Where the SDK is, and what of it is needed.

use crate::machine::Machine;
use crate::setup::{SetupError, setup};
use std::env;
use std::path::{Path, PathBuf};

/// The SDK's parts.
#[derive(Debug)]
pub struct Sdk {
    /// Its folder.
    pub root: PathBuf,
    /// The tool for everything.
    pub ffx: PathBuf,
    /// The compiler for component manifests.
    pub cmc: PathBuf,
}

/// Finds the SDK: the folder asked for, FUCHSIA_SDK_PATH, or the one that holds the `ffx` on
/// PATH.
///
/// # Errors
///
/// There is none, or it lacks a tool.
pub fn find(asked: Option<&Path>) -> Result<Sdk, SetupError> {
    let variable = || {
        env::var_os("FUCHSIA_SDK_PATH")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    let on_path = || {
        let ffx = tool(None, "ffx")?.canonicalize().ok()?;
        let root = ffx
            .ancestors()
            .find(|folder| folder.join("meta/manifest.json").is_file());
        Some(root.or(ffx.parent())?.to_owned())
    };
    let root = asked.map(Path::to_owned).or_else(variable).or_else(on_path).ok_or_else(|| {
        setup(
            "the ffx engine found no Fuchsia SDK",
            "name its folder with --sdk (FEMU_SDK or FUCHSIA_SDK_PATH); or give a kernel and a boot \
             image for the boot engine (FEMU_KERNEL, FEMU_ZBI)",
        )
    })?;
    let find = |name: &str| {
        tool(Some(&root), name).ok_or_else(|| {
            setup(
                format!("{name} is neither in {} nor on PATH", root.display()),
                "name the folder of a whole SDK with --sdk (FEMU_SDK)",
            )
        })
    };
    Ok(Sdk {
        ffx: find("ffx")?,
        cmc: find("cmc")?,
        root,
    })
}

fn tool(root: Option<&Path>, name: &str) -> Option<PathBuf> {
    let host = match env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let own = root.map(|root| {
        [
            root.join("tools").join(host).join(name),
            root.join("tools").join(name),
        ]
    });
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|folder| folder.join(name));
    own.into_iter()
        .flatten()
        .chain(on_path)
        .find(|file| file.is_file())
}

impl Sdk {
    /// The dynamic linker and libfdio, as `lib/NAME` and file. An SDK has them where its
    /// `arch` folder says.
    ///
    /// # Errors
    ///
    /// One is missing.
    pub fn libraries(&self, machine: &Machine) -> Result<Vec<(String, PathBuf)>, SetupError> {
        let arch = self.root.join("arch").join(machine.sdk_name);
        let places: [(&str, &[&str]); 2] = [
            ("lib/ld.so.1", &["sysroot/dist/lib/ld.so.1"]),
            ("lib/libfdio.so", &["dist/libfdio.so", "lib/libfdio.so"]),
        ];
        let find = |(name, files): (&str, &[&str])| {
            let file = files
                .iter()
                .map(|file| arch.join(file))
                .find(|file| file.is_file());
            let file = file.ok_or_else(|| {
                setup(
                    format!("{} holds no {}", arch.display(), files[0]),
                    "name the folder of a whole SDK with --sdk (FEMU_SDK)",
                )
            })?;
            Ok((name.to_owned(), file))
        };
        places.into_iter().map(find).collect()
    }
}
