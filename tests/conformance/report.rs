//! The table at the end, for people and for `diff`.

use super::case::Call;
use super::expect::Outcome;
use super::target::{Who, system};
use libtest_mimic::Conclusion;
use zx_process_memory::Status;

/// What a case came to.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: &'static str,
    call: Call,
    who: Who,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) skipped: Option<String>,
    pub(crate) wrong: Option<String>,
    /// Whether a read put zeros into the buffer behind what it read.
    pub(crate) zeroed: bool,
}

impl Row {
    pub(crate) fn new(name: &'static str, call: Call, who: Who) -> Self {
        Self {
            name,
            call,
            who,
            outcome: None,
            skipped: None,
            wrong: None,
            zeroed: false,
        }
    }

    fn status(&self) -> (String, usize) {
        match (&self.skipped, self.outcome) {
            (Some(_), _) => ("skipped".to_owned(), 0),
            (None, Some(Outcome::Done(count))) => ("ZX_OK".to_owned(), count),
            (None, Some(Outcome::Failed(status))) => (code_name(status), 0),
            (None, Some(Outcome::NotTried(_)) | None) => ("no answer".to_owned(), 0),
        }
    }
}

/// As `<zircon/errors.h>` has it: the first word of the display.
fn code_name(status: Status) -> String {
    let shown = status.to_string();
    shown.split(' ').next().unwrap_or_default().to_owned()
}

/// Prints all rows, a line each.
pub(crate) fn print(rows: &[Row], json: bool) {
    for row in rows {
        let (status, bytes) = row.status();
        let (name, call, who) = (
            row.name,
            row.call.to_string(),
            format!("{:?}", row.who).to_lowercase(),
        );
        let why = row
            .wrong
            .as_deref()
            .or(row.skipped.as_deref())
            .unwrap_or_default();
        system::say(&if json {
            let why = if why.is_empty() {
                String::new()
            } else {
                format!(",\"why\":{why:?}")
            };
            format!(
                "{{\"case\":{name:?},\"call\":\"{call}\",\"target\":{who:?},\"status\":{status:?},\"bytes\":{bytes}{why}}}"
            )
        } else {
            format!("{name:<58} {call:<5} {who:<5} {status:<22} {bytes:>8} {why}")
        });
    }
}

/// Says what is promised by nobody: what a kernel does to the rest of a reader's buffer.
pub(crate) fn print_zeroed(rows: &[Row]) {
    let zeroed = rows.iter().filter(|row| row.zeroed).count();
    if rows.iter().any(|row| row.call == Call::Read) {
        system::say(&format!(
            "in {zeroed} rows a read put zeros into the buffer behind what it read"
        ));
    }
}

/// The last lines. Says so, and answers `false`, if fewer cases passed than were seen to
/// pass where nothing was forbidden.
pub(crate) fn print_totals(conclusion: &Conclusion, seen: u64, is_whole: bool) -> bool {
    let (passed, failed) = (conclusion.num_passed, conclusion.num_failed);
    let skipped = conclusion.num_ignored;
    let is_enough = !is_whole || seen <= passed + failed;
    if !is_enough {
        system::say(&format!(
            "fewer cases than usual: {seen} passed where nothing was forbidden; the rows that \
             were skipped say why"
        ));
    }
    if !system::has_stdio() {
        // Then what the test harness said was heard by nobody.
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        system::say(&format!(
            "test result: {verdict}. {passed} passed; {failed} failed"
        ));
    }
    system::say(&format!(
        "{passed} passed, {failed} failed, {skipped} skipped"
    ));
    is_enough
}
