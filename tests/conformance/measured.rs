//! The tables of the kernels that were measured, in `measured/`, and how a run differs from one.

use super::report::{Row, SKIPPED};
use std::collections::BTreeMap;

/// The stored tables, by name.
const TABLES: [(&str, &str); 5] = [
    (
        "2018-12-x86-64",
        include_str!("measured/2018-12-x86-64.jsonl"),
    ),
    (
        "2019-07-arm64",
        include_str!("measured/2019-07-arm64.jsonl"),
    ),
    (
        "2019-07-x86-64",
        include_str!("measured/2019-07-x86-64.jsonl"),
    ),
    (
        "2021-04-arm64",
        include_str!("measured/2021-04-arm64.jsonl"),
    ),
    (
        "2021-04-x86-64",
        include_str!("measured/2021-04-x86-64.jsonl"),
    ),
];

pub(crate) fn names() -> [&'static str; 5] {
    TABLES.map(|(name, _)| name)
}

/// Prints the rows that differ from a stored table. Returns whether rows were compared and none
/// differs. A row that was skipped in one of the two is not compared.
pub(crate) fn compare(rows: &[Row], name: &str) -> bool {
    let table = TABLES.iter().find(|(stored, _)| *stored == name).unwrap().1;
    let stored: BTreeMap<_, _> = table.lines().filter_map(split).collect();
    let (mut equal, mut different, mut skipped, mut missing) = (0, 0, 0, 0);
    for row in rows {
        let row = format!("{{{}}}", row.json());
        let Some((key, outcome)) = split(&row) else {
            continue;
        };
        match stored.get(key) {
            None => missing += 1,
            Some(other) if is_skipped(outcome) || is_skipped(other) => skipped += 1,
            Some(other) if *other == outcome => equal += 1,
            Some(other) => {
                different += 1;
                println!("differs: {key}\n  here: {outcome}\n  {name}: {other}");
            }
        }
    }
    println!(
        "compared with {name}: {equal} rows equal, {different} differ, {skipped} skipped in one of \
         the two, {missing} not in the stored table"
    );
    different == 0 && (equal != 0 || rows.is_empty())
}

/// Splits a JSON line into the case with its call and target, and the outcome without its reason.
fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix('{')?.strip_suffix('}')?;
    let (key, outcome) = line.split_once(",\"status\":")?;
    let outcome = outcome
        .split_once(",\"why\":")
        .map_or(outcome, |(outcome, _)| outcome);
    Some((key, outcome))
}

fn is_skipped(outcome: &str) -> bool {
    outcome.trim_start_matches('"').starts_with(SKIPPED)
}
