//! Bytes into lines of a bounded length.

/// A longer line is handed on in pieces.
pub const MAX_LEN: usize = 16 * 1024;

/// Collects bytes until a line is whole.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// The lines that `bytes` complete, without their end.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                found.push(std::mem::take(&mut self.begun));
                continue;
            }
            self.begun.push(byte);
            if self.begun.len() == MAX_LEN {
                found.push(std::mem::take(&mut self.begun));
            }
        }
        found
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> Vec<Vec<u8>> {
        let last = std::mem::take(&mut self.begun);
        if last.is_empty() {
            Vec::new()
        } else {
            vec![last]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn how_the_bytes_come_does_not_matter(text in "[a-c\n]{0,60}", step in 1..9_usize) {
            let mut whole = Lines::default();
            let mut expected = whole.push(text.as_bytes());
            expected.extend(whole.finish());
            let mut parts = Lines::default();
            let mut found: Vec<_> = text.as_bytes().chunks(step).flat_map(|part| parts.push(part)).collect();
            found.extend(parts.finish());
            prop_assert_eq!(&found, &expected);
            let lines: Vec<_> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(found, lines);
        }
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(&vec![b'x'; 2 * MAX_LEN + 1]).len(), 2);
        assert_eq!(lines.finish(), [b"x"]);
    }
}
