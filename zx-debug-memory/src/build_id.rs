use std::fmt;

/// The build ID of an ELF image: the contents of its note `NT_GNU_BUILD_ID`.
///
/// The linker derives it from the contents of the file, so it identifies the file, and the one with its debug information.
/// `Display` prints it as `readelf -n` does, in lower-case hex.
///
/// An example is at [`Modules`](crate::Modules).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildId(Box<[u8]>);

impl BuildId {
    /// The greatest length of a build ID, in bytes. A longer one is ignored.
    ///
    /// Linkers write 8 to 20 bytes, unless the user chooses the bytes. Fuchsia's debugger has the same
    /// limit (read in the source of 2018), and elf-search one of 32 (read in the source).
    pub const MAX_LEN: usize = 64;

    /// Returns `None` if the length is 0 or greater than `MAX_LEN`.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        (1..=Self::MAX_LEN)
            .contains(&bytes.len())
            .then(|| Self(bytes.into()))
    }

    /// Returns the bytes.
    ///
    /// An example is at [`Modules`](crate::Modules).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Prints the bytes in hex.
impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Prints the bytes in hex.
impl fmt::Debug for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::BuildId;

    #[test]
    fn build_id_is_printed_in_hex() {
        let build_id = BuildId::new(&[0, 0x0f, 0xab]).unwrap();
        assert_eq!(build_id.as_bytes(), [0, 0x0f, 0xab]);
        assert_eq!(build_id.to_string(), "000fab");
        assert_eq!(format!("{build_id:?}"), "BuildId(000fab)");
    }

    #[test]
    fn build_id_has_one_to_64_bytes() {
        for (len, is_accepted) in [(0, false), (1, true), (64, true), (65, false)] {
            assert_eq!(BuildId::new(&vec![1; len]).is_some(), is_accepted, "{len}");
        }
    }
}
