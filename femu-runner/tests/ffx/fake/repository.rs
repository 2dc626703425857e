//! `ffx repository` and `ffx target repository`.
#![allow(clippy::zombie_processes)] // The server survives this process.

use super::definitions::{Profile, ServerStart};
use super::emulator;
use super::state::{instance, is_alive, kill, read_json, servers, write_json};
use super::tool::{End, Tool};
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The server: it ends some time after SIGTERM. `$0` registers it some time after its start.
const SERVER: &str = "trap 'sleep 0.3; kill $!; exit' TERM
[ -z \"$REGISTRATION\" ] || { sleep 0.7; mv \"$REGISTRATION.new\" \"$REGISTRATION\"; }
sleep 600 &
wait";

pub fn create(directory: &Path) -> Result<(), End> {
    fs::create_dir_all(directory.join("keys")).unwrap();
    write_json(&directory.join("repository/root.json"), &json!({}));
    Ok(())
}

pub fn publish(packages: &[PathBuf], repository: &Path) -> Result<(), End> {
    if !repository.join("keys").is_dir() {
        return Err(End::bug(&format!(
            "opening repository {}",
            repository.display()
        )));
    }
    for package in packages {
        let manifest = read_json(package)
            .ok_or_else(|| End::bug(&format!("reading package manifest {}", package.display())))?;
        let name = manifest["package"]["name"].as_str().unwrap();
        write_json(
            &repository.join("repository").join(format!("{name}.json")),
            &manifest,
        );
    }
    Ok(())
}

/// The servers that run, with their files.
fn live_servers(tool: &Tool) -> Vec<(PathBuf, Value)> {
    let mut live = Vec::new();
    for file in fs::read_dir(servers(&tool.call.isolate_dir))
        .into_iter()
        .flatten()
        .flatten()
    {
        let server = read_json(&file.path()).unwrap();
        if is_alive(&server["pid"]) {
            live.push((file.path(), server));
        } else {
            fs::remove_file(file.path()).unwrap();
        }
    }
    live
}

fn find_server(tool: &Tool, name: &str) -> Option<Value> {
    let mut servers = live_servers(tool).into_iter();
    servers
        .find(|(_, server)| server["name"] == name)
        .map(|(_, server)| server)
}

/// `plugins/repository/server/start/src/lib.rs`
pub fn start_server(tool: &Tool, start: &ServerStart) -> Result<(), End> {
    let invalid = |message: String| {
        let prefix = match tool.profile {
            Profile::Y2026 => "Failed to validate server arguments: ",
            _ => "",
        };
        Err(End::user(format!("{prefix}{message}")))
    };
    if start.background && start.foreground {
        return invalid("--background and --foreground are mutually exclusive".to_owned());
    }
    if !start.background {
        return Err(End::user(
            "the fake has no server in the foreground: it would not return",
        ));
    }
    let Some(repo_path) = &start.repo_path else {
        return invalid("Either --repo-path or --product-bundle need to be specified".to_owned());
    };
    if !repo_path.is_dir() {
        return invalid(format!(
            "repo-path \"{}\" does not exist",
            repo_path.display()
        ));
    }
    if !repo_path.join("repository/root.json").is_file() {
        // The server itself has failed.
        return Err(End::user(
            "Timed out waiting for the repository server to start",
        ));
    }
    if let Some(other) = find_server(tool, &start.name) {
        return invalid(format!(
            "Repository name conflict. Cannot start a server named {} serving \"{}\". Repository server \
             \"{}\" is already running on {} serving a different path: {}",
            start.name,
            repo_path.display(),
            start.name,
            other["address"],
            other["repo_path"]["file"]
        ));
    }
    let registered_by_itself = if start.no_device {
        None
    } else {
        Some(emulator::target(tool)?)
    };
    let port = 40_000 + (std::process::id() % 20_000) as u16;
    let address = SocketAddr::new(start.address.ip(), port);
    let isolate_dir = &tool.call.isolate_dir;
    let mut server = Command::new("/bin/sh");
    server
        .args(["-c", SERVER, "ffx", "--isolate-dir"])
        .arg(isolate_dir)
        .args(["repository", "server", "start", "--disconnected"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    if let Some(target) = &registered_by_itself {
        // The emulator's end of the tunnel.
        let mirror = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port.wrapping_add(1));
        let file = registration(tool, target, &start.name);
        let new = PathBuf::from(format!("{}.new", file.display()));
        write_json(
            &new,
            &registration_of(&start.name, &mirror.to_string(), repo_path),
        );
        server.env("REGISTRATION", &file);
    }
    let server = server.spawn().unwrap();
    write_json(
        &servers(isolate_dir).join(format!("{}@{port}.json", start.name)),
        &json!({
            "name": start.name, "address": address, "repo_path": { "file": repo_path },
            "registration_aliases": [], "server_mode": "background", "pid": server.id(),
        }),
    );
    println!("Repository server is listening on {address}");
    Ok(())
}

/// `plugins/repository/server/stop/src/lib.rs`
pub fn stop_server(tool: &Tool, name: Option<&str>, all: bool) -> Result<(), End> {
    let live = live_servers(tool);
    if live.is_empty() {
        println!("no running servers");
        return Ok(());
    }
    let is_named = |server: &Value| all || name.is_some_and(|name| server["name"] == name);
    let named: Vec<_> = live.iter().filter(|(_, server)| is_named(server)).collect();
    if named.is_empty() {
        return Err(End::user(format!(
            "no running server named {} is found.",
            name.unwrap_or_default()
        )));
    }
    for (_, server) in named {
        kill("TERM", &server["pid"]);
    }
    println!("Stopped the repository server");
    Ok(())
}

/// `plugins/repository/server/list/src/lib.rs`
pub fn list_servers(tool: &Tool) -> Result<(), End> {
    let servers: Vec<Value> = live_servers(tool)
        .into_iter()
        .map(|(_, server)| server)
        .collect();
    println!("{}", json!({ "ok": { "data": servers } }));
    Ok(())
}

fn registration(tool: &Tool, target: &str, name: &str) -> PathBuf {
    instance(&tool.call.isolate_dir, target)
        .join("registrations")
        .join(name)
}

fn registration_of(name: &str, mirror: &str, repo_path: &Path) -> Value {
    json!({
        "name": format!("fuchsia-pkg://{name}"),
        "mirrors": [format!("http://{mirror}/{name}")],
        "repo_path": repo_path,
    })
}

/// `plugins/target/repository/register/src/lib.rs`, and `create_repo_host` in `lib/pkg/src/repo.rs`
pub fn register(tool: &Tool, repository: Option<&str>) -> Result<(), End> {
    let name = repository.unwrap_or("devhost");
    let target = emulator::target(tool)?;
    let server = find_server(tool, name).ok_or_else(|| {
        End::user(format!(
            "{name} is not a running repository, nor a daemon based repository."
        ))
    })?;
    let address: SocketAddr = server["address"].as_str().unwrap().parse().unwrap();
    let host_is_known = env::var("FAKE_HOST_ADDRESS").as_deref() != Ok("unknown");
    let needs_tunnel = address.ip().is_loopback() || !host_is_known;
    if needs_tunnel && tool.profile == Profile::Y2026 {
        return Err(End::user("Tunnel required"));
    }
    if !host_is_known {
        return Err(End::bug(
            "Failed to register repository: TargetCommunicationFailure",
        ));
    }
    // Before 2025, the device gets an address that it cannot reach.
    let host = if needs_tunnel {
        "127.0.0.1"
    } else {
        "10.0.2.2"
    };
    let mirror = format!("{host}:{}", address.port());
    let repo_path = PathBuf::from(server["repo_path"]["file"].as_str().unwrap());
    write_json(
        &registration(tool, &target, name),
        &registration_of(name, &mirror, &repo_path),
    );
    Ok(())
}

/// `plugins/target/repository/list/src/lib.rs`
pub fn list_registrations(tool: &Tool) -> Result<(), End> {
    let directory = registration(tool, &emulator::target(tool)?, "");
    let mut registrations = Vec::new();
    for file in fs::read_dir(directory).into_iter().flatten().flatten() {
        if file.path().extension().is_none() {
            registrations.push(read_json(&file.path()).unwrap());
        }
    }
    println!("{}", json!({ "ok": { "data": registrations } }));
    Ok(())
}

/// The manifest of a package, if a target gets it from a server that runs.
pub fn resolve(tool: &Tool, target: &str, repository: &str, package: &str) -> Option<Value> {
    let registration = read_json(&registration(tool, target, repository))?;
    let mirror = registration["mirrors"][0].as_str().unwrap();
    let server = find_server(tool, repository)?;
    let port = server["address"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap()
        .parse::<u16>()
        .unwrap();
    let is_host = mirror.contains(&format!("//10.0.2.2:{port}/"));
    let is_tunnel = mirror.contains(&format!("//127.0.0.1:{}/", port.wrapping_add(1)));
    let repo_path = Path::new(registration["repo_path"].as_str().unwrap());
    (is_host || is_tunnel)
        .then(|| read_json(&repo_path.join("repository").join(format!("{package}.json"))))?
}
