//! The ffx engine: packages the program and runs it as a test in the emulator of Fuchsia's SDK.
//!
//! **Tested only against a fake ffx.** `commands` contains all commands for the SDK's tools, so
//! that they can be corrected in one place.

mod commands;
mod package;
mod run_summary;
mod sdk;

use crate::cli::{Accel, Options};
use crate::engine::{Outcome, load_program, print_message};
use crate::process::{self, LineAction, ProcessEnd, Stream};
use crate::qemu::shell_quote;
use crate::setup_error::SetupError;
use crate::verdict::Verdict;
use commands::CommandTemplate;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const EMULATOR: &str = "femu-runner";
const REPOSITORY: &str = "femu-runner";
/// QEMU rejects socket paths of 108 bytes and more. ffx appends up to about 48 bytes to the path
/// of the isolate directory.
const MAX_ISOLATE_PATH: usize = 60;
/// ffx applies the time limit to the start of the emulator itself. The runner's limit is longer,
/// so that ffx can report its own timeout.
const EXTRA_TIME: Duration = Duration::from_secs(10);
/// Limit for the kept part of a command's stdout.
const MAX_STDOUT: usize = 1 << 20;

/// Runs the program with the ffx engine.
///
/// # Errors
///
/// An option or a part of the SDK is missing or unusable, or a command failed. The result of the
/// program is unknown.
pub fn run(options: &Options) -> Result<Outcome, SetupError> {
    let sdk = sdk::find(options.sdk.as_deref())?;
    let (architecture, program) = load_program(options.program())?;
    let bundle = options.bundle.as_deref().ok_or_else(|| {
        SetupError::new(
            "the ffx engine requires a product bundle",
            "give it with --bundle (FEMU_BUNDLE); `ffx product download` downloads one",
        )
    })?;
    let work_dir = tempfile::Builder::new().prefix("femu").tempdir();
    let work_dir = work_dir.map_err(|error| {
        SetupError::new(
            format!("cannot create a temporary directory: {error}"),
            "set TMPDIR",
        )
    })?;
    let work = work_dir.path();
    let isolate_dir = options
        .isolate_dir
        .clone()
        .unwrap_or_else(|| work.join("i"));
    if isolate_dir.as_os_str().len() > MAX_ISOLATE_PATH {
        return Err(SetupError::new(
            format!(
                "the path {} is too long for the emulator's sockets",
                isolate_dir.display()
            ),
            "give a directory with a short path with --isolate-dir (FEMU_ISOLATE_DIR), or set \
             TMPDIR",
        ));
    }
    let file_name = options
        .program()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let package_name = package::name(&file_name);
    let accel = match options.accel() {
        Accel::Auto => "auto",
        Accel::Kvm => "hyper",
        Accel::Tcg => "none",
    };
    let text = |path: &Path| path.display().to_string();
    let session = Session {
        options,
        placeholders: vec![
            ("ffx", text(&sdk.ffx)),
            ("cmc", text(&sdk.cmc)),
            ("sdk", text(&sdk.root)),
            ("isolate", text(&isolate_dir)),
            ("work", text(work)),
            ("bundle", bundle.to_owned()),
            ("emulator", EMULATOR.to_owned()),
            ("repository", REPOSITORY.to_owned()),
            ("package", package_name.clone()),
            ("accel", accel.to_owned()),
            ("seconds", options.timeout.to_string()),
            ("api_level", options.api_level.clone()),
            (
                "debugging_syscalls",
                options.debugging_syscalls().to_string(),
            ),
        ],
    };
    let program_path = format!("bin/{package_name}");
    let mut files = vec![(program_path.clone(), work.join("program"))];
    files.extend(sdk.libraries(architecture)?);
    for lib in options.libs.iter().filter(|lib| !lib.is_empty()) {
        let (name, file) = lib
            .split_once('=')
            .unwrap_or((lib.rsplit('/').next().unwrap_or(lib), lib));
        files.push((
            format!("lib/{}", name.trim_start_matches("lib/")),
            PathBuf::from(file),
        ));
    }
    let write = |name: &str, data: &[u8]| {
        fs::write(work.join(name), data).map_err(|error| {
            SetupError::new(
                format!("cannot write {name}: {error}"),
                "free disk space, or set TMPDIR",
            )
        })
    };
    write("program", &program)?;
    write(
        "component.cml",
        package::component(&program_path).as_bytes(),
    )?;
    write("meta-package", package::meta(&package_name).as_bytes())?;
    write(
        "package.manifest",
        package::manifest(work, &package_name, &files).as_bytes(),
    )?;
    let result = session.run();
    session.clean_up(&result, options.isolate_dir.is_some());
    match result {
        Ok(outcome) => Ok(outcome),
        Err(SessionError::Interrupted(signal)) => Ok(Outcome::Interrupted(signal)),
        Err(SessionError::Setup(error)) => Err(error),
    }
}

