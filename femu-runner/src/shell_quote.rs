//! Quotes commands for a shell.

use std::ffi::OsString;

/// Quotes the argument vector for a shell.
pub fn shell_quote(argv: &[OsString]) -> String {
    let quoted = argv.iter().map(|arg| {
        let arg = arg.to_string_lossy();
        let needs_no_quotes =
            |char: char| char.is_ascii_alphanumeric() || "-_./=,+:".contains(char);
        if !arg.is_empty() && arg.chars().all(needs_no_quotes) {
            return arg.into_owned();
        }
        format!("'{}'", arg.replace('\'', r"'\''"))
    });
    quoted.collect::<Vec<_>>().join(" ")
}
