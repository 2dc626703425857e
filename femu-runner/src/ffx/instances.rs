//! Reads ffx's lists of emulators, package servers and registrations.

use super::call::NAME;
use serde_json::Value;
use std::fs;
use std::path::Path;

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

/// Returns the process ID of the runner's emulator. `emu list` does not print it; ffx stores it in the
/// instance's `engine.json` (`plugins/emulator/data/config.json` and
/// `lib/emulator_instance/src/lib.rs`: 2023, 2026).
pub fn emulator_pid(isolate_dir: &Path) -> Option<i32> {
    let file = isolate_dir
        .join("data/emu/instances")
        .join(NAME)
        .join("engine.json");
    let engine: Value = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    engine["pid"].as_i64()?.try_into().ok()
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
