bitflags::bitflags! {
    /// What the process itself may do with a mapping: `ZX_VM_PERM_READ`, `_WRITE` and
    /// `_EXECUTE`.
    ///
    /// A debugger's reads and writes do not ask for them.
    ///
    /// ```
    /// use zx_debug_memory::Permissions;
    ///
    /// let text = Permissions::READ | Permissions::EXECUTE;
    /// assert_eq!(text.to_string(), "r-x");
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Permissions: u32 {
        /// The process may read.
        const READ = 1;
        /// The process may write.
        const WRITE = 1 << 1;
        /// The process may execute.
        const EXECUTE = 1 << 2;
    }
}

/// As `r-x`.
impl core::fmt::Display for Permissions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let letters = [(Self::READ, 'r'), (Self::WRITE, 'w'), (Self::EXECUTE, 'x')];
        let shown = letters.map(|(flag, letter)| if self.contains(flag) { letter } else { '-' });
        shown.iter().collect::<String>().fmt(f)
    }
}
