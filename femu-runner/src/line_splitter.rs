//! Splits a byte stream into lines of bounded length.

/// Longer lines are returned in pieces of this length.
pub const MAX_LEN: usize = 16 * 1024;

/// Collects bytes until a line is complete.
#[derive(Debug, Default)]
pub struct LineSplitter {
    incomplete: Vec<u8>,
}

impl LineSplitter {
    /// Returns the lines that `bytes` complete, without their line feeds.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for &byte in bytes {
            if byte == b'\n' {
                lines.push(std::mem::take(&mut self.incomplete));
                continue;
            }
            self.incomplete.push(byte);
            if self.incomplete.len() == MAX_LEN {
                lines.push(std::mem::take(&mut self.incomplete));
            }
        }
        lines
    }

    /// Returns the last line if the stream does not end with a line feed.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.incomplete)).filter(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_do_not_depend_on_chunk_size(text in "[a-c\n]{0,60}", chunk_len in 1..9_usize) {
            let mut at_once = LineSplitter::default();
            let mut expected = at_once.push(text.as_bytes());
            expected.extend(at_once.finish());
            let mut chunked = LineSplitter::default();
            let mut lines: Vec<_> = text.as_bytes().chunks(chunk_len).flat_map(|chunk| chunked.push(chunk)).collect();
            lines.extend(chunked.finish());
            prop_assert_eq!(&lines, &expected);
            let std_lines: Vec<_> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(lines, std_lines);
        }
    }

    #[test]
    fn long_line_is_returned_in_pieces() {
        let mut splitter = LineSplitter::default();
        assert_eq!(splitter.push(&vec![b'x'; 2 * MAX_LEN + 1]).len(), 2);
        assert_eq!(splitter.finish().as_deref(), Some(&b"x"[..]));
    }
}
