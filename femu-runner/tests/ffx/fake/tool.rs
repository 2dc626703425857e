//! One call of ffx, and the ways in which it fails.

use super::definitions::{Call, Profile};
use std::process::ExitCode;

/// One call.
pub struct Tool {
    pub profile: Profile,
    pub call: Call,
}

/// How a call ends that does not succeed.
#[derive(Debug)]
pub struct End {
    pub message: String,
    pub status: u8,
    pub to_stdout: bool,
    pub is_json: bool,
}

impl End {
    /// An error that ffx expects.
    pub fn user(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            status: 1,
            to_stdout: false,
            is_json: false,
        }
    }

    /// An error that ffx does not expect.
    pub fn bug(message: &str) -> Self {
        Self::user(format!(
            "BUG: An internal command error occurred.\nError: {message}\nMore information may be \
             available in ffx host logs (ffx.log) in directory:\n    /logs"
        ))
    }

    pub fn print(&self) -> ExitCode {
        if self.is_json {
            let kind = "user";
            let json =
                serde_json::json!({ "type": kind, "message": self.message, "code": self.status });
            println!("{json}");
        } else if self.to_stdout {
            println!("{}", self.message);
        } else if !self.message.is_empty() {
            eprintln!("{}", self.message);
        }
        ExitCode::from(self.status)
    }
}
