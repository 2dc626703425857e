//! Builds the kernel command line, which starts the program and carries its arguments and
//! environment variables.

use crate::boot_image::Bootsvc;
use crate::setup_error::SetupError;
use std::ffi::OsString;

/// Kernels of 2018 to 2021 have a buffer of 4096 bytes, which includes the NUL (`kCmdlineMax`, read in
/// the sources).
const MAX_LEN: usize = 4095;

/// Process that starts the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launcher {
    /// `bin/bootsvc`
    Bootsvc(Bootsvc),
    /// The kernel's first process.
    Userboot,
}

impl Launcher {
    /// The separator between arguments. No argument can contain it.
    const fn separator(self) -> char {
        match self {
            Self::Bootsvc(_) => ',',
            Self::Userboot => '+',
        }
    }
}

/// Builds the kernel command line: the options that the board requires, the options that start
/// `program`, the variables of `env`, then the options of `append`.
///
/// `debugging_syscalls` is the value of `kernel.enable-debugging-syscalls`. A false value is written
/// too: the boot image can contain a command line that sets the option to true.
///
/// # Errors
///
/// An argument, a variable or an option cannot be written on a kernel command line, or the
/// command line is too long.
pub fn build(
    debugging_syscalls: bool,
    board_options: &[&str],
    launcher: Launcher,
    program: &str,
    args: &[OsString],
    env: &[(String, String)],
    append: &str,
) -> Result<String, SetupError> {
    let mut next = program.to_owned();
    for arg in args {
        next.push(launcher.separator());
        next.push_str(check_arg(arg, launcher)?);
    }
    let mut options = vec![
        "TERM=dumb".to_owned(),
        "kernel.halt-on-panic=true".to_owned(),
        format!("kernel.enable-debugging-syscalls={debugging_syscalls}"),
        // Since December 2019, kernels require it for `zx_debug_write`, which is the only output of
        // a program without stdio (commit 27bc8abaf47; measured: April 2021).
        "kernel.enable-serial-syscalls=true".to_owned(),
    ];
    options.extend(board_options.iter().copied().map(str::to_owned));
    match launcher {
        // No `userboot=` here: kernels until April 2021 at least would start the program instead of
        // bootsvc.
        Launcher::Bootsvc(_) => options.push(format!("bootsvc.next={next}")),
        Launcher::Userboot => {
            options.push(format!("userboot.next={next}"));
            // The option's name until April 2021 at least (measured). It takes no arguments.
            options.push(format!("userboot={program}"));
        }
    }
    options.push("userboot.shutdown".to_owned());
    for (name, value) in env {
        options.push(check_variable(format!("{name}={value}"))?);
    }
    for option in append.split_ascii_whitespace() {
        if !option.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SetupError::new(
                format!("cannot pass the kernel option {option:?}: not printable ASCII"),
                "give printable ASCII in --append (FEMU_APPEND)",
            ));
        }
        options.push(option.to_owned());
    }
    let command_line = options.join(" ");
    if command_line.len() > MAX_LEN {
        return Err(SetupError::new(
            format!(
                "the kernel command line has {} bytes; kernels accept {MAX_LEN}",
                command_line.len()
            ),
            "give the program fewer or shorter arguments",
        ));
    }
    Ok(command_line)
}

fn check_arg(arg: &OsString, launcher: Launcher) -> Result<&str, SetupError> {
    let is_valid = |text: &&str| {
        let is_valid_char = |char: char| char.is_ascii_graphic() && char != launcher.separator();
        !text.is_empty() && text.chars().all(is_valid_char)
    };
    arg.to_str().filter(is_valid).ok_or_else(|| {
        SetupError::new(
            format!(
                "cannot pass the argument {:?} on the kernel command line",
                arg.to_string_lossy()
            ),
            format!(
                "arguments must be non-empty printable ASCII without spaces and '{}'",
                launcher.separator()
            ),
        )
    })
}

fn check_variable(variable: String) -> Result<String, SetupError> {
    if variable.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(variable);
    }
    Err(SetupError::new(
        format!("cannot pass the variable {variable:?} on the kernel command line"),
        "give --env (FEMU_ENV) NAME=VALUE in printable ASCII without spaces",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTSVC: Launcher = Launcher::Bootsvc(Bootsvc {
        drops_environment: false,
        reports_end: false,
    });

    fn build_with_args(launcher: Launcher, args: &[&str]) -> Result<String, SetupError> {
        let args: Vec<_> = args.iter().map(OsString::from).collect();
        build(
            true,
            &["a=b"],
            launcher,
            "bin/t",
            &args,
            &[("K".to_owned(), "V".to_owned())],
            " x  y=z ",
        )
    }

    #[test]
    fn bootsvc_arguments_are_separated_by_commas() {
        let command_line = build_with_args(BOOTSVC, &["--list", "x+y"]).unwrap();
        assert!(
            command_line.contains(" bootsvc.next=bin/t,--list,x+y userboot.shutdown K=V x y=z"),
            "{command_line}"
        );
        assert!(!command_line.contains(" userboot="), "{command_line}");
        assert!(
            command_line.contains(
                " kernel.enable-debugging-syscalls=true kernel.enable-serial-syscalls=true a=b "
            ),
            "{command_line}"
        );
    }

    #[test]
    fn disabled_debugging_syscalls_are_set_to_false() {
        let command_line = build(false, &[], Launcher::Userboot, "bin/t", &[], &[], "").unwrap();
        let options: Vec<_> = command_line
            .split(' ')
            .filter(|option| option.contains("debugging-syscalls"))
            .collect();
        assert_eq!(options, ["kernel.enable-debugging-syscalls=false"]);
    }

    #[test]
    fn userboot_options_have_both_names() {
        let command_line = build_with_args(Launcher::Userboot, &["--list", "x,y"]).unwrap();
        assert!(
            command_line
                .contains(" userboot.next=bin/t+--list+x,y userboot=bin/t userboot.shutdown"),
            "{command_line}"
        );
    }

    #[test]
    fn unrepresentable_arguments_are_rejected() {
        for arg in ["a b", "a,b", "", "é", "a\tb", "a\nb"] {
            let error = build_with_args(BOOTSVC, &[arg]).unwrap_err().to_string();
            assert!(
                error.contains(&format!("cannot pass the argument {arg:?}")),
                "{error}"
            );
        }
        assert!(build_with_args(Launcher::Userboot, &["a+b"]).is_err());
    }

    #[test]
    fn unrepresentable_variables_are_rejected() {
        for value in ["a b", "\u{e9}", "a\nb"] {
            assert!(
                build(
                    true,
                    &[],
                    BOOTSVC,
                    "bin/t",
                    &[],
                    &[("K".to_owned(), value.to_owned())],
                    ""
                )
                .is_err()
            );
        }
    }

    #[test]
    fn too_long_command_line_is_rejected() {
        let error = build_with_args(BOOTSVC, &["x".repeat(5000).as_str()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("kernels accept 4095"), "{error}");
    }
}
