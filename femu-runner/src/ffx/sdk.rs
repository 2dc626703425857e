//! Finds the SDK, its tools and its libraries.

use crate::architecture::Architecture;
use crate::setup_error::SetupError;
use serde_json::Value;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

const INCOMPLETE_SDK_HINT: &str = "give the directory of a complete SDK with --sdk (FEMU_SDK)";

/// The SDK and its tools.
#[derive(Debug)]
pub struct Sdk {
    /// The SDK directory.
    pub root: PathBuf,
    /// The path of ffx.
    pub ffx: PathBuf,
    /// The path of cmc, the compiler for component manifests.
    pub cmc: PathBuf,
    /// The version, such as `33.20260927.4.1`: `id` in `meta/manifest.json`.
    pub id: Option<String>,
    /// Whether the SDK has the tool of ffx's default emulator engine.
    pub has_aemu: bool,
}

/// Finds the SDK: `option`, else FUCHSIA_SDK_PATH, else the SDK of the ffx on PATH.
///
/// # Errors
///
/// There is no SDK, or it lacks a tool.
pub fn find(option: Option<&Path>) -> Result<Sdk, SetupError> {
    let variable = || {
        env::var_os("FUCHSIA_SDK_PATH")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    let on_path = || {
        let ffx = find_tool(None, "ffx")?.canonicalize().ok()?;
        let root = ffx
            .ancestors()
            .find(|directory| directory.join("meta/manifest.json").is_file());
        Some(root.or(ffx.parent())?.to_owned())
    };
    let root = option
        .map(Path::to_owned)
        .or_else(variable)
        .or_else(on_path)
        .ok_or_else(|| {
            SetupError::new(
                "no Fuchsia SDK found for the ffx engine",
                "give its directory with --sdk (FEMU_SDK or FUCHSIA_SDK_PATH); for the boot \
                 engine, give a kernel and a boot image (FEMU_KERNEL, FEMU_ZBI)",
            )
        })?;
    let root = std::path::absolute(&root).map_err(|error| {
        SetupError::new(format!("{}: {error}", root.display()), INCOMPLETE_SDK_HINT)
    })?;
    let find_required = |name: &str| {
        find_tool(Some(&root), name).ok_or_else(|| {
            SetupError::new(
                format!("{} does not contain tools/x64/{name}", root.display()),
                INCOMPLETE_SDK_HINT,
            )
        })
    };
    let ffx = find_required("ffx")?;
    let cmc = find_required("cmc")?;
    let manifest = fs::read_to_string(root.join("meta/manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&manifest).unwrap_or_default();
    Ok(Sdk {
        has_aemu: has_aemu(&manifest, &ffx),
        id: manifest["id"].as_str().map(str::to_owned),
        ffx,
        cmc,
        root,
    })
}

/// Whether ffx finds `aemu_internal`: as a part of the manifest, or beside ffx itself
/// (`plugins/emulator/engines/src/qemu_based/mod.rs`, `get_host_tool`: 2024, 2026).
fn has_aemu(manifest: &Value, ffx: &Path) -> bool {
    let parts = manifest["parts"].as_array().into_iter().flatten();
    let mut metas = parts.filter_map(|part| part["meta"].as_str());
    metas.any(|meta| meta.ends_with("/aemu_internal-meta.json"))
        || ffx.with_file_name("aemu_internal").is_file()
}

/// Finds a tool in the SDK, or without an SDK on PATH.
fn find_tool(root: Option<&Path>, name: &str) -> Option<PathBuf> {
    let host = match env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "x64",
    };
    let candidates: Vec<PathBuf> = match root {
        Some(root) => [root.join("tools").join(host), root.join("tools")].into(),
        None => env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect(),
    };
    // ffx runs in another working directory.
    let files = candidates
        .iter()
        .map(|directory| std::path::absolute(directory.join(name)));
    files.flatten().find(|file| file.is_file())
}

impl Sdk {
    /// The dynamic linker and libfdio: their paths in a package, and their files in the SDK.
    ///
    /// # Errors
    ///
    /// The SDK lacks one of them.
    pub fn libraries(
        &self,
        architecture: &Architecture,
    ) -> Result<Vec<(String, PathBuf)>, SetupError> {
        let arch = self.root.join("arch").join(architecture.sdk_name);
        let candidates: [(&str, &[&str]); 2] = [
            ("lib/ld.so.1", &["sysroot/dist/lib/ld.so.1"]),
            ("lib/libfdio.so", &["dist/libfdio.so", "lib/libfdio.so"]),
        ];
        let find_library = |(name, files): (&str, &[&str])| {
            let file = files
                .iter()
                .map(|file| arch.join(file))
                .find(|file| file.is_file());
            let file = file.ok_or_else(|| {
                SetupError::new(
                    format!("{} does not contain {}", arch.display(), files[0]),
                    INCOMPLETE_SDK_HINT,
                )
            })?;
            Ok((name.to_owned(), file))
        };
        candidates.into_iter().map(find_library).collect()
    }
}
