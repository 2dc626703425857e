//! Reads ffx's lists of emulators, package servers and registrations.

use super::call::NAME;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns the state of the runner's emulator from the output of `ffx --machine json emu list`: an
/// array of objects, or one object a line (2023).
pub fn emulator_state(list: &str) -> Option<String> {
    let values = serde_json::Deserializer::from_str(list).into_iter::<Value>();
    let emulators = values.map_while(Result::ok).flat_map(|value| match value {
        Value::Array(emulators) => emulators,
        emulator => vec![emulator],
    });
    let state_of = |emulator: Value| {
        emulator["state"]
            .as_str()
            .unwrap_or("unknown")
            .to_ascii_lowercase()
    };
    emulators
        .filter(|emulator| emulator["name"] == NAME)
        .map(state_of)
        .next()
}

/// The directory of the emulator instances (`plugins/emulator/data/config.json`: 2023, 2026).
pub fn emulator_dir(isolate_dir: &Path) -> PathBuf {
    isolate_dir.join("data/emu/instances")
}

/// Removes the files with which ffx remembers the runner's package server (`repository.process_dir`:
/// `lib/pkg/src/instance.rs`: 2024, 2026). ffx keeps the file of a server that has become a zombie.
pub fn forget_server(isolate_dir: &Path) {
    let files = fs::read_dir(isolate_dir.join("data/repos/server_info"));
    for file in files.into_iter().flatten().flatten() {
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&format!("{NAME}@")) || name == format!("{NAME}.json") {
            let _ = fs::remove_file(file.path());
        }
    }
}

/// The log of the runner's package server (`lib/daemonize/src/lib.rs`, `data/config.json`: 2026).
pub fn server_log(isolate_dir: &Path) -> PathBuf {
    isolate_dir.join(format!("cache/logs/repo_{NAME}.log"))
}

/// Returns the process ID of the runner's package server from the output of
/// `ffx --machine json repository server list`.
pub fn server_pid(list: &str) -> Option<i32> {
    let list: Value = serde_json::from_str(list).ok()?;
    let servers = list["ok"]["data"].as_array()?;
    let server = servers.iter().find(|server| server["name"] == NAME)?;
    server["pid"].as_i64()?.try_into().ok()
}

/// Returns the registration of the runner's repository from the output of
/// `ffx --machine json target repository list`.
pub fn registration(list: &str) -> Option<Value> {
    let list: Value = serde_json::from_str(list).ok()?;
    let url = format!("fuchsia-pkg://{NAME}");
    let mut registrations = list["ok"]["data"].as_array()?.iter();
    registrations
        .find(|registration| registration["name"] == *url)
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_found_in_both_forms_of_the_list() {
        for list in [
            r#"[{"name": "other", "state": "staged"}, {"name": "femu-runner", "state": "Running"}]"#,
            "{\"name\":\"other\",\"state\":\"staged\"}\n{\"name\":\"femu-runner\",\"state\":\"running\"}\n",
        ] {
            assert_eq!(emulator_state(list).as_deref(), Some("running"), "{list}");
        }
        for list in [
            "",
            "[]",
            "\n",
            r#"[{"name": "other", "state": "running"}]"#,
            "3",
            "[3]",
        ] {
            assert_eq!(emulator_state(list), None, "{list}");
        }
    }

    #[test]
    fn server_is_found_by_its_name() {
        let list = r#"{"ok":{"data":[{"name":"other","pid":1},{"name":"femu-runner","address":"[::]:8000","pid":123}]}}"#;
        assert_eq!(server_pid(list), Some(123));
        assert_eq!(server_pid(r#"{"ok":{"data":[]}}"#), None);
        assert_eq!(server_pid("no running servers"), None);
    }

    #[test]
    fn registration_is_found_by_its_url() {
        let list = r#"{"ok":{"data":[{"name":"fuchsia-pkg://femu-runner","mirrors":["http://127.0.0.1:5/femu-runner"]}]}}"#;
        assert!(registration(list).is_some());
        assert!(
            registration(r#"{"ok":{"data":[{"name":"fuchsia-pkg://fuchsia.com"}]}}"#).is_none()
        );
    }
}
