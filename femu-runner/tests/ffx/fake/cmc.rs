//! `cmc compile`: checks the manifest as far as the runner's manifests need it.
//!
//! `tools/cmc/src/opts.rs`, `tools/lib/cml/src/validate.rs`

use clap::Parser;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cmc")]
enum Command {
    Compile {
        file: PathBuf,
        #[arg(short, long)]
        output: PathBuf,
        #[arg(short, long)]
        depfile: Option<PathBuf>,
        #[arg(short = 'p', long)]
        includepath: Vec<PathBuf>,
        #[arg(short = 'r', long)]
        includeroot: Option<PathBuf>,
        #[arg(short, long)]
        features: Vec<String>,
    },
}

pub fn main(arguments: &[String]) -> ExitCode {
    let arguments = std::iter::once("cmc").chain(arguments.iter().map(String::as_str));
    let Command::Compile { file, output, .. } = Command::parse_from(arguments);
    match compile(&file, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("Error at {}: {message}", file.display());
            ExitCode::FAILURE
        }
    }
}

fn compile(file: &PathBuf, output: &PathBuf) -> Result<(), String> {
    if file.extension().is_none_or(|extension| extension != "cml") {
        return Err(
            "Invalid args: not the component manifest language extension (.cml)".to_owned(),
        );
    }
    if output.extension().is_none_or(|extension| extension != "cm") {
        return Err("Invalid args: not the component manifest extension (.cm)".to_owned());
    }
    let text =
        fs::read_to_string(file).map_err(|_| format!("{} does not exist", file.display()))?;
    let manifest: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let known = ["program", "capabilities", "expose", "use", "facets"];
    for (key, _) in manifest.as_object().ok_or("not an object")? {
        if !known.contains(&&**key) {
            return Err(format!("unknown field `{key}`"));
        }
    }
    if manifest["program"]["runner"].as_str().is_none() {
        return Err(
            "Component has a `program` block defined, but doesn't specify a `runner`.".to_owned(),
        );
    }
    for used in manifest["use"].as_array().into_iter().flatten() {
        for (key, _) in used.as_object().ok_or("not an object")? {
            if !["protocol", "storage", "path", "from", "availability"].contains(&&**key) {
                return Err(format!("unknown field `{key}`"));
            }
        }
        if used["storage"].is_string() && !used["path"].is_string() {
            return Err("\"path\" is required with \"storage\"".to_owned());
        }
    }
    fs::write(output, text).map_err(|error| error.to_string())
}
