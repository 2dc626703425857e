use std::fmt;

bitflags::bitflags! {
    /// The accesses that a mapping allows to its own process: `ZX_VM_PERM_READ`,
    /// `ZX_VM_PERM_WRITE` and `ZX_VM_PERM_EXECUTE`.
    ///
    /// They do not restrict a debugger: `zx_process_read_memory` and `zx_process_write_memory`
    /// ignore them (measured: July 2019 and April 2021; read in the sources up to 2026).
    ///
    /// ```
    /// use zx_debug_memory::Permissions;
    ///
    /// let text = Permissions::READ | Permissions::EXECUTE;
    /// assert_eq!(text.to_string(), "r-x");
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Permissions: u32 {
        /// The process can read the mapping.
        const READ = 1;
        /// The process can write the mapping.
        const WRITE = 1 << 1;
        /// The process can execute the mapping.
        const EXECUTE = 1 << 2;
    }
}

/// Prints three letters, such as `r-x`.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = [(Self::READ, 'r'), (Self::WRITE, 'w'), (Self::EXECUTE, 'x')];
        let letters = letters.map(|(flag, letter)| if self.contains(flag) { letter } else { '-' });
        // Pads to the formatter's width.
        f.pad(&letters.iter().collect::<String>())
    }
}
