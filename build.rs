//! Picks the backend, and on Fuchsia tells the linker where the user's SDK or
//! sysroot is. It looks at nothing else and builds nothing.

use std::env;
use std::path::{Path, PathBuf};

/// An SDK (`arch/x64/sysroot/lib` below it) or a sysroot (`lib` below it).
const SYSROOT: &str = "ZX_PROCESS_MEMORY_SYSROOT";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SYSROOT}");
    println!(
        "cargo::rustc-check-cfg=cfg(backend, values(\"fuchsia\", \"linux\", \"unsupported\"))"
    );
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();

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
        match library_folders(Path::new(&root), &target("ARCH")) {
            Ok(folders) => {
                for folder in folders {
                    println!("cargo::rustc-link-search=native={}", folder.display());
                }
            }
            Err(why) => println!(
                "cargo::error={SYSROOT}={}: {why}",
                Path::new(&root).display()
            ),
        }
    }
}

/// The folders below `root` that hold the libraries for `arch`.
fn library_folders(root: &Path, arch: &str) -> Result<Vec<PathBuf>, String> {
    let arch = match arch {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let in_sdk = root.join("arch").join(arch);
    let folders = [
        in_sdk.join("sysroot").join("lib"),
        in_sdk.join("lib"),
        // Where the SDK's Bazel form has the one library that is not in its sysroot.
        root.join("pkg/fdio/arch").join(arch).join("lib"),
        root.join("lib"),
    ];
    if root.is_relative() {
        return Err("give an absolute path, since cargo starts build scripts elsewhere".into());
    }
    if !folders
        .iter()
        .any(|folder| folder.join("libzircon.so").is_file())
    {
        return Err(format!(
            "no libzircon.so in arch/{arch}/sysroot/lib (of an SDK) or lib (of a sysroot)"
        ));
    }
    Ok(folders.into_iter().filter(|f| f.is_dir()).collect())
}
