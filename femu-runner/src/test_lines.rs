//! Counts the lines that test harnesses print: libtest and libtest-mimic.

use crate::line_source::{is_test_list_end, is_test_start};

/// The lines of test harnesses.
#[derive(Debug, Default)]
pub struct TestLines {
    /// Lines `running N tests`.
    starts: usize,
    /// Lines `test result: `, and last lines of a list of tests.
    results: usize,
    /// Lines `test NAME ... `.
    cases: usize,
    /// The sum of the numbers in the `test result: ` lines, without the tests that were filtered out.
    cases_in_results: usize,
}

impl TestLines {
    /// Counts the line.
    pub fn observe(&mut self, text: &str) {
        if is_test_start(text) {
            self.starts += 1;
        } else if is_test_list_end(text) {
            self.results += 1;
        } else if let Some(result) = text.strip_prefix("test result: ") {
            self.results += 1;
            let count = |label: &str| -> usize {
                let parts = result.split([';', '.']);
                let count = parts.filter_map(|part| part.trim().strip_suffix(label));
                count
                    .filter_map(|count| count.trim().parse::<usize>().ok())
                    .sum()
            };
            self.cases_in_results += count(" passed") + count(" failed") + count(" ignored");
        } else if text.starts_with("test ") && text.contains(" ... ") {
            self.cases += 1;
        }
    }

    /// Whether each harness that has started has printed its result.
    pub fn is_complete(&self) -> bool {
        self.results > 0 && self.results >= self.starts
    }

    /// The number of lines of test cases, and the number of test cases in the results, if there are
    /// fewer lines. Lines are lost if the program prints faster than the kernel writes its debuglog to
    /// the serial port. Harnesses that print one character for each case have no such lines.
    pub fn lost(&self) -> Option<(usize, usize)> {
        let is_lost = self.cases > 0 && self.cases < self.cases_in_results && self.is_complete();
        is_lost.then_some((self.cases, self.cases_in_results))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(lines: &[&str]) -> TestLines {
        let mut test_lines = TestLines::default();
        for line in lines {
            test_lines.observe(line);
        }
        test_lines
    }

    #[test]
    fn complete_output_has_lost_no_line() {
        let lines = count(&[
            "running 3 tests",
            "test a ... ok",
            "test b - should panic ... FAILED",
            "test c ... ignored",
            "test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.08s",
        ]);
        assert!(lines.is_complete());
        assert_eq!(lines.lost(), None);
    }

    #[test]
    fn only_lines_of_cases_count_as_cases() {
        let result = "test result: ok. 2 passed; 0 failed; 0 ignored";
        let lines = count(&[
            "running 2 tests",
            "test a ... ok",
            "test data",
            "x ... y",
            result,
        ]);
        assert_eq!(lines.lost(), Some((1, 2)));
    }

    #[test]
    fn lost_lines_are_counted() {
        let result = "test result: ok. 20 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out";
        let lines = count(&["running 21 tests", "test a ... ok", "test b ... ok", result]);
        assert_eq!(lines.lost(), Some((2, 21)));
        let terse = count(&["running 21 tests", ".....................", result]);
        assert_eq!(terse.lost(), None);
    }

    #[test]
    fn result_of_a_child_does_not_complete_the_output_of_its_parent() {
        let result = "test result: ok. 1 passed; 0 failed; 0 ignored";
        let mut lines = count(&["running 2 tests", "running 1 test", "test x ... ok", result]);
        assert!(!lines.is_complete());
        lines.observe(result);
        assert!(lines.is_complete());
        assert!(count(&["a: test", "", "1 test, 0 benchmarks"]).is_complete());
        assert!(!count(&["running 1 test"]).is_complete() && !count(&[]).is_complete());
    }
}
