//! The table of outcomes at the end, as text or JSON.

use super::case::Call;
use super::expect::Outcome;
use super::kernel::Kernel;
use super::target::TargetKind;
use libtest_mimic::Conclusion;
use zx_process_memory::Status;

/// The status of a skipped row.
pub(crate) const SKIPPED: &str = "skipped";

/// The outcome of one case.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    name: &'static str,
    call: Call,
    target: TargetKind,
    pub(crate) outcome: Option<Outcome>,
    /// The reason for a skip.
    pub(crate) skipped: Option<String>,
    /// The reason for a failure.
    pub(crate) failed: Option<String>,
    /// Whether a read zeroed bytes of the buffer after the bytes that it read.
    pub(crate) zeroed: bool,
}

impl Row {
    pub(crate) fn new(name: &'static str, call: Call, target: TargetKind) -> Self {
        Self {
            name,
            call,
            target,
            outcome: None,
            skipped: None,
            failed: None,
            zeroed: false,
        }
    }

    fn status(&self) -> (String, usize) {
        match (&self.skipped, self.outcome) {
            (Some(_), _) => (SKIPPED.to_owned(), 0),
            (None, Some(Outcome::Transferred(count))) => ("ZX_OK".to_owned(), count),
            (None, Some(Outcome::Failed(status))) => (code_name(status), 0),
            (None, Some(Outcome::FailedAfter(status, count))) => (code_name(status), count),
            (None, Some(Outcome::Skipped(_)) | None) => ("no answer".to_owned(), 0),
        }
    }

    /// The fields of the row as JSON, without the reason for a skip or a failure.
    pub(crate) fn json(&self) -> String {
        let (status, bytes) = self.status();
        let (name, call) = (self.name, self.call.to_string());
        let target = format!("{:?}", self.target).to_lowercase();
        let zeroed = if self.zeroed { ",\"zeroed\":true" } else { "" };
        format!(
            "\"case\":{name:?},\"call\":\"{call}\",\"target\":{target:?},\"status\":{status:?},\"bytes\":{bytes}{zeroed}"
        )
    }
}

/// The name from `<zircon/errors.h>`, which is the first word of the `Display` output.
fn code_name(status: Status) -> String {
    let text = status.to_string();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Prints one line for each row.
pub(crate) fn print(rows: &[Row], json: bool) {
    for row in rows {
        let why = row.failed.as_deref().or(row.skipped.as_deref());
        let why = why.unwrap_or_default();
        let line = if json && why.is_empty() {
            format!("{{{}}}", row.json())
        } else if json {
            format!("{{{},\"why\":{why:?}}}", row.json())
        } else {
            let (status, bytes) = row.status();
            let (name, call) = (row.name, row.call.to_string());
            let target = format!("{:?}", row.target).to_lowercase();
            format!("{name:<58} {call:<5} {target:<5} {status:<22} {bytes:>8} {why}")
        };
        println!("{line}");
    }
}

/// Prints in how many rows the kernel zeroed bytes after the bytes that it read.
pub(crate) fn print_zeroed(rows: &[Row]) {
    let zeroed = rows.iter().filter(|row| row.zeroed).count();
    if rows.iter().any(|row| row.call == Call::Read) {
        println!("rows in which a read zeroed buffer bytes after the bytes that it read: {zeroed}");
    }
}

/// Prints the totals. Returns whether enough tests passed or failed: the others were skipped.
pub(crate) fn print_totals(
    kernel: Kernel,
    conclusion: &Conclusion,
    required: u64,
    is_complete: bool,
) -> bool {
    let (passed, failed) = (conclusion.num_passed, conclusion.num_failed);
    let skipped = conclusion.num_ignored;
    let is_enough = !is_complete || required <= passed + failed;
    if !is_enough {
        println!(
            "too many tests were skipped: at least {required} must run on this kernel; the rows \
             above have the reasons for the skips"
        );
    }
    let kernel = kernel.name();
    println!("{kernel}: {passed} passed, {failed} failed, {skipped} skipped");
    is_enough
}
