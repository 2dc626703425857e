//! Prints the results of the last `cargo bench` as tables, and checks the ratios against limits.
//!
//!     cargo bench --package benches --bench linux && cargo run --package benches
//!
//! Exits with a failure if a ratio is above its limit or was not measured.

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

/// The implementations, by their names in `benches/linux`.
const IMPLEMENTATIONS: [&str; 6] = [
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
    let mut all_within_limits = true;
    for direction in ["write", "read"] {
        figures.table(direction);
        for (name, size) in SIZES {
            let ours = figures.median(direction, "ours", size);
            let ratio = |other| Some(ours? / figures.median(direction, other, size)?);
            // Below a page the lookup of the handle is measurable. From 1 MiB on it is not.
            let limit = if size <= 4096 { 1.10 } else { 1.05 };
            if size <= 4096 || size >= 1 << 20 {
                all_within_limits &= check(
                    &format!("{direction} {name} / the open file"),
                    ratio("file"),
                    limit,
                );
            }
            if size <= 4096 {
                for peer in ["vm", "process-memory", "process_vm_io"] {
                    let name = format!("{direction} {name} / {peer}");
                    all_within_limits &= check(&name, ratio(peer), 1.0 / 1.2);
                }
            }
        }
    }
    let total = figures.median("write", "ours", 1 << 30);
    let raw = figures.median("write", "file", 1 << 30);
    let ratio = total.zip(raw).map(|(total, raw)| total / raw);
    all_within_limits &= check("write_all_memory of 1 GiB / 16 raw calls", ratio, 1.05);
    let linear = total
        .zip(figures.median("write", "ours", 64 << 20))
        .map(|(total, part)| total / (16.0 * part));
    all_within_limits &= check("write_all_memory of 1 GiB / 16 times 64 MiB", linear, 1.25);
    if all_within_limits {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Prints the ratio, and returns whether it was measured and is within the limit.
fn check(name: &str, ratio: Option<f64>, limit: f64) -> bool {
    let Some(ratio) = ratio else {
        println!("{name}: not measured");
        return false;
    };
    let is_within_limit = ratio <= limit;
    let verdict = if is_within_limit {
        "ok"
    } else {
        "ABOVE THE LIMIT"
    };
    println!("{name}: {ratio:.2}, limit {limit:.2}: {verdict}");
    is_within_limit
}

/// The directory in which criterion stores its results.
struct Figures(PathBuf);

impl Figures {
    /// The median time in nanoseconds.
    fn median(&self, direction: &str, implementation: &str, size: u64) -> Option<f64> {
        let file = format!("{direction}/{implementation}/{size}/new/estimates.json");
        let text = fs::read_to_string(self.0.join(file)).ok()?;
        let estimates: Value = serde_json::from_str(&text).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    }

    fn table(&self, direction: &str) {
        println!("\n| {direction} | {} |", IMPLEMENTATIONS.join(" | "));
        println!("|---|{}", "---|".repeat(IMPLEMENTATIONS.len()));
        for (name, size) in SIZES {
            let cells = IMPLEMENTATIONS
                .map(|implementation| format_time(self.median(direction, implementation, size)));
            println!("| {name} | {} |", cells.join(" | "));
        }
        println!();
    }
}

fn format_time(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => "-".to_owned(),
        Some(ns) if ns < 1e3 => format!("{ns:.0} ns"),
        Some(ns) if ns < 1e6 => format!("{:.2} us", ns / 1e3),
        Some(ns) => format!("{:.2} ms", ns / 1e6),
    }
}
