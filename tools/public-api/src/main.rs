//! Compares the public API of the two libraries on the host with the lists in `tools/public-api`.
//!
//!     cargo run --package public-api-list               prints the differences; fails if there are any
//!     cargo run --package public-api-list -- --bless    rewrites the lists

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
    let mut is_unchanged = true;
    for package in PACKAGES {
        let list = here.join(format!("{package}.txt"));
        let now = public_items(here, package)?;
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
            is_unchanged = false;
            print!("{package}: {sign}{change}");
        }
    }
    if !is_unchanged {
        println!("the public API has changed; if this is intended, add it to CHANGELOG.md and run");
        println!("cargo run --package public-api-list -- --bless");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The public items of the package, one in each line.
fn public_items(here: &Path, package: &str) -> Result<String, Box<dyn Error>> {
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
        // The JSON format is unstable, and stable compilers refuse it without this.
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
