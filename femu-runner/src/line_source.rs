//! Classifies console lines: boot log, output of the program, or crash report.

use crate::console::Line;
use std::collections::BTreeSet;

/// A crash report without an end marker ends after this number of lines.
const MAX_REPORT_LINES: usize = 300;

/// The source of a console line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineSource {
    /// The kernel, userboot, bootsvc or the dynamic linker.
    Boot,
    /// The program, or a process that it started.
    Program,
    /// A crash report. After a kernel panic, every line.
    Report,
}

/// Classifies the lines of one console, in order.
#[derive(Debug)]
pub struct LineClassifier {
    program: String,
    /// Koids of userboot and bootsvc.
    boot_processes: BTreeSet<u64>,
    /// Koids of the processes that have printed more than the dynamic linker's markup.
    past_linker: BTreeSet<u64>,
    program_started: bool,
    /// The kernel has shut down its debuglog, so it prints without one. The program has ended.
    debuglog_ended: bool,
    panicked: bool,
    /// The current report: the number of lines left, and the koid of the process that prints it.
    report: Option<(usize, Option<u64>)>,
}

impl LineClassifier {
    /// `program` is the program's path in the boot image.
    pub fn new(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            boot_processes: BTreeSet::new(),
            past_linker: BTreeSet::new(),
            program_started: false,
            debuglog_ended: false,
            panicked: false,
            report: None,
        }
    }

    /// Classifies the next line.
    pub fn classify(&mut self, line: &Line) -> LineSource {
        let text = line.text();
        let is_user_process = line
            .process
            .is_some_and(|process| process != 0 && !self.boot_processes.contains(&process));
        if self.panicked || is_panic(&text) && !is_user_process {
            self.panicked = true;
            return LineSource::Report;
        }
        if self.is_report(line, &text) {
            return LineSource::Report;
        }
        if text.starts_with("platform_halt suggested_action ") {
            // The kernel's next lines have no prefix.
            self.debuglog_ended = true;
            return LineSource::Boot;
        }
        if !self.program_started {
            self.detect_program_start(line, &text);
            if !(self.program_started && is_test_harness(&text)) {
                return LineSource::Boot;
            }
        }
        let Some(process) = line.process else {
            return if self.debuglog_ended {
                LineSource::Boot
            } else {
                LineSource::Program
            };
        };
        if process == 0 || self.boot_processes.contains(&process) {
            self.debuglog_ended |= text == "Shutting down debuglog";
            return LineSource::Boot;
        }
        if !self.past_linker.contains(&process) {
            if is_linker_markup(&text) {
                return LineSource::Boot;
            }
            self.past_linker.insert(process);
        }
        LineSource::Program
    }

    /// Whether the console shows that the program was started.
    pub fn program_started(&self) -> bool {
        self.program_started
    }

    fn detect_program_start(&mut self, line: &Line, text: &str) {
        for component in ["userboot", "bootsvc"] {
            let Some(message) = line.message_from(component) else {
                continue;
            };
            self.boot_processes
                .extend(line.process.filter(|&process| process != 0));
            // userboot prints `option "..."` for each option of the kernel command line.
            let mut words = message.split(|char: char| " '\",:".contains(char));
            let names_program =
                words.any(|word| word == self.program) && !message.starts_with("option ");
            if names_program || message.starts_with("Launching next process") {
                self.program_started = true;
            }
        }
        // Some kernels print no start message.
        self.program_started |= is_test_harness(text);
    }

    fn is_report(&mut self, line: &Line, text: &str) -> bool {
        if is_crash(text) {
            self.report = Some((MAX_REPORT_LINES, line.process));
            return true;
        }
        let Some((lines_left, process)) = self.report else {
            return false;
        };
        if process != line.process || is_test_harness(text) {
            return false;
        }
        let is_end = lines_left == 0
            || text.starts_with("Done handling")
            || text.starts_with("{{{reset:end");
        self.report = (!is_end).then(|| (lines_left - 1, process));
        true
    }
}

/// Whether the line reports a panic of the kernel or of userboot.
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

/// Whether the line is the first one of a crash report. The kernel prints the report if no
/// process handles the exception; otherwise crashsvc (formerly crashanalyzer) prints it.
pub fn is_crash(text: &str) -> bool {
    let from_kernel = text.starts_with("KERN: ") && text.contains(" in user thread ");
    let from_service = text.contains("<== ") && text.contains("fatal exception: ");
    from_kernel || from_service
}

/// Whether the line is the last one of a list of tests (`--list`): `3 tests, 0 benchmarks`.
pub fn is_test_list_end(text: &str) -> bool {
    let counts = text.split_once(" test");
    let is_count = |count: &str| count.parse::<u32>().is_ok();
    counts.is_some_and(|(tests, rest)| {
        let benchmarks = rest.trim_start_matches('s').strip_prefix(", ");
        let benchmarks = benchmarks.and_then(|rest| rest.split_once(" benchmark"));
        is_count(tests) && benchmarks.is_some_and(|(count, _)| is_count(count))
    })
}

/// Whether the line is the first or the last one of a libtest or libtest-mimic run.
fn is_test_harness(text: &str) -> bool {
    text.starts_with("test result: ") || is_test_start(text)
}

/// Whether the line is the first one of a libtest or libtest-mimic run.
pub fn is_test_start(text: &str) -> bool {
    let count = text
        .strip_prefix("running ")
        .and_then(|rest| rest.split_once(" test"));
    count.is_some_and(|(count, _)| count.parse::<u32>().is_ok())
}

/// Whether the dynamic linker reports that it cannot load the program
/// (`third_party/ulib/musl/ldso/dynlink.c`; measured: July 2019).
pub fn is_linker_error(text: &str) -> bool {
    let is_relocation = text.starts_with("Error relocating ") && text.contains(": ");
    let is_library = text.starts_with("Error loading shared library ") && text.contains(": ");
    let is_address = text.starts_with("failed to reserve ") && text.contains(" of address space");
    let is_program =
        text.starts_with("libc.so: ") && text.contains(": Not a valid dynamic program");
    is_relocation || is_library || is_address || is_program
}

/// Whether the line is symbolizer markup, which the dynamic linker prints before `main`.
fn is_linker_markup(text: &str) -> bool {
    text.starts_with("{{{") || text.starts_with("dso: id=")
}
