//! The kernel command line: what starts the program there, and what it cannot carry.

use crate::setup::{SetupError, setup};
use std::ffi::OsString;

/// What old kernels keep of the command line, less the closing NUL.
const MAX_LEN: usize = 4095;

/// Who starts the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// `bin/bootsvc`
    Bootsvc,
    /// The kernel's own first process.
    Userboot,
}

impl Start {
    /// What stands between arguments, and can stand in none.
    const fn separator(self) -> char {
        match self {
            Self::Bootsvc => ',',
            Self::Userboot => '+',
        }
    }
}

/// The words for the kernel: `own` of the machine, what starts `program`, `env`, `append`.
///
/// # Errors
///
/// An argument or a variable that does not fit on a kernel command line.
pub fn words(
    own: &[&str],
    start: Start,
    program: &str,
    args: &[OsString],
    env: &[String],
    append: &str,
) -> Result<String, SetupError> {
    let mut next = program.to_owned();
    for arg in args {
        next.push(start.separator());
        next.push_str(check_arg(arg, start)?);
    }
    let mut words = vec![
        "TERM=dumb".to_owned(),
        "kernel.halt-on-panic=true".to_owned(),
    ];
    words.push("kernel.enable-debugging-syscalls=true".to_owned());
    words.extend(own.iter().copied().map(str::to_owned));
    match start {
        // `userboot=` as well would start the program in bootsvc's place on old kernels.
        Start::Bootsvc => words.push(format!("bootsvc.next={next}")),
        Start::Userboot => {
            words.push(format!("userboot.next={next}"));
            // The spelling before about 2021, which knew no arguments.
            words.push(format!("userboot={program}"));
        }
    }
    words.push("userboot.shutdown".to_owned());
    for variable in env.iter().filter(|variable| !variable.is_empty()) {
        words.push(check_variable(variable)?.to_owned());
    }
    for word in append.split_ascii_whitespace() {
        if !word.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(setup(
                format!(
                    "the kernel word {word:?} has a character that a kernel command line cannot carry"
                ),
                "give plain ASCII in --append (FEMU_APPEND)",
            ));
        }
        words.push(word.to_owned());
    }
    let words = words.join(" ");
    if words.len() > MAX_LEN {
        return Err(setup(
            format!(
                "the kernel command line would have {} bytes, and kernels take {MAX_LEN}",
                words.len()
            ),
            "give the program fewer or shorter arguments",
        ));
    }
    Ok(words)
}

fn check_arg(arg: &OsString, start: Start) -> Result<&str, SetupError> {
    let fits = |text: &&str| {
        let fits = |char: char| char.is_ascii_graphic() && char != start.separator();
        !text.is_empty() && text.chars().all(fits)
    };
    arg.to_str().filter(fits).ok_or_else(|| {
        setup(
            format!("the argument {:?} cannot be passed: a kernel command line carries it to the program", arg.to_string_lossy()),
            format!(
                "give arguments of plain ASCII that are not empty and have no space and no '{}'; \
                 or pass the value as an environment variable (--env K=V)",
                start.separator()
            ),
        )
    })
}

fn check_variable(variable: &str) -> Result<&str, SetupError> {
    let named = variable
        .split_once('=')
        .is_some_and(|(name, _)| !name.is_empty());
    if named && variable.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(variable);
    }
    Err(setup(
        format!(
            "the variable {variable:?} cannot be passed: a kernel command line carries it to the program"
        ),
        "give --env (FEMU_ENV) NAME=VALUE in plain ASCII without spaces",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(start: Start, args: &[&str]) -> Result<String, SetupError> {
        let args: Vec<_> = args.iter().map(OsString::from).collect();
        words(
            &["a=b"],
            start,
            "bin/t",
            &args,
            &["K=V".to_owned()],
            " x  y=z ",
        )
    }

    #[test]
    fn bootsvc_gets_its_arguments_behind_commas_and_userboot_is_not_told() {
        let words = with(Start::Bootsvc, &["--list", "x+y"]).unwrap();
        assert!(
            words.contains(" bootsvc.next=bin/t,--list,x+y userboot.shutdown K=V x y=z"),
            "{words}"
        );
        assert!(!words.contains(" userboot="), "{words}");
        assert!(
            words.contains(" kernel.enable-debugging-syscalls=true a=b "),
            "{words}"
        );
    }

    #[test]
    fn userboot_gets_both_spellings() {
        let words = with(Start::Userboot, &["--list", "x,y"]).unwrap();
        assert!(
            words.contains(" userboot.next=bin/t+--list+x,y userboot=bin/t userboot.shutdown"),
            "{words}"
        );
    }

    #[test]
    fn arguments_that_would_not_arrive_whole_are_refused() {
        for arg in ["a b", "a,b", "", "é", "a\tb", "a\nb"] {
            let error = with(Start::Bootsvc, &[arg]).unwrap_err().to_string();
            assert!(
                error.contains(&format!("the argument {arg:?} cannot be passed")),
                "{error}"
            );
        }
        assert!(with(Start::Userboot, &["a+b"]).is_err());
    }

    #[test]
    fn variables_without_a_name_are_refused() {
        for variable in ["K", "=V", "K=a b"] {
            assert!(
                words(
                    &[],
                    Start::Bootsvc,
                    "bin/t",
                    &[],
                    &[variable.to_owned()],
                    ""
                )
                .is_err()
            );
        }
    }

    #[test]
    fn a_line_longer_than_the_kernel_takes_is_refused() {
        let error = with(Start::Bootsvc, &["x".repeat(5000).as_str()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("kernels take 4095"), "{error}");
    }
}