/// Why a session ended before the result was known.
enum SessionError {
    Setup(SetupError),
    Interrupted(i32),
}

/// Output of a command.
#[derive(Default)]
struct Output {
    stdout: String,
    stderr: String,
}

/// The commands of one run.
struct Session<'a> {
    options: &'a Options,
    /// Names and values of the placeholders in `commands`.
    placeholders: Vec<(&'static str, String)>,
}

impl Session<'_> {
    fn run(&self) -> Result<Outcome, SessionError> {
        self.check_version(&self.run_checked(&commands::VERSION)?);
        for command in &commands::CONFIGURE {
            self.run_checked(command)?;
        }
        let state = emulator_state(&self.run_checked(&commands::LIST_EMULATORS)?);
        if state.as_deref() != Some("running") {
            if state.is_some() {
                // A dead emulator still occupies its name.
                self.run_checked(&commands::STOP_EMULATOR)?;
            }
            self.run_checked(&commands::START_EMULATOR)?;
        }
        for command in &commands::PUBLISH {
            self.run_checked(command)?;
        }
        let (end, _) = self.run_command(&commands::TEST, true)?;
        if self.options.dry_run {
            return Ok(Outcome::DryRun);
        }
        if end == ProcessEnd::TimedOut {
            let reason = "stopped at the time limit; --timeout (FEMU_TIMEOUT) sets the limit";
            return Ok(Outcome::Verdict(Verdict::Timeout(reason.to_owned())));
        }
        let file = self.fill_placeholders("{work}/result/run_summary.json");
        let summary = fs::read_to_string(&file).map_err(|_| {
            let problem = "the result is unknown: ffx wrote no run_summary.json";
            SessionError::Setup(SetupError::new(problem, commands::TEST.hint))
        })?;
        Ok(Outcome::Verdict(run_summary::verdict(&summary)))
    }

    /// Stops the package server. Also stops the emulator, unless the next run uses it again.
    fn clean_up(&self, result: &Result<Outcome, SessionError>, keep_emulator: bool) {
        let is_failed_dry_run =
            matches!(result, Err(SessionError::Setup(_))) && self.options.dry_run;
        if is_failed_dry_run {
            return;
        }
        let _ = self.run_command(&commands::STOP_SERVER, false);
        if !keep_emulator {
            let _ = self.run_command(&commands::STOP_EMULATOR, false);
        }
    }

    /// Warns if the version that `ffx version` printed is older than the supported one.
    fn check_version(&self, stdout: &str) {
        if self.options.dry_run {
            return;
        }
        let supported = commands::SUPPORTED_VERSION
            .map(|part| part.to_string())
            .join(".");
        let version: Option<Vec<u32>> = stdout.split_whitespace().find_map(|word| {
            word.split('.')
                .map(|part| part.parse().ok())
                .collect::<Option<Vec<_>>>()
                .filter(|parts| parts.len() > 1)
        });
        match version {
            Some(version) if version.as_slice() >= commands::SUPPORTED_VERSION.as_slice() => {}
            Some(_) => print_message(&format!(
                "ffx is older than {supported}; some commands may fail"
            )),
            None => print_message(&format!(
                "unknown version of ffx; the commands are for {supported} and later"
            )),
        }
    }

    /// Runs a command that must succeed. Returns its stdout.
    fn run_checked(&self, command: &CommandTemplate) -> Result<String, SessionError> {
        let failed = |reason: &str| {
            SessionError::Setup(SetupError::new(
                format!("{} failed: {reason}", command.step),
                command.hint,
            ))
        };
        match self.run_command(command, false)? {
            (ProcessEnd::Exited(Some(0)), output) => Ok(output.stdout),
            (ProcessEnd::TimedOut, _) => Err(failed(
                "stopped at the time limit (--timeout, FEMU_TIMEOUT)",
            )),
            (ProcessEnd::Exited(status), output) => {
                let text = format!("{}\n{}", output.stderr, output.stdout);
                let is_unknown_command = [
                    "unrecognized argument",
                    "unrecognized subcommand",
                    "not a recognized",
                ]
                .iter()
                .any(|message| text.to_ascii_lowercase().contains(message));
                let last_line = text
                    .lines()
                    .rev()
                    .find(|line| !line.trim().is_empty())
                    .unwrap_or("no output")
                    .trim()
                    .to_owned();
                let status = status.map_or("killed by a signal".to_owned(), |status| {
                    format!("exit status {status}")
                });
                if is_unknown_command {
                    return Err(failed(&format!(
                        "this version of ffx does not support the command: {last_line}"
                    )));
                }
                Err(failed(&format!("{last_line} ({status})")))
            }
            (ProcessEnd::Stopped | ProcessEnd::Interrupted(_), _) => {
                Err(failed("the command was stopped"))
            }
        }
    }

    /// Runs a command. With `--dry-run`, prints it instead.
    fn run_command(
        &self,
        command: &CommandTemplate,
        print_stdout: bool,
    ) -> Result<(ProcessEnd, Output), SessionError> {
        let argv = self.argv(command);
        if self.options.dry_run {
            println!("{}", shell_quote(&argv));
            return Ok((ProcessEnd::Exited(Some(0)), Output::default()));
        }
        let mut output = Output::default();
        let limit = self.options.limit() + EXTRA_TIME;
        let (end, stderr) = process::run(&argv, limit, |stream, line| {
            let text = String::from_utf8_lossy(line);
            if print_stdout && stream == Stream::Stdout {
                println!("{text}");
            }
            if stream == Stream::Stdout && output.stdout.len() < MAX_STDOUT {
                output.stdout.push_str(&text);
                output.stdout.push('\n');
            }
            LineAction::Continue
        })
        .map_err(|error| {
            SessionError::Setup(SetupError::new(
                format!(
                    "{} failed: cannot start {}: {error}",
                    command.step,
                    argv[0].display()
                ),
                command.hint,
            ))
        })?;
        output.stderr = String::from_utf8_lossy(&stderr).into_owned();
        match end {
            ProcessEnd::Interrupted(signal) => Err(SessionError::Interrupted(signal)),
            end => Ok((end, output)),
        }
    }

    fn argv(&self, command: &CommandTemplate) -> Vec<OsString> {
        let mut argv = Vec::new();
        for arg in command.argv {
            match *arg {
                "{args}" => argv.extend(self.options.args().iter().cloned()),
                arg => argv.push(self.fill_placeholders(arg).into()),
            }
        }
        argv
    }

    fn fill_placeholders(&self, template: &str) -> String {
        let fill = |text: String, (name, value): &(&str, String)| {
            text.replace(&format!("{{{name}}}"), value)
        };
        self.placeholders.iter().fold(template.to_owned(), fill)
    }
}

/// Finds the state of the runner's emulator in the output of `ffx --machine json emu list`.
fn emulator_state(list: &str) -> Option<String> {
    let list: serde_json::Value = serde_json::from_str(list).ok()?;
    let emulator = list
        .as_array()?
        .iter()
        .find(|emulator| emulator.get("name").and_then(|name| name.as_str()) == Some(EMULATOR))?;
    let state = emulator
        .get("state")
        .and_then(|state| state.as_str())
        .unwrap_or("unknown");
    Some(state.to_ascii_lowercase())
}
