//! Selects the backend for the target. For Fuchsia it also adds the libraries of the user's SDK or
//! sysroot to the linker's search path. It reads nothing else and compiles nothing.

use std::env;
use std::path::{Path, PathBuf};

/// The environment variable with the path of an SDK (with `arch/x64/sysroot/lib`) or of a sysroot
/// (with `lib`).
const SYSROOT: &str = "ZX_PROCESS_MEMORY_SYSROOT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SYSROOT}");
    println!(
        "cargo::rustc-check-cfg=cfg(backend, values(\"fuchsia\", \"linux\", \"unsupported\"))"
    );
    let target = |key: &str| env::var(format!("CARGO_CFG_TARGET_{key}")).unwrap_or_default();

    let std = env::var_os("CARGO_FEATURE_STD").is_some();
    let backend = match target("OS").as_str() {
        "fuchsia" => "fuchsia",
        "linux" if std && target("POINTER_WIDTH") == "64" => "linux",
        _ => "unsupported",
    };
    println!("cargo::rustc-cfg=backend=\"{backend}\"");

    if backend != "fuchsia" {
        return;
    }
    if let Some(root) = env::var_os(SYSROOT).filter(|root| !root.is_empty()) {
        match library_directories(Path::new(&root), &target("ARCH")) {
            Ok(directories) => {
                for directory in directories {
                    println!("cargo::rustc-link-search=native={}", directory.display());
                }
            }
            Err(error) => println!(
                "cargo::error={SYSROOT}={}: {error}",
                Path::new(&root).display()
            ),
        }
    }
}

/// The directories in `root` that have the libraries for `arch`.
fn library_directories(root: &Path, arch: &str) -> Result<Vec<PathBuf>, String> {
    let arch = match arch {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let in_sdk = root.join("arch").join(arch);
    let directories = [
        in_sdk.join("sysroot").join("lib"),
        in_sdk.join("lib"),
        // The SDK for Bazel has libfdio here, and all other libraries in its sysroot.
        root.join("pkg/fdio/arch").join(arch).join("lib"),
        root.join("lib"),
    ];
    if root.is_relative() {
        return Err(
            "the path must be absolute, since cargo runs build scripts in another directory".into(),
        );
    }
    if !directories
        .iter()
        .any(|directory| directory.join("libzircon.so").is_file())
    {
        return Err(format!(
            "found libzircon.so neither in arch/{arch}/sysroot/lib (SDK) nor in lib (sysroot)"
        ));
    }
    Ok(directories
        .into_iter()
        .filter(|directory| directory.is_dir())
        .collect())
}
