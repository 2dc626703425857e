//! Generates the input files of a Fuchsia package.

use serde_json::json;
use std::path::{Path, PathBuf};

/// The component manifest. CML is a superset of JSON.
///
/// `elf_test_runner` provides `fuchsia.test.Suite`. `std::process::Command` requires
/// `fuchsia.process.Launcher`. A test of type "system" does not run in the hermetic realm.
pub fn component(program: &str) -> String {
    let manifest = json!({
        "program": { "runner": "elf_test_runner", "binary": program },
        "capabilities": [{ "protocol": "fuchsia.test.Suite" }],
        "expose": [{ "protocol": "fuchsia.test.Suite", "from": "self" }],
        "use": [
            { "protocol": "fuchsia.process.Launcher" },
            { "storage": "tmp", "path": "/tmp" },
        ],
        "facets": { "fuchsia.test": { "type": "system" } },
    });
    format!("{manifest:#}\n")
}

/// The contents of `meta/package`.
pub fn meta(package: &str) -> String {
    json!({ "name": package, "version": "0" }).to_string()
}

/// The package build manifest: one line `PATH=FILE` for each file of the package.
pub fn manifest(work: &Path, package: &str, files: &[(String, PathBuf)]) -> String {
    let meta_files = [
        ("meta/package".to_owned(), work.join("meta-package")),
        (
            format!("meta/{package}.cm"),
            work.join(format!("{package}.cm")),
        ),
    ];
    let mut manifest = String::new();
    for (path, file) in meta_files.iter().chain(files) {
        manifest.push_str(path);
        manifest.push('=');
        manifest.push_str(&file.to_string_lossy());
        manifest.push('\n');
    }
    manifest
}

/// The package name for a program. Package names consist of lower-case letters, digits, `-`, `_`
/// and `.`; other characters are replaced by `-`.
pub fn name(program: &str) -> String {
    let is_allowed =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_.".contains(char);
    program
        .to_ascii_lowercase()
        .chars()
        .map(|char| if is_allowed(char) { char } else { '-' })
        .collect()
}
