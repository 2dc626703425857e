//! The output of a call, and the messages of ffx in it.

use crate::process::Stream;
use serde_json::Value;

/// Limit for the kept part of each stream, in bytes.
const MAX_LEN: usize = 1 << 20;
/// Number of lines of an error message that are printed.
const MESSAGE_LINES: usize = 8;

/// Parts of messages with which ffx refuses a call that it does not know
/// (argh; `frontends/ffx/src/main.rs`: 2023, 2024, 2026).
const REJECTIONS: [&str; 9] = [
    "Unrecognized argument: ",
    "Unknown ffx tool ",
    "No value provided for option ",
    "Error parsing option ",
    "Error parsing positional argument ",
    "Required options not provided",
    "Required positional arguments not provided",
    "One of the following subcommands must be present",
    "The machine flag is not supported",
];

/// Output of a call.
#[derive(Debug, Default)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Adds a line.
    pub fn push(&mut self, stream: Stream, line: &[u8]) {
        let text = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        if text.len() < MAX_LEN {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
    }

    /// Both streams.
    pub fn all(&self) -> String {
        format!("{}{}", self.stderr, self.stdout)
    }

    /// Whether ffx does not know the call.
    pub fn rejects_call(&self) -> bool {
        let all = self.all();
        REJECTIONS.iter().any(|rejection| all.contains(rejection))
    }

    /// The error message of a call that failed: the message in the JSON object on stdout, which a call
    /// with `--machine json` prints since 2025 (`command/src/lib.rs`); else the last lines of stderr, or
    /// of stdout.
    pub fn message(&self) -> String {
        let objects = self.stdout.lines().rev();
        let mut objects = objects.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(message) = objects.find_map(|object| find_message(&object)) {
            return message.trim().to_owned();
        }
        let lines = |text: &str| -> Vec<String> {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(str::to_owned).collect()
        };
        let mut message = lines(&self.stderr);
        if message.is_empty() {
            message = lines(&self.stdout);
        }
        if message.is_empty() {
            return "no message".to_owned();
        }
        message
            .split_off(message.len().saturating_sub(MESSAGE_LINES))
            .join("\n  ")
    }

    /// The last line of stderr.
    pub fn last_message(&self) -> String {
        let mut lines = self.stderr.lines().rev().map(str::trim);
        lines
            .find(|line| !line.is_empty())
            .unwrap_or_default()
            .to_owned()
    }
}

/// Finds a field `message`, at the top level or one level below it.
fn find_message(object: &Value) -> Option<String> {
    let inner = object.as_object()?.values();
    let mut candidates = std::iter::once(object).chain(inner);
    candidates.find_map(|candidate| Some(candidate["message"].as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(stdout: &str, stderr: &str) -> Output {
        Output {
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn message_is_taken_from_json_or_stderr_or_stdout() {
        for (stdout, stderr, message) in [
            (
                "{\"type\":\"user\",\"message\":\"no SDK\",\"code\":1}\n",
                "warning",
                "no SDK",
            ),
            ("{\"user_error\":{\"message\":\"no SDK\"}}\n", "", "no SDK"),
            ("[]\n", "\nno SDK\n\n", "no SDK"),
            ("Unknown ffx tool `x`.\n", "", "Unknown ffx tool `x`."),
            ("", "", "no message"),
            (
                "",
                "BUG: An internal error.\nError: x",
                "BUG: An internal error.\n  Error: x",
            ),
        ] {
            assert_eq!(output(stdout, stderr).message(), message);
        }
    }

    #[test]
    fn rejected_call_is_recognized_on_both_streams() {
        assert!(output("", "Unrecognized argument: --background\n\n").rejects_call());
        assert!(output("Unknown ffx tool `emu`. Did you mean", "").rejects_call());
        assert!(!output("", "Emulator process failed to launch.").rejects_call());
    }
}
