//! Generates the input files of a Fuchsia package.

use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The package of a program.
#[derive(Debug)]
pub struct Package {
    /// The package name.
    pub name: String,
    /// The component manifest, before the compilation.
    pub cml: PathBuf,
    /// The component manifest, after the compilation.
    pub cm: PathBuf,
    /// The package build manifest.
    pub build_manifest: PathBuf,
}

impl Package {
    /// Writes the input files to `work`. `libraries` are paths in the package, and files.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn write(
        work: &Path,
        file_name: &str,
        program: &[u8],
        libraries: Vec<(String, PathBuf)>,
        test_runner: &str,
        env: &[(String, String)],
    ) -> io::Result<Self> {
        let name = package_name(file_name);
        let binary = format!("bin/{name}");
        let package = Self {
            cml: work.join("component.cml"),
            cm: work.join(format!("{name}.cm")),
            build_manifest: work.join("package.manifest"),
            name,
        };
        let meta = json!({ "name": package.name, "version": "0" });
        let cml = component(&binary, test_runner, env);
        let program_file = work.join("program");
        fs::write(&program_file, program)?;
        fs::write(&package.cml, format!("{cml:#}\n"))?;
        fs::write(work.join("meta-package"), meta.to_string())?;
        let mut files = vec![
            ("meta/package".to_owned(), work.join("meta-package")),
            (format!("meta/{}.cm", package.name), package.cm.clone()),
            (binary, program_file),
        ];
        files.extend(libraries);
        let lines = files
            .iter()
            .map(|(path, file)| format!("{path}={}\n", file.display()));
        fs::write(&package.build_manifest, lines.collect::<String>())?;
        Ok(package)
    }
}

/// The component manifest. CML is a superset of JSON.
///
/// The test runner provides `fuchsia.test.Suite`. `std::process::Command` requires
/// `fuchsia.process.Launcher`, which hermetic tests get as well
/// (`src/sys/testing/meta/common.shard.cml` of 2026).
fn component(binary: &str, test_runner: &str, env: &[(String, String)]) -> Value {
    let mut manifest = json!({
        "program": { "runner": test_runner, "binary": binary },
        "capabilities": [{ "protocol": "fuchsia.test.Suite" }],
        "expose": [{ "protocol": "fuchsia.test.Suite", "from": "self" }],
        "use": [
            { "protocol": "fuchsia.process.Launcher" },
            { "storage": "tmp", "path": "/tmp" },
        ],
    });
    if !env.is_empty() {
        let variables = env.iter().map(|(name, value)| format!("{name}={value}"));
        manifest["program"]["environ"] = variables.collect();
    }
    manifest
}

/// The package name for a program. Package names consist of lower-case letters, digits, `-`, `_`
/// and `.`; other characters are replaced by `-`.
fn package_name(program: &str) -> String {
    let is_allowed =
        |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_.".contains(char);
    program
        .to_ascii_lowercase()
        .chars()
        .map(|char| if is_allowed(char) { char } else { '-' })
        .collect()
}
