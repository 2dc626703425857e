//! The engine that uses the emulator of Fuchsia's SDK. Kept thin: `call` holds what is said to
//! the tools.
//!
//! **It has not been run against a real ffx**: its tests use a fake one.

mod call;
mod package;
mod sdk;
mod summary;

use crate::boot::{Outcome, load_program, note};
use crate::cli::{Accel, Options};
use crate::process::{self, End, Next, Stream};
use crate::qemu::shell_line;
use crate::setup::{SetupError, setup};
use call::Call;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const EMULATOR: &str = "femu-runner";
const REPOSITORY: &str = "femu-runner";
/// QEMU refuses socket paths of 108 bytes and more, and ffx adds about this to the folder's.
const MAX_ISOLATE: usize = 60;

/// Packs the program, and runs it on the SDK's emulator.
///
/// # Errors
///
/// Something is missing, or a call failed, so that nothing was run.
pub fn run(options: &Options) -> Result<Outcome, SetupError> {
    let sdk = sdk::find(options.sdk.as_deref())?;
    let (machine, program) = load_program(options.program())?;
    let bundle = options.bundle.as_deref().ok_or_else(|| {
        setup(
            "the ffx engine needs a product bundle",
            "name one with --bundle (FEMU_BUNDLE); `ffx product download` gets it",
        )
    })?;
    let folder = tempfile::Builder::new().prefix("femu").tempdir();
    let folder = folder.map_err(|error| {
        setup(
            format!("no temporary folder can be made: {error}"),
            "set TMPDIR",
        )
    })?;
    let work = folder.path();
    let isolate = options
        .isolate_dir
        .clone()
        .unwrap_or_else(|| work.join("i"));
    if isolate.as_os_str().len() > MAX_ISOLATE {
        return Err(setup(
            format!(
                "{} has a path too long for the emulator's sockets",
                isolate.display()
            ),
            "name a folder with a short path with --isolate-dir (FEMU_ISOLATE_DIR), or set TMPDIR",
        ));
    }
    let file_name = options
        .program()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let name = package::name(&file_name);
    let accel = match options.accel() {
        Accel::Auto => "auto",
        Accel::Kvm => "hyper",
        Accel::Tcg => "none",
    };
    let seconds = options.timeout.to_string();
    let text = |path: &Path| path.display().to_string();
    let session = Session {
        options,
        values: vec![
            ("ffx", text(&sdk.ffx)),
            ("cmc", text(&sdk.cmc)),
            ("sdk", text(&sdk.root)),
            ("isolate", text(&isolate)),
            ("work", text(work)),
            ("bundle", bundle.to_owned()),
            ("emulator", EMULATOR.to_owned()),
            ("repository", REPOSITORY.to_owned()),
            ("package", name.clone()),
            ("accel", accel.to_owned()),
            ("seconds", seconds),
            ("api_level", options.api_level.clone()),
        ],
    };
    let path = format!("bin/{name}");
    let mut files = vec![(path.clone(), work.join("program"))];
    files.extend(sdk.libraries(machine)?);
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
            setup(
                format!("{name} cannot be written: {error}"),
                "make room, or set TMPDIR",
            )
        })
    };
    write("program", &program)?;
    write("component.cml", package::component(&path).as_bytes())?;
    write("meta-package", package::meta(&name).as_bytes())?;
    write(
        "package.manifest",
        package::manifest(work, &name, &files).as_bytes(),
    )?;
    let result = session.run();
    session.clean_up(&result, options.isolate_dir.is_some());
    match result {
        Ok(outcome) => Ok(outcome),
        Err(Stop::Interrupted(signal)) => Ok(Outcome::Interrupted(signal)),
        Err(Stop::Setup(error)) => Err(error),
    }
}

/// Why a call was the last.
enum Stop {
    Setup(SetupError),
    Interrupted(i32),
}

struct Session<'a> {
    options: &'a Options,
    values: Vec<(&'static str, String)>,
}

