//! Compares what the two crates make public, on the host, with the lists beside this program.
//!
//!     cargo run -p public-api-list             says what has changed, and fails
//!     cargo run -p public-api-list -- --bless  writes the lists anew

use public_api::Builder;
use similar::{ChangeTag, TextDiff};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

const PACKAGES: [&str; 2] = ["zx-process-memory", "zx-debug-memory"];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let bless = env::args().nth(1).as_deref() == Some("--bless");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut same = true;
    for package in PACKAGES {
        let list = here.join(format!("{package}.txt"));
        let now = public(here, package)?;
        if bless {
            fs::write(list, now)?;
            continue;
        }
        let before = fs::read_to_string(list)?;
        for change in TextDiff::from_lines(&before, &now).iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Equal => continue,
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            same = false;
            print!("{package}: {sign}{change}");
        }
    }
    if !same {
        println!("if that is meant: cargo run -p public-api-list -- --bless, and the changelog");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each public item.
fn public(here: &Path, package: &str) -> Result<String, Box<dyn Error>> {
    let target = here.join("../../target/public-api");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let documented = Command::new(cargo)
        .args([
            "rustdoc",
            "--quiet",
            "--lib",
            "--all-features",
            "--package",
            package,
        ])
        .args(["--", "-Zunstable-options", "--output-format", "json"])
        // The format is not stable.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(here)
        .status()?;
    if !documented.success() {
        return Err(format!("cargo rustdoc: {documented}").into());
    }
    let json: PathBuf = target.join(format!("doc/{}.json", package.replace('-', "_")));
    let api = Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    Ok(api.items().map(|item| format!("{item}\n")).collect())
}
