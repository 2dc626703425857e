//! The figures of the last `cargo bench`, as tables, and whether the ratios are kept.
//!
//!     cargo bench -p benches && cargo run -p benches

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

const SIZES: [(&str, u64); 6] = [
    ("1 B", 1),
    ("64 B", 64),
    ("4 KiB", 4096),
    ("64 KiB", 64 << 10),
    ("1 MiB", 1 << 20),
    ("64 MiB", 64 << 20),
];

/// Ours first, then what is beside it.
const WAYS: [&str; 6] = [
    "ours",
    "file",
    "vm",
    "process-memory",
    "process_vm_io",
    "memcpy",
];

fn main() -> ExitCode {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    let figures = Figures(target.join("criterion"));
    let mut kept = true;
    for direction in ["write", "read"] {
        figures.table(direction);
        for (name, size) in SIZES {
            let ours = figures.median(direction, "ours", size);
            let ratio = |way| Some(ours? / figures.median(direction, way, size)?);
            // Within a page the look at the handle counts; from 1 MiB on nothing should.
            let most = if size <= 4096 { 1.10 } else { 1.05 };
            if size <= 4096 || size >= 1 << 20 {
                kept &= check(
                    &format!("{direction} {name} / the open file"),
                    ratio("file"),
                    most,
                );
            }
            if size <= 4096 {
                for peer in ["vm", "process-memory", "process_vm_io"] {
                    let name = format!("{direction} {name} / {peer}");
                    kept &= check(&name, ratio(peer), 1.0 / 1.2);
                }
            }
        }
    }
    let whole = figures.median("write", "ours", 1 << 30);
    let raw = figures.median("write", "file", 1 << 30);
    let ratio = whole.zip(raw).map(|(whole, raw)| whole / raw);
    kept &= check("write_all_memory of 1 GiB / 16 raw calls", ratio, 1.05);
    let linear = whole
        .zip(figures.median("write", "ours", 64 << 20))
        .map(|(whole, part)| whole / (16.0 * part));
    kept &= check("write_all_memory of 1 GiB / 16 times 64 MiB", linear, 1.25);
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn check(name: &str, ratio: Option<f64>, most: f64) -> bool {
    let Some(ratio) = ratio else {
        println!("{name}: not measured");
        return false;
    };
    let kept = ratio <= most;
    let verdict = if kept { "kept" } else { "NOT KEPT" };
    println!("{name}: {ratio:.2}, at most {most:.2}: {verdict}");
    kept
}

/// Criterion's folder.
struct Figures(PathBuf);

impl Figures {
    /// In nanoseconds.
    fn median(&self, direction: &str, way: &str, size: u64) -> Option<f64> {
        let file = format!("{direction}/{way}/{size}/new/estimates.json");
        let text = fs::read_to_string(self.0.join(file)).ok()?;
        let estimates: Value = serde_json::from_str(&text).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    }

    fn table(&self, direction: &str) {
        println!("\n| {direction} | {} |", WAYS.join(" | "));
        println!("|---|{}", "---|".repeat(WAYS.len()));
        for (name, size) in SIZES {
            let cells = WAYS.map(|way| shown(self.median(direction, way, size)));
            println!("| {name} | {} |", cells.join(" | "));
        }
        println!();
    }
}

fn shown(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => "-".to_owned(),
        Some(ns) if ns < 1e3 => format!("{ns:.0} ns"),
        Some(ns) if ns < 1e6 => format!("{:.2} us", ns / 1e3),
        Some(ns) => format!("{:.2} ms", ns / 1e6),
    }
}
