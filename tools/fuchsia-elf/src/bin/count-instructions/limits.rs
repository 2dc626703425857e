//! The number of instructions that `write_memory` is allowed to add, for each architecture.

use object::Architecture;
use std::collections::BTreeMap;

/// Limits by the name of the architecture, as in `--limit x86_64=8`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Limits(BTreeMap<&'static str, usize>);

impl Limits {
    /// Splits the arguments into the limits and the paths of the libraries.
    pub(crate) fn from_arguments(
        arguments: impl IntoIterator<Item = String>,
    ) -> Result<(Self, Vec<String>), String> {
        let (mut limits, mut libraries) = (BTreeMap::new(), Vec::new());
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if argument == "--limit" {
                let limit = arguments.next().ok_or("--limit has no value")?;
                let (architecture, count) = parse(&limit)?;
                limits.insert(architecture, count);
            } else if argument.starts_with('-') {
                return Err(format!("unknown option {argument}"));
            } else {
                libraries.push(argument);
            }
        }
        if libraries.is_empty() {
            return Err("no library given".to_owned());
        }
        Ok((Self(limits), libraries))
    }

    /// Fails if `added` is above the limit of `architecture`, or if it has no limit.
    pub(crate) fn check(&self, architecture: Architecture, added: usize) -> Result<(), String> {
        let name = name(architecture)
            .ok_or_else(|| format!("unsupported architecture {architecture:?}"))?;
        match self.0.get(name) {
            None => Err(format!("no --limit given for {name}")),
            Some(limit) if added > *limit => {
                Err(format!("exceeds the limit of {limit} for {name}"))
            }
            Some(_) => Ok(()),
        }
    }
}

fn parse(limit: &str) -> Result<(&'static str, usize), String> {
    let invalid = || format!("--limit {limit}: expected ARCHITECTURE=COUNT");
    let (given, count) = limit.split_once('=').ok_or_else(invalid)?;
    let count = count.parse().map_err(|_| invalid())?;
    let known = SUPPORTED.map(|architecture| name(architecture).unwrap_or_default());
    match known.into_iter().find(|known| *known == given) {
        Some(architecture) => Ok((architecture, count)),
        None => Err(format!(
            "--limit {limit}: unknown architecture, expected one of {known:?}"
        )),
    }
}

const SUPPORTED: [Architecture; 3] = [
    Architecture::X86_64,
    Architecture::Aarch64,
    Architecture::Riscv64,
];

/// The name that Rust uses in `target_arch`.
fn name(architecture: Architecture) -> Option<&'static str> {
    match architecture {
        Architecture::X86_64 => Some("x86_64"),
        Architecture::Aarch64 => Some("aarch64"),
        Architecture::Riscv64 => Some("riscv64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use object::Architecture;

    fn parse(arguments: &[&str]) -> Result<(Limits, Vec<String>), String> {
        Limits::from_arguments(arguments.iter().copied().map(str::to_owned))
    }

    #[test]
    fn each_architecture_has_its_own_limit() {
        let arguments = [
            "--limit",
            "x86_64=8",
            "--limit",
            "aarch64=11",
            "a.so",
            "b.so",
        ];
        let (limits, libraries) = parse(&arguments).unwrap();
        assert_eq!(libraries, ["a.so", "b.so"]);
        for (architecture, limit) in [(Architecture::X86_64, 8), (Architecture::Aarch64, 11)] {
            assert_eq!(limits.check(architecture, limit), Ok(()));
            let error = limits.check(architecture, limit + 1).unwrap_err();
            assert!(
                error.contains(&format!("exceeds the limit of {limit}")),
                "{error}"
            );
        }
    }

    #[test]
    fn architecture_without_limit_is_an_error() {
        let (limits, _) = parse(&["--limit", "x86_64=8", "a.so"]).unwrap();
        let error = limits.check(Architecture::Riscv64, 0).unwrap_err();
        assert_eq!(error, "no --limit given for riscv64");
        assert!(limits.check(Architecture::Mips, 0).is_err());
    }

    #[test]
    fn invalid_arguments_are_errors() {
        for arguments in [
            &[][..],
            &["--limit", "x86_64=8"],
            &["--limit"],
            &["--limit", "8", "a.so"],
            &["--limit", "x86_64=many", "a.so"],
            &["--limit", "mips=8", "a.so"],
            &["--most", "8", "a.so"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
