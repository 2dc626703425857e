//! `ffx emu list`, `emu start` and `emu stop`.

use super::definitions::{EmuStart, Profile};
use super::state::{instance, is_alive, kill, read_json, write_json};
use super::tool::{End, Tool};
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// `plugins/emulator/commands/list/src/lib.rs`
pub fn list(tool: &Tool) -> Result<(), End> {
    let instances = instance(&tool.call.isolate_dir, "");
    let mut emulators = Vec::new();
    for entry in fs::read_dir(instances).into_iter().flatten().flatten() {
        if let Some(engine) = read_json(&entry.path().join("engine.json")) {
            let name = entry.file_name().into_string().unwrap();
            emulators.push(json!({ "name": name, "state": state_of(&engine) }));
        }
    }
    match (tool.call.machine.is_some(), tool.profile) {
        // One object a line.
        (true, Profile::Y2023) => emulators.iter().for_each(|emulator| println!("{emulator}")),
        (true, _) => println!("{}", Value::Array(emulators)),
        (false, _) => {}
    }
    Ok(())
}

/// A running emulator whose process is dead counts as staged.
fn state_of(engine: &Value) -> String {
    let state = engine["engine_state"].as_str().unwrap();
    let state = if state == "running" && !is_alive(&engine["pid"]) {
        "staged"
    } else {
        state
    };
    state.to_owned()
}

/// Whether the emulator runs.
pub fn is_running(tool: &Tool, name: &str) -> bool {
    let engine = read_json(&instance(&tool.call.isolate_dir, name).join("engine.json"));
    engine.is_some_and(|engine| state_of(&engine) == "running")
}

/// The target that was named, which must be an emulator that runs and answers. ffx itself takes the only
/// target if none is named; the runner must name it.
pub fn target(tool: &Tool) -> Result<String, End> {
    let target = tool
        .call
        .target
        .clone()
        .expect("the runner names its target");
    if !is_running(tool, &target) {
        return Err(End::user(
            "No devices/emulators found. Please ensure the device is connected.",
        ));
    }
    if instance(&tool.call.isolate_dir, &target)
        .join("does-not-answer")
        .exists()
    {
        return Err(End::user("Timeout attempting to reach target femu-runner"));
    }
    Ok(target)
}

/// `plugins/emulator/commands/start/src/lib.rs`
pub fn start(tool: &Tool, start: &EmuStart) -> Result<(), End> {
    let bundle = start.bundle.as_deref().ok_or_else(|| {
        End::user("Error loading product bundle: No product bundle path configured, nor specified.")
    })?;
    if !bundle.is_dir() {
        let bundle = bundle.display();
        return Err(End::user(format!(
            "Error loading product bundle: Could not find product bundle in {bundle}"
        )));
    }
    if !start.headless || start.net.as_deref() != Some("user") {
        return Err(End::bug("the fake has no display and no tap device"));
    }
    if is_running(tool, &start.name) {
        return Err(End::user(format!(
            "An existing emulator instance named {} is already running",
            start.name
        )));
    }
    find_engine(
        &tool.call.isolate_dir,
        start.engine.as_deref().unwrap_or("femu"),
    )?;
    let behavior = env::var("FAKE_EMULATOR").unwrap_or_default();
    let directory = instance(&tool.call.isolate_dir, &start.name);
    fs::create_dir_all(&directory).unwrap();
    if let Some(log) = &start.log {
        fs::write(log, "the emulator's own words\n").unwrap();
    }
    let mut emulator = Command::new("sleep");
    emulator
        .arg("600")
        .current_dir(&directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if tool.profile == Profile::Y2026 {
        // `setsid`; older versions leave the emulator in ffx's process group.
        emulator.process_group(0);
    }
    let mut emulator = emulator.spawn().unwrap();
    let log = start.log.as_ref().map(|log| log.display().to_string());
    write_json(
        &directory.join("engine.json"),
        &json!({
            "emulator_binary": "/sdk/qemu",
            "emulator_configuration": { "host": { "log": log } },
            "pid": emulator.id(),
            "engine_type": start.engine.as_deref().unwrap_or("femu"),
            "engine_state": "running",
        }),
    );
    say(tool, "Waiting for Fuchsia to start (up to 60 seconds).");
    match &*behavior {
        "dies" => {
            emulator.kill().unwrap();
            emulator.wait().unwrap();
            Err(End::user("\nEmulator process failed to launch.\n"))
        }
        "does-not-answer" => Err(End::user(format!(
            "After 60 seconds, the emulator has not responded to network queries.\n\
             The emulator process is still running (pid {}).",
            emulator.id()
        ))),
        _ => {
            say(tool, "Emulator is ready.");
            Ok(())
        }
    }
}

/// 2023 prints the progress on stdout.
fn say(tool: &Tool, text: &str) {
    match tool.profile {
        Profile::Y2023 => println!("{text}"),
        _ => eprintln!("{text}"),
    }
}

/// `get_host_tool`: the configuration, a part of the SDK's manifest, else a file beside ffx.
fn find_engine(isolate_dir: &Path, engine: &str) -> Result<(), End> {
    let name = match engine {
        "femu" => "aemu_internal",
        "qemu" => "qemu_internal",
        other => {
            return Err(End::bug(&format!(
                "could not parse '{other}' as a valid engine"
            )));
        }
    };
    let ffx = env::var("FAKE_TOOL_PATH").unwrap();
    let directory = Path::new(&ffx).parent().unwrap();
    let manifest = read_json(&directory.join("../../meta/manifest.json")).unwrap();
    let parts = manifest["parts"].as_array().unwrap();
    let is_part = |part: &Value| part["meta"] == *format!("tools/x64/{name}-meta.json");
    if let Ok(configured) =
        fs::read_to_string(isolate_dir.join(format!("config/sdk.overrides.{name}")))
    {
        if Path::new(&configured).is_file() {
            return Ok(());
        }
        return Err(End::bug(&format!(
            "Override path for {name} set to \"{configured}\", but does not exist"
        )));
    }
    if parts.iter().any(is_part) || directory.join(name).is_file() {
        return Ok(());
    }
    Err(End::bug(&format!(
        "Cannot find {name} in the SDK: not found in SDK manifest files"
    )))
}

/// `plugins/emulator/commands/stop/src/lib.rs`
pub fn stop(tool: &Tool, name: Option<&str>) -> Result<(), End> {
    let name = name.expect("the runner names its emulator");
    let directory = instance(&tool.call.isolate_dir, name);
    let Some(engine) = read_json(&directory.join("engine.json")) else {
        return Err(End::user(format!("{name} does not exist.")));
    };
    println!("Stopping emulator '{name}'...");
    if env::var("FAKE_EMULATOR").as_deref() == Ok("cannot-be-stopped") {
        eprintln!("Failed to terminate the emulator");
    } else if is_alive(&engine["pid"]) {
        kill("KILL", &engine["pid"]);
    }
    fs::remove_dir_all(directory).unwrap();
    Ok(())
}
