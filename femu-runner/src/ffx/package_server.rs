//! The package server, from which the emulator gets the package.

use super::background::{self, Background};
use super::call::{Calls, ServerAddress};
use super::caller::{Caller, SessionError, Show, check};
use super::instances;
use crate::printer::print_tail;
use crate::process::ProcessEnd;
use crate::setup_error::SetupError;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Time for a server with a tunnel to register itself, and the interval between two checks.
const REGISTRATION_TIME: Duration = Duration::from_secs(60);
const REGISTRATION_INTERVAL: Duration = Duration::from_millis(500);
/// The error of `create_repo_host` in `lib/pkg/src/repo.rs` (2025, 2026).
const TUNNEL_REQUIRED: &str = "Tunnel required";

/// Starts a package server, and waits until the repository is registered with the emulator.
///
/// # Errors
///
/// A call fails, or the runner receives a signal.
pub fn start(caller: &Caller<'_>, calls: &Calls, repository: &Path) -> Result<(), SessionError> {
    stop(caller, calls);
    let ipv6 = TcpListener::bind("[::]:0").is_ok();
    launch(caller, calls, repository, ServerAddress::Any { ipv6 })?;
    let register = calls.register();
    let (end, output) = caller.execute(&register, Show::Nothing)?;
    if end == ProcessEnd::Exited(Some(0)) || !output.all().contains(TUNNEL_REQUIRED) {
        return check(&register, end, &output);
    }
    stop(caller, calls);
    start_with_tunnel(caller, calls, repository)
}

/// Starts a server. If that fails, prints its log, because ffx reports no more than a timeout.
fn launch(
    caller: &Caller<'_>,
    calls: &Calls,
    repository: &Path,
    address: ServerAddress,
) -> Result<(), SessionError> {
    let result = caller.call(&calls.start_server(repository, address));
    if result.is_err() {
        print_log(calls);
    }
    result.map(|_| ())
}

fn print_log(calls: &Calls) {
    if let Ok(log) = fs::read_to_string(instances::server_log(&calls.isolate_dir)) {
        let lines: Vec<_> = log.lines().collect();
        print_tail("last lines of the package server's log", &lines);
    }
}

/// Starts a server that registers itself, some time after the call has returned.
fn start_with_tunnel(
    caller: &Caller<'_>,
    calls: &Calls,
    repository: &Path,
) -> Result<(), SessionError> {
    let list_registrations = calls.list_registrations();
    let registration = || {
        let list = caller.call(&list_registrations)?;
        Ok(instances::registration(&list.stdout))
    };
    let before = registration()?;
    launch(caller, calls, repository, ServerAddress::Tunnel)?;
    let deadline = Instant::now() + REGISTRATION_TIME;
    while Instant::now() < deadline {
        // The tunnel has a new port in the emulator each time.
        let now = registration()?;
        if now.is_some() && now != before {
            return Ok(());
        }
        thread::sleep(REGISTRATION_INTERVAL);
    }
    print_log(calls);
    Err(SessionError::Setup(SetupError::new(
        "the package server did not register itself with the emulator",
        "the last lines of the server's log precede this message, if there is a log",
    )))
}

/// Stops the package server, and waits until it has ended, so that its name is free.
pub fn stop(caller: &Caller<'_>, calls: &Calls) {
    let list = caller.try_call(&calls.list_servers());
    let pid = list.and_then(|list| instances::server_pid(&list.stdout));
    if pid.is_none() && !caller.options.dry_run {
        return;
    }
    let server = pid.and_then(|pid| Background::find(pid, &calls.isolate_dir));
    caller.try_call(&calls.stop_server());
    if let Some(server) = server {
        server.end();
    }
    if background::is_observable() {
        instances::forget_server(&calls.isolate_dir);
    }
}
