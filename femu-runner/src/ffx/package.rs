//! What a Fuchsia package is made from.

use serde_json::json;
use std::path::{Path, PathBuf};

/// The component's manifest. CML is a superset of JSON.
///
/// `fuchsia.test.Suite` comes from the runner; the launcher is for `std::process::Command`;
/// the type "system" lets the test leave the hermetic realm.
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

/// `meta/package`
pub fn meta(package: &str) -> String {
    json!({ "name": package, "version": "0" }).to_string()
}

/// The list of what goes where: `PATH=FILE` lines.
pub fn manifest(work: &Path, package: &str, files: &[(String, PathBuf)]) -> String {
    let own = [
        ("meta/package".to_owned(), work.join("meta-package")),
        (
            format!("meta/{package}.cm"),
            work.join(format!("{package}.cm")),
        ),
    ];
    let mut manifest = String::new();
    for (path, file) in own.iter().chain(files) {
        manifest.push_str(path);
        manifest.push('=');
        manifest.push_str(&file.to_string_lossy());
        manifest.push('\n');
    }
    manifest
}

/// A package's name: lower-case letters, digits, `-`, `_` and `.` only.
pub fn name(program: &str) -> String {
    let plain =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_.".contains(char);
    program
        .to_ascii_lowercase()
        .chars()
        .map(|char| if plain(char) { char } else { '-' })
        .collect()
}
