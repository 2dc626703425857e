//! One line of the console, without what the kernel puts before it.

/// A line, and which process printed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The process that the kernel names: 0 for itself. `None` for what went straight to the
    /// serial port, as `zx_debug_write` does.
    pub pid: Option<u64>,
    /// The tags of newer logs, `userboot` for instance.
    pub tags: String,
    /// The rest, without escape sequences. Not always UTF-8.
    pub bytes: Vec<u8>,
}

impl Line {
    /// Takes a line apart. Known prefixes: `[00000.226] 01142:01160> ` of the debuglog (with a
    /// dot between the two in 2018),
    /// `[00000.226][1142][1160][tags] INFO: ` of the system's log.
    pub fn read(raw: &[u8]) -> Self {
        let bytes = plain(raw);
        let text = String::from_utf8_lossy(&bytes);
        // A prefix is ASCII, so its length is the same in the bytes.
        match prefix(&text) {
            Some((pid, tags, length)) => Self {
                pid: Some(pid),
                tags: tags.to_owned(),
                bytes: bytes[length..].to_vec(),
            },
            None => Self {
                pid: None,
                tags: String::new(),
                bytes,
            },
        }
    }

    /// The line as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// What follows the name of `who`, if the line says that it comes from it.
    pub fn said_by(&self, who: &str) -> Option<String> {
        let text = self.text();
        let named = text
            .strip_prefix(who)
            .and_then(|text| text.strip_prefix(": "));
        match named {
            Some(text) => Some(text.to_owned()),
            None => self
                .tags
                .split(',')
                .any(|tag| tag.trim() == who)
                .then_some(text),
        }
    }
}

/// Process, tags and length of the prefix.
fn prefix(text: &str) -> Option<(u64, &str, usize)> {
    let (time, rest) = text.strip_prefix('[')?.split_once(']')?;
    let (seconds, fraction) = time.split_once('.')?;
    if number(seconds.trim_start()).is_none() || number(fraction).is_none() {
        return None;
    }
    let length = |rest: &str| text.len() - rest.len();
    if let Some(rest) = rest.strip_prefix(' ') {
        let (ids, _) = rest.split_once('>')?;
        let (pid, tid) = ids.split_once([':', '.'])?;
        number(tid)?;
        let behind = &rest[ids.len() + 1..];
        let behind = behind.strip_prefix(' ').unwrap_or(behind);
        return Some((number(pid)?, "", length(behind)));
    }
    let (pid, rest) = rest.strip_prefix('[')?.split_once(']')?;
    let (tid, rest) = rest.strip_prefix('[')?.split_once(']')?;
    number(tid)?;
    let (tags, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((tags, rest)) => (tags, rest),
        None => ("", rest),
    };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let severities = [
        "TRACE", "DEBUG", "INFO", "WARNING", "WARN", "ERROR", "FATAL",
    ];
    let behind = severities
        .iter()
        .find_map(|severity| rest.strip_prefix(severity)?.strip_prefix(':'));
    let rest = behind.map_or(rest, |rest| rest.strip_prefix(' ').unwrap_or(rest));
    Some((number(pid)?, tags, length(rest)))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// Without escape sequences (ECMA-48: CSI and two-byte ones), carriage returns and NULs.
fn plain(raw: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | 0 => {}
            0x1b => {
                if bytes.next() == Some(b'[') {
                    // Parameters and intermediates, up to the final byte.
                    let _ = bytes.find(|byte| (0x40..=0x7e).contains(byte));
                }
            }
            byte => plain.push(byte),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(raw: &[u8]) -> (Option<u64>, String) {
        let line = Line::read(raw);
        (line.pid, line.text())
    }

    #[test]
    fn the_debuglogs_prefix_is_dropped() {
        assert_eq!(
            read(b"[00000.226] 01142:01160> hello\r"),
            (Some(1142), "hello".to_owned())
        );
        assert_eq!(
            read(b"[00000.226] 01142:01160>   two"),
            (Some(1142), "  two".to_owned())
        );
        assert_eq!(
            read(b"[00000.226] 01142.01160> hello"),
            (Some(1142), "hello".to_owned())
        );
        assert_eq!(
            read(b"[00000.226] 01142:01160> "),
            (Some(1142), String::new())
        );
    }

    #[test]
    fn the_system_logs_prefix_is_dropped() {
        let line = Line::read(b"[00012.345][1142][1160][userboot, x] INFO: hello");
        assert_eq!(
            (line.pid, &*line.tags, &*line.text()),
            (Some(1142), "userboot, x", "hello")
        );
        assert_eq!(line.said_by("userboot").as_deref(), Some("hello"));
        assert_eq!(read(b"[12.3][1][2] hello"), (Some(1), "hello".to_owned()));
    }

    #[test]
    fn what_only_looks_like_a_prefix_stays() {
        for text in [
            "[a.b] 1:2> x",
            "[1.2] x",
            "[1] 2:3> x",
            "[",
            "[1.2]",
            "[1.2][3] x",
            "hello",
        ] {
            assert_eq!(read(text.as_bytes()), (None, text.to_owned()));
        }
    }

    #[test]
    fn escape_sequences_are_dropped() {
        assert_eq!(
            read(b"\x1b[1;31mFAILED\x1b[0m\x1bc."),
            (None, "FAILED.".to_owned())
        );
        assert_eq!(read(b"cut \x1b[1"), (None, "cut ".to_owned()));
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let line = Line::read(b"[00000.226] 01142:01160> a\xff\xfeb");
        assert_eq!(line.bytes, b"a\xff\xfeb");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(raw in proptest::collection::vec(any::<u8>(), 0..60), text in "\\[[0-9.\\]\\[: >A-Z]{0,40}") {
            Line::read(&raw);
            Line::read(text.as_bytes());
        }
    }
}
