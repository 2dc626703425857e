//! Paths and processes of the fake's state.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of an emulator instance, as in `plugins/emulator/data/config.json`.
pub fn instance(isolate_dir: &Path, name: &str) -> PathBuf {
    isolate_dir.join("data/emu/instances").join(name)
}

/// The directory with a file for each package server, as in `plugins/repository/data/config.json`.
pub fn servers(isolate_dir: &Path) -> PathBuf {
    isolate_dir.join("data/repos/server_info")
}

pub fn read_json(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

pub fn write_json(path: &Path, json: &Value) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("{json:#}")).unwrap();
}

/// Whether the process with the ID in `pid` exists. ffx counts a zombie.
pub fn is_alive(pid: &Value) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

pub fn kill(signal: &str, pid: &Value) {
    let status = Command::new("kill")
        .args(["-s", signal, &pid.to_string()])
        .status();
    assert!(status.unwrap().success(), "kill {pid}");
}
