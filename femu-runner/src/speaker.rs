//! Who speaks on the console: the boot, the program, or someone reporting a crash.

use crate::console::Line;
use std::collections::BTreeSet;

/// The longest crash report that is waited for the end of.
const MAX_REPORT: usize = 300;

/// Who printed a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The kernel, userboot, bootsvc, the dynamic linker.
    Boot,
    /// The program, or what it started.
    Program,
    /// A crash report, or a kernel panic and all that follows.
    Report,
}

/// Tells the speakers apart, line by line.
#[derive(Debug)]
pub struct Speakers {
    program: String,
    /// userboot and bootsvc.
    boot: BTreeSet<u64>,
    /// Processes that have printed more than the dynamic linker's list.
    spoken: BTreeSet<u64>,
    started: bool,
    panicked: bool,
    /// Lines left of a report, and the process that prints it.
    report: Option<(usize, Option<u64>)>,
}

impl Speakers {
    /// `program` is its path in the image.
    pub fn new(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            boot: BTreeSet::new(),
            spoken: BTreeSet::new(),
            started: false,
            panicked: false,
            report: None,
        }
    }

    /// Who printed this line.
    pub fn of(&mut self, line: &Line) -> Speaker {
        let text = line.text();
        if self.panicked || is_panic(&text) {
            self.panicked = true;
            return Speaker::Report;
        }
        if self.reports(line, &text) {
            return Speaker::Report;
        }
        if !self.started {
            self.look_for_start(line, &text);
            if !(self.started && is_harness(&text)) {
                return Speaker::Boot;
            }
        }
        let Some(pid) = line.pid else {
            return Speaker::Program;
        };
        if pid == 0 || self.boot.contains(&pid) {
            return Speaker::Boot;
        }
        if !self.spoken.contains(&pid) {
            if is_linkers(&text) {
                return Speaker::Boot;
            }
            self.spoken.insert(pid);
        }
        Speaker::Program
    }

    fn look_for_start(&mut self, line: &Line, text: &str) {
        for who in ["userboot", "bootsvc"] {
            let Some(said) = line.said_by(who) else {
                continue;
            };
            self.boot.extend(line.pid.filter(|&pid| pid != 0));
            // `option "..."` is userboot reading the command line.
            let names_it = said.contains(&self.program) && !said.starts_with("option ");
            if names_it || said.starts_with("Launching next process") {
                self.started = true;
            }
        }
        // A kernel that says none of this still runs tests.
        self.started |= is_harness(text);
    }

    fn reports(&mut self, line: &Line, text: &str) -> bool {
        if is_crash(text) {
            self.report = Some((MAX_REPORT, line.pid));
            return true;
        }
        let Some((left, pid)) = self.report else {
            return false;
        };
        if pid != line.pid || is_harness(text) {
            return false;
        }
        let ends =
            left == 0 || text.starts_with("Done handling") || text.starts_with("{{{reset:end");
        self.report = (!ends).then(|| (left - 1, pid));
        true
    }
}

/// The kernel has stopped, or userboot, without which nothing runs.
pub fn is_panic(text: &str) -> bool {
    let text = text.trim_start_matches(['*', ' ']);
    let starts = [
        "ZIRCON KERNEL PANIC",
        "KERNEL PANIC",
        "panic (caller ",
        "Fatal exception on cpu",
    ];
    starts.iter().any(|start| text.starts_with(start))
}

/// The first line of an exception report: the kernel's own where nobody else handles
/// exceptions, else crashsvc's, and crashanalyzer's before it.
pub fn is_crash(text: &str) -> bool {
    let of_kernel = text.starts_with("KERN: ") && text.contains(" in user thread ");
    let of_service = text.contains("<== ") && text.contains("fatal exception: ");
    of_kernel || of_service
}

/// libtest or libtest-mimic at work.
fn is_harness(text: &str) -> bool {
    let count = text
        .strip_prefix("running ")
        .and_then(|rest| rest.split_once(" test"));
    text.starts_with("test result: ")
        || count.is_some_and(|(count, _)| count.parse::<u32>().is_ok())
}

/// Markup for a symbolizer that the dynamic linker prints before main.
fn is_linkers(text: &str) -> bool {
    text.starts_with("{{{") || text.starts_with("dso: id=")
}