impl Session<'_> {
    fn run(&self) -> Result<Outcome, Stop> {
        self.check_version(&self.must(&call::ASK_VERSION)?);
        for call in &call::PREPARE {
            self.must(call)?;
        }
        let state = emulator_state(&self.must(&call::LIST)?);
        if state.as_deref() != Some("running") {
            if state.is_some() {
                // One that died blocks its name.
                self.must(&call::STOP)?;
            }
            self.must(&call::START)?;
        }
        for call in &call::PUBLISH {
            self.must(call)?;
        }
        let (end, _) = self.call(&call::TEST, true)?;
        if self.options.dry_run {
            return Ok(Outcome::Dry);
        }
        if end == End::TimedOut {
            let why = "stopped at the limit; --timeout (FEMU_TIMEOUT) gives it longer";
            return Ok(Outcome::Verdict(crate::verdict::Verdict::Timeout(
                why.to_owned(),
            )));
        }
        let file = self.fill("{work}/result/run_summary.json");
        let summary = fs::read_to_string(&file).map_err(|_| {
            let what = "ffx left no run_summary.json, so that the outcome is not known";
            Stop::Setup(setup(what, call::TEST.advice))
        })?;
        Ok(Outcome::Verdict(summary::verdict(&summary)))
    }

    /// What was started is ended, unless it is to be used again.
    fn clean_up(&self, result: &Result<Outcome, Stop>, keep: bool) {
        let nothing_ran = matches!(result, Err(Stop::Setup(_))) && self.options.dry_run;
        if nothing_ran {
            return;
        }
        let _ = self.call(&call::STOP_SERVER, false);
        if !keep {
            let _ = self.call(&call::STOP, false);
        }
    }

    fn check_version(&self, said: &str) {
        if self.options.dry_run {
            return;
        }
        let written_for = call::VERSION.map(|part| part.to_string()).join(".");
        let version: Option<Vec<u32>> = said.split_whitespace().find_map(|word| {
            word.split('.')
                .map(|part| part.parse().ok())
                .collect::<Option<Vec<_>>>()
                .filter(|parts| parts.len() > 1)
        });
        match version {
            Some(version) if version.as_slice() >= call::VERSION.as_slice() => {}
            Some(_) => note(&format!(
                "this ffx is older than {written_for}; a call that it does not know will say so"
            )),
            None => note(&format!(
                "the version of this ffx is not known; the calls are for {written_for}"
            )),
        }
    }

    /// The call's output; an error where it fails.
    fn must(&self, call: &Call) -> Result<String, Stop> {
        let failed =
            |why: &str| Stop::Setup(setup(format!("{} failed: {why}", call.step), call.advice));
        match self.call(call, false)? {
            (End::Exited(Some(0)), said) => Ok(said.stdout),
            (End::TimedOut, _) => Err(failed("it did not end in time (--timeout, FEMU_TIMEOUT)")),
            (End::Exited(status), said) => {
                let text = format!("{}\n{}", said.stderr, said.stdout);
                let verb = [
                    "Unrecognized argument",
                    "unrecognized subcommand",
                    "not a recognized",
                ]
                .iter()
                .any(|words| {
                    text.to_ascii_lowercase()
                        .contains(&words.to_ascii_lowercase())
                });
                let last = text
                    .lines()
                    .rev()
                    .find(|line| !line.trim().is_empty())
                    .unwrap_or("it said nothing")
                    .trim()
                    .to_owned();
                let status =
                    status.map_or("a signal".to_owned(), |status| format!("status {status}"));
                if verb {
                    return Err(failed(&format!("this ffx does not know the call: {last}")));
                }
                Err(failed(&format!("{last} ({status})")))
            }
            (End::Stopped | End::Interrupted(_), _) => Err(failed("it was stopped")),
        }
    }

    fn call(&self, call: &Call, show: bool) -> Result<(End, Said), Stop> {
        let argv = self.argv(call);
        if self.options.dry_run {
            println!("{}", shell_line(&argv));
            return Ok((End::Exited(Some(0)), Said::default()));
        }
        let mut said = Said::default();
        // ffx bounds the start itself; what follows must not cut it short.
        let limit = self.options.limit() + Duration::from_secs(10);
        let (end, errors) = process::run(&argv, limit, |from, line| {
            let text = String::from_utf8_lossy(line);
            if show && from == Stream::Stdout {
                println!("{text}");
            }
            if from == Stream::Stdout && said.stdout.len() < MAX_SAID {
                said.stdout.push_str(&text);
                said.stdout.push('\n');
            }
            Next::Go
        })
        .map_err(|error| {
            Stop::Setup(setup(
                format!(
                    "{}: {} cannot be started: {error}",
                    call.step,
                    argv[0].display()
                ),
                call.advice,
            ))
        })?;
        said.stderr = String::from_utf8_lossy(&errors).into_owned();
        match end {
            End::Interrupted(signal) => Err(Stop::Interrupted(signal)),
            end => Ok((end, said)),
        }
    }

    fn argv(&self, call: &Call) -> Vec<OsString> {
        let mut argv = Vec::new();
        for arg in call.argv {
            match *arg {
                "{args}" => argv.extend(self.options.args().iter().cloned()),
                arg => argv.push(self.fill(arg).into()),
            }
        }
        argv
    }

    fn fill(&self, template: &str) -> String {
        let put = |text: String, (name, value): &(&str, String)| {
            text.replace(&format!("{{{name}}}"), value)
        };
        self.values.iter().fold(template.to_owned(), put)
    }
}

/// How much of a call's output is kept.
const MAX_SAID: usize = 1 << 20;

#[derive(Default)]
struct Said {
    stdout: String,
    stderr: String,
}

/// The state of our emulator in `ffx --machine json emu list`, if it is there.
fn emulator_state(list: &str) -> Option<String> {
    let list: serde_json::Value = serde_json::from_str(list).ok()?;
    let found = list
        .as_array()?
        .iter()
        .find(|emulator| emulator.get("name").and_then(|name| name.as_str()) == Some(EMULATOR))?;
    let state = found
        .get("state")
        .and_then(|state| state.as_str())
        .unwrap_or("unknown");
    Some(state.to_ascii_lowercase())
}
