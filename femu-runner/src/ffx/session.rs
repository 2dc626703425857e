//! The sequence of calls for one run.

use super::artifacts::Follower;
use super::background::{self, Background};
use super::call::{Calls, EmulatorOptions, TestOptions};
use super::caller::{Caller, SessionError, Show};
use super::package::Package;
use super::run_summary::{self, RunSummary};
use super::sdk::Sdk;
use super::version::{Bundle, FfxVersion};
use super::{instances, package_server};
use crate::cli::{Accel, Options};
use crate::engine::Outcome;
use crate::printer::{print_message, print_tail};
use crate::process::ProcessEnd;
use crate::verdict::Verdict;
use std::fs;
use std::path::{Path, PathBuf};

/// One run.
pub struct Session<'a> {
    pub options: &'a Options,
    /// Keys and values for ffx's configuration.
    pub config: &'a [(String, String)],
    pub caller: Caller<'a>,
    pub calls: Calls,
    pub sdk: &'a Sdk,
    pub bundle: &'a Bundle,
    pub package: &'a Package,
    /// A temporary directory, in which the tools run.
    pub work: &'a Path,
}

impl Session<'_> {
    /// Runs the program. `clean_up` must follow.
    ///
    /// # Errors
    ///
    /// A call failed, or the runner received a signal.
    pub fn run(&self) -> Result<Outcome, SessionError> {
        let version = FfxVersion::parse(&self.caller.call(&self.calls.version())?.stdout);
        self.check_support(&version)?;
        self.caller
            .call(&self.calls.configure("sdk.root", &self.sdk.root))?;
        for (key, value) in self.config {
            self.caller.call(&self.calls.configure(key, value))?;
        }
        let repository = self.publish(&version)?;
        let is_new = self.start_emulator()?;
        let mut served = package_server::start(&self.caller, &self.calls, &repository);
        if let (Err(SessionError::Setup(error)), false) = (&served, is_new) {
            print_message(format_args!(
                "the emulator is replaced, because it does not answer: {error}"
            ));
            self.stop_emulator();
            self.start_emulator()?;
            served = package_server::start(&self.caller, &self.calls, &repository);
        }
        served?;
        self.test()
    }

    /// Checks that ffx has the newest of the calls that the runner needs.
    fn check_support(&self, version: &FfxVersion) -> Result<(), SessionError> {
        let help = self.caller.call(&self.calls.server_help())?.stdout;
        let is_supported = ["--background", "--no-device"]
            .iter()
            .all(|option| help.contains(option));
        if is_supported || self.options.dry_run {
            return Ok(());
        }
        let error = version.too_old("`repository server start --background --no-device`");
        Err(SessionError::Setup(error))
    }

    /// Starts the emulator, unless it runs. Returns whether it did not run.
    fn start_emulator(&self) -> Result<bool, SessionError> {
        let state =
            instances::emulator_state(&self.caller.call(&self.calls.list_emulators())?.stdout);
        let is_dead = background::is_observable() && self.emulators().is_empty();
        if state.as_deref() == Some("running") && !is_dead {
            return Ok(false);
        }
        if state.is_some() {
            // A dead emulator can still occupy its name.
            self.caller.call(&self.calls.stop_emulator())?;
        }
        let log = self.shared_dir().join("emulator.log");
        let engine = self.options.emu_engine.as_deref();
        let start = self.calls.start_emulator(&EmulatorOptions {
            bundle: &self.bundle.directory,
            engine: engine.or((!self.sdk.has_aemu).then_some("qemu")),
            accel: match self.options.accel {
                Accel::Auto => "auto",
                Accel::Kvm => "hyper",
                Accel::Tcg => "none",
            },
            log: &log,
            debugging_syscalls: self.options.debugging_syscalls(),
        });
        let result = self.caller.call_and_show(&start, Show::Both);
        if result.is_err() {
            // ffx leaves an emulator running that does not answer.
            self.stop_emulator();
        }
        if let (Err(SessionError::Setup(_)), Ok(log)) = (&result, fs::read_to_string(&log)) {
            let lines: Vec<_> = log.lines().collect();
            print_tail("last lines of the emulator's log", &lines);
        }
        result.map(|_| true)
    }

    /// The directory for files that the next run needs if it uses the emulator again: the log, and the
    /// repository, whose keys the emulator knows.
    fn shared_dir(&self) -> &Path {
        if self.keeps_emulator() {
            &self.calls.isolate_dir
        } else {
            self.work
        }
    }

    /// Publishes the package. Returns the repository.
    fn publish(&self, version: &FfxVersion) -> Result<PathBuf, SessionError> {
        let repository = self.shared_dir().join("repository");
        if !repository.exists() {
            let result = self.caller.call(&self.calls.create_repository(&repository));
            if result.is_err() {
                let _ = fs::remove_dir_all(&repository);
            }
            result?;
        }
        let level = self.options.api_level.clone();
        let sdk_level = || version.api_level.map(|level| level.to_string());
        let level = level
            .or_else(sdk_level)
            .unwrap_or_else(|| "HEAD".to_owned());
        let package = self.package;
        let output = self.work.join("package");
        let build =
            self.calls
                .build_package(&package.build_manifest, &output, &level, &package.name);
        self.caller
            .call(&self.calls.compile_manifest(&package.cml, &package.cm))?;
        self.caller.call(&build)?;
        let manifest = output.join("package_manifest.json");
        self.caller
            .call(&self.calls.publish_package(&manifest, &repository))?;
        Ok(repository)
    }

    fn test(&self) -> Result<Outcome, SessionError> {
        let result = self.work.join("result");
        let test = self.calls.test(&TestOptions {
            package: &self.package.name,
            output: &result,
            limit: self.options.limit(),
            realm: self.options.realm.as_deref(),
            args: self.options.args(),
        });
        let follower = (!self.options.dry_run).then(|| Follower::start(&result));
        let show = if self.options.raw {
            Show::Both
        } else {
            Show::Stderr
        };
        let executed = self.caller.execute(&test, show);
        let summary = fs::read_to_string(result.join("run_summary.json"));
        let summary = summary.ok().and_then(|text| RunSummary::parse(&text));
        if let Some(follower) = follower {
            let is_complete = matches!(executed, Ok((ProcessEnd::Exited(Some(_)), _)));
            let artifacts = summary
                .as_ref()
                .filter(|_| is_complete)
                .map(RunSummary::artifacts);
            follower.finish(artifacts.as_ref());
        }
        let (end, output) = executed?;
        if self.options.dry_run {
            return Ok(Outcome::DryRun);
        }
        let verdict = match end {
            ProcessEnd::Exited(status) => {
                let reason = output.last_message();
                run_summary::verdict(status, summary.as_ref(), &reason)
            }
            _ => Verdict::Timeout(
                "ffx did not end after the time limit and was stopped; --timeout (FEMU_TIMEOUT) sets \
                 the limit"
                    .to_owned(),
            ),
        };
        if !self.options.raw
            && matches!(
                verdict,
                Verdict::NotRun(_) | Verdict::Timeout(_) | Verdict::Unknown(_)
            )
        {
            let lines: Vec<_> = output.stdout.lines().collect();
            print_tail("last lines of ffx's report", &lines);
        }
        Ok(Outcome::Verdict(verdict))
    }

    /// Stops the package server. Also stops the emulator and ffx's daemon, unless the emulator is kept.
    pub fn clean_up(&self, result: &Result<Outcome, SessionError>) {
        let is_failed_dry_run =
            matches!(result, Err(SessionError::Setup(_))) && self.options.dry_run;
        if is_failed_dry_run {
            return;
        }
        package_server::stop(&self.caller, &self.calls);
        if self.keeps_emulator() {
            return;
        }
        self.stop_emulator();
        self.caller.try_call(&self.calls.stop_daemon());
    }

    /// Stops the emulator: with ffx, and if that fails, by its process ID.
    fn stop_emulator(&self) {
        let emulators = self.emulators();
        self.caller.try_call(&self.calls.stop_emulator());
        for emulator in emulators {
            emulator.end();
        }
    }

    fn emulators(&self) -> Vec<Background> {
        Background::in_directory(&instances::emulator_dir(&self.calls.isolate_dir))
    }

    fn keeps_emulator(&self) -> bool {
        self.options.isolate_dir.is_some()
    }
}
