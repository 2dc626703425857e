//! Parses console lines: separates the kernel's prefix from the text.

/// A console line without the kernel's prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The koid of the process that printed the line; 0 is the kernel. `None` if the line has no
    /// prefix, which is the case for `zx_debug_write`.
    pub process: Option<u64>,
    /// The tags of the line, such as `userboot`. Only lines of the system log have them.
    pub tags: String,
    /// The text without escape sequences. Not necessarily UTF-8.
    pub bytes: Vec<u8>,
}

impl Line {
    /// Parses a line. Known prefixes:
    ///
    /// - `[00000.226] 01142:01160> ` in the debuglog; kernels of 2018 write `.` for the `:` (measured)
    /// - `[00000.226][1142][1160][tags] INFO: ` in the system log
    pub fn parse(raw: &[u8]) -> Self {
        let bytes = strip_escapes(raw);
        let text = String::from_utf8_lossy(&bytes);
        // The prefix is ASCII, so its length in `text` is its length in `bytes`.
        match parse_prefix(&text) {
            Some((process, tags, length)) => Self {
                process: Some(process),
                tags: tags.to_owned(),
                bytes: bytes[length..].to_vec(),
            },
            None => Self {
                process: None,
                tags: String::new(),
                bytes,
            },
        }
    }

    /// The text. Invalid UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The message, if the line is labeled as one of `component`: by `component: ` at the start
    /// of the text, or by a tag.
    pub fn message_from(&self, component: &str) -> Option<String> {
        let text = self.text();
        let message = text
            .strip_prefix(component)
            .and_then(|text| text.strip_prefix(": "));
        match message {
            Some(message) => Some(message.to_owned()),
            None => self
                .tags
                .split(',')
                .any(|tag| tag.trim() == component)
                .then_some(text),
        }
    }
}

/// Returns the koid of the process, the tags, and the length of the prefix.
fn parse_prefix(text: &str) -> Option<(u64, &str, usize)> {
    let (time, rest) = text.strip_prefix('[')?.split_once(']')?;
    let (seconds, fraction) = time.split_once('.')?;
    if parse_number(seconds.trim_start()).is_none() || parse_number(fraction).is_none() {
        return None;
    }
    let prefix_len = |message: &str| text.len() - message.len();
    if let Some(rest) = rest.strip_prefix(' ') {
        let (ids, _) = rest.split_once('>')?;
        let (process, thread) = ids.split_once([':', '.'])?;
        parse_number(thread)?;
        let message = &rest[ids.len() + 1..];
        let message = message.strip_prefix(' ').unwrap_or(message);
        return Some((parse_number(process)?, "", prefix_len(message)));
    }
    let (process, rest) = rest.strip_prefix('[')?.split_once(']')?;
    let (thread, rest) = rest.strip_prefix('[')?.split_once(']')?;
    parse_number(thread)?;
    let (tags, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((tags, rest)) => (tags, rest),
        None => ("", rest),
    };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let severities = [
        "TRACE", "DEBUG", "INFO", "WARNING", "WARN", "ERROR", "FATAL",
    ];
    let after_severity = severities
        .iter()
        .find_map(|severity| rest.strip_prefix(severity)?.strip_prefix(':'));
    let message = after_severity.map_or(rest, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    Some((parse_number(process)?, tags, prefix_len(message)))
}

fn parse_number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// Removes escape sequences (ECMA-48: CSI sequences and two-byte sequences), carriage returns and
/// NULs.
fn strip_escapes(raw: &[u8]) -> Vec<u8> {
    let mut stripped = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | 0 => {}
            0x1b => {
                if bytes.next() == Some(b'[') {
                    // Skip parameter and intermediate bytes up to the final byte.
                    let _ = bytes.find(|byte| (0x40..=0x7e).contains(byte));
                }
            }
            byte => stripped.push(byte),
        }
    }
    stripped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(raw: &[u8]) -> (Option<u64>, String) {
        let line = Line::parse(raw);
        (line.process, line.text())
    }

    #[test]
    fn debuglog_prefix_is_removed() {
        assert_eq!(
            parse(b"[00000.226] 01142:01160> hello\r"),
            (Some(1142), "hello".to_owned())
        );
        assert_eq!(
            parse(b"[00000.226] 01142:01160>   two"),
            (Some(1142), "  two".to_owned())
        );
        assert_eq!(
            parse(b"[00000.226] 01142.01160> hello"),
            (Some(1142), "hello".to_owned())
        );
        assert_eq!(
            parse(b"[00000.226] 01142:01160> "),
            (Some(1142), String::new())
        );
    }

    #[test]
    fn system_log_prefix_is_removed() {
        let line = Line::parse(b"[00012.345][1142][1160][userboot, x] INFO: hello");
        assert_eq!(
            (line.process, &*line.tags, &*line.text()),
            (Some(1142), "userboot, x", "hello")
        );
        assert_eq!(line.message_from("userboot").as_deref(), Some("hello"));
        assert_eq!(parse(b"[12.3][1][2] hello"), (Some(1), "hello".to_owned()));
    }

    #[test]
    fn malformed_prefix_is_kept() {
        for text in [
            "[a.b] 1:2> x",
            "[1.2] x",
            "[1] 2:3> x",
            "[",
            "[1.2]",
            "[1.2][3] x",
            "hello",
        ] {
            assert_eq!(parse(text.as_bytes()), (None, text.to_owned()));
        }
    }

    #[test]
    fn escape_sequences_are_removed() {
        assert_eq!(
            parse(b"\x1b[1;31mFAILED\x1b[0m\x1bc."),
            (None, "FAILED.".to_owned())
        );
        assert_eq!(parse(b"cut \x1b[1"), (None, "cut ".to_owned()));
    }

    #[test]
    fn invalid_utf8_is_kept() {
        let line = Line::parse(b"[00000.226] 01142:01160> a\xff\xfeb");
        assert_eq!(line.bytes, b"a\xff\xfeb");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(raw in proptest::collection::vec(any::<u8>(), 0..60), text in "\\[[0-9.\\]\\[: >A-Z]{0,40}") {
            Line::parse(&raw);
            Line::parse(text.as_bytes());
        }
    }
}
