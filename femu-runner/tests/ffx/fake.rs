//! A fake ffx and a fake cmc.
//!
//! The fake parses each call with argh, as ffx does, by the definitions in ffx's sources in three
//! versions (`Profile`), and refuses everything else in ffx's words. It keeps its state in the isolate
//! directory, at the paths of ffx. Variables select the behavior that a test is about:
//!
//! | Variable | Values (the first one if absent) |
//! |---|---|
//! | `FAKE_FFX` | `2026`, `2024`, `2023` |
//! | `FAKE_EMULATOR` | `works`, `dies`, `does-not-answer`, `cannot-be-stopped` |
//! | `FAKE_HOST_ADDRESS` | `known`, `unknown`: whether the emulator knows the host's address |
//! | `FAKE_TEST` | an outcome, see `test_run` |
//! | `FAKE_CALLS` | the file that gets a line for each call |

// The definitions are as in ffx, and all commands have one signature.
#![allow(
    clippy::large_enum_variant,
    clippy::struct_field_names,
    clippy::unnecessary_wraps
)]

mod build;
mod cmc;
mod definitions;
mod emulator;
mod repository;
mod state;
mod test_run;
mod tool;

use definitions::{Action, Profile};
use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::ExitCode;

/// Starts the tool whose name is in this variable, instead of the tests.
pub const TOOL: &str = "FAKE_TOOL";

/// Runs the tool.
pub fn main(tool: &str) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    record(tool, &arguments);
    if tool == "cmc" {
        return cmc::main(&arguments);
    }
    let profile = Profile::from_environment();
    let result = definitions::parse(profile, &arguments).and_then(|call| {
        let machine = call.machine.clone();
        let tool = tool::Tool { profile, call };
        run(&tool).map_err(|mut end| {
            // Since 2025, errors are JSON on stdout if a machine format was requested.
            end.is_json = profile == Profile::Y2026 && machine.is_some();
            end
        })
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(end) => end.print(),
    }
}

fn run(tool: &tool::Tool) -> Result<(), tool::End> {
    match &tool.call.action {
        Action::Version => build::version(tool),
        Action::ConfigSet { name, value } => build::configure(tool, name, value),
        Action::ConfigGet => Err(tool::End::user("Value not found")),
        Action::EmuList => emulator::list(tool),
        Action::EmuStart(start) => emulator::start(tool, start),
        Action::EmuStop { name } => emulator::stop(tool, name.as_deref()),
        Action::RepositoryCreate { directory } => repository::create(directory),
        Action::RepositoryPublish {
            packages,
            repository,
        } => repository::publish(packages, repository),
        Action::ServerStart(start) => repository::start_server(tool, start),
        Action::ServerStop { name, all } => repository::stop_server(tool, name.as_deref(), *all),
        Action::ServerList => repository::list_servers(tool),
        Action::Register { repository } => repository::register(tool, repository.as_deref()),
        Action::RegistrationList => repository::list_registrations(tool),
        Action::PackageBuild(package) => build::package(tool, package),
        Action::TestRun(test) => test_run::run(tool, test),
        Action::DaemonStop => {
            println!("No daemon was running.");
            Ok(())
        }
    }
}

/// Records the call, and the variables by which the caller could have selected a target.
fn record(tool: &str, arguments: &[String]) {
    let Some(file) = env::var_os("FAKE_CALLS") else {
        return;
    };
    let mut line = format!("{tool} {}", arguments.join(" "));
    for name in ["FUCHSIA_NODENAME", "FUCHSIA_DEVICE_ADDR"] {
        if env::var_os(name).is_some() {
            line.extend([" [", name, " is set]"]);
        }
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .unwrap();
    writeln!(file, "{line}").unwrap();
}
