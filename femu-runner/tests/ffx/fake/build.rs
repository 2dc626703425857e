//! `ffx version`, `ffx config set` and `ffx package build`.

use super::definitions::{PackageBuild, Profile};
use super::state::write_json;
use super::tool::{End, Tool};
use serde_json::json;
use std::fs;
use std::path::Path;

/// `plugins/version/src/serialization.rs`
pub fn version(tool: &Tool) -> Result<(), End> {
    let (build_version, api_level) = tool.profile.sdk();
    let mut version = json!({ "tool_version": {
        "commit_hash": "abcdef01", "commit_timestamp": 1_699_991_931, "build_version": build_version,
        "abi_revision": 6_226_564_421_796_955_434_u64, "api_level": api_level,
        "exec_path": "/sdk/tools/x64/ffx", "build_id": null,
    }});
    if tool.profile == Profile::Y2026 {
        version["daemon_version"] = json!(null);
    }
    if tool.call.machine.is_some() {
        println!("{version}");
    } else {
        println!("{build_version}");
    }
    Ok(())
}

/// `plugins/config/src/lib.rs`: the file with the configuration is the fake's own.
pub fn configure(tool: &Tool, name: &str, value: &str) -> Result<(), End> {
    let directory = tool.call.isolate_dir.join("config");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join(name), value).unwrap();
    Ok(())
}

/// `src/sys/pkg/lib/package-tool/src/package_build.rs`
pub fn package(tool: &Tool, build: &PackageBuild) -> Result<(), End> {
    let fail = |message: String| match tool.profile {
        Profile::Y2026 => End::user(format!("failed to build package: {message}")),
        _ => End::bug(&message),
    };
    let text = fs::read_to_string(&build.manifest)
        .map_err(|_| fail(format!("opening {}", build.manifest.display())))?;
    let newest = tool.profile.sdk().1;
    let is_number = build.level.parse().is_ok_and(|level: u64| level <= newest);
    if !is_number && !["HEAD", "NEXT", "PLATFORM"].contains(&&*build.level) {
        return Err(fail(format!(
            "Unknown target API level: {}. Is the SDK too old to support it?\n\
             The following API levels are supported: {}, {newest}",
            build.level,
            newest - 1
        )));
    }
    let mut blobs = Vec::new();
    for line in text.lines().filter(|line| line.contains('=')) {
        let (path, file) = line.split_once('=').unwrap();
        if !Path::new(file.trim()).is_file() {
            return Err(fail(format!("opening {file}")));
        }
        blobs.push(json!({ "path": path.trim(), "source_path": file.trim() }));
    }
    let meta = blobs.iter().find(|blob| blob["path"] == "meta/package");
    let meta = meta.ok_or_else(|| fail("package missing meta/package entry".to_owned()))?;
    let meta = super::state::read_json(Path::new(meta["source_path"].as_str().unwrap())).unwrap();
    if meta["version"] != "0" {
        return Err(fail("package variant must be zero".to_owned()));
    }
    let name = build
        .published_name
        .as_deref()
        .unwrap_or(meta["name"].as_str().unwrap());
    let manifest = json!({
        "version": "1", "package": { "name": name, "version": "0" }, "blobs": blobs,
        "abi_revision": build.level,
    });
    write_json(&build.out.join("package_manifest.json"), &manifest);
    Ok(())
}
