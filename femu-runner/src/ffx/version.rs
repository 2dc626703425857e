//! Reads the versions of ffx, the SDK and the product bundle.

use super::sdk::Sdk;
use crate::printer::print_message;
use crate::setup_error::SetupError;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The oldest SDK whose ffx has the calls that the runner needs. `repository server start
/// --background` is absent from the sources of 2023, and rustc's runner uses it since October 2024.
pub const OLDEST_SDK: &str = "release 23 (late 2024)";

/// The version of ffx.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FfxVersion {
    /// The version of the SDK that ffx is from, such as `33.20260927.4.1`.
    pub build_version: Option<String>,
    /// The number of the newest API level.
    pub api_level: Option<u64>,
}

impl FfxVersion {
    /// Reads the output of `ffx --machine json version`.
    pub fn parse(output: &str) -> Self {
        let output: Value = serde_json::from_str(output).unwrap_or_default();
        let version = &output["tool_version"];
        Self {
            build_version: version["build_version"].as_str().map(str::to_owned),
            api_level: version["api_level"].as_u64(),
        }
    }

    /// The error for an ffx that lacks a call.
    pub fn too_old(&self, call: &str) -> SetupError {
        let version = self
            .build_version
            .as_deref()
            .unwrap_or("of unknown version");
        SetupError::new(
            format!("ffx {version} is too old: it does not support {call}"),
            format!(
                "use an SDK of {OLDEST_SDK} or later, and a product bundle of the same release"
            ),
        )
    }
}

/// A product bundle: a directory with `product_bundle.json`.
#[derive(Debug)]
pub struct Bundle {
    /// The absolute path of the directory.
    pub directory: PathBuf,
    sdk_version: Option<String>,
}

impl Bundle {
    /// Reads `product_bundle.json`.
    ///
    /// # Errors
    ///
    /// The path is not a directory with a `product_bundle.json`.
    pub fn open(directory: &Path) -> Result<Self, SetupError> {
        let unusable = |problem: String| {
            SetupError::new(
                format!("{} is not a product bundle: {problem}", directory.display()),
                "give the directory that `ffx product download` has written with --bundle \
                 (FEMU_BUNDLE)",
            )
        };
        let file = directory.join("product_bundle.json");
        let text = fs::read_to_string(&file)
            .map_err(|error| unusable(format!("cannot read product_bundle.json: {error}")))?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| unusable(format!("product_bundle.json: {error}")))?;
        let absolute =
            std::path::absolute(directory).map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            directory: absolute,
            sdk_version: json["sdk_version"].as_str().map(str::to_owned),
        })
    }

    /// Warns if the bundle is from another SDK.
    pub fn compare_with(&self, sdk: &Sdk) {
        if let (Some(bundle), Some(sdk)) = (&self.sdk_version, &sdk.id)
            && bundle != sdk
        {
            print_message(format_args!(
                "the product bundle is of SDK {bundle}, and the SDK is {sdk}; use the same version, or \
                 the emulator can refuse the package"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_with_and_without_daemon_is_read() {
        let expected = FfxVersion {
            build_version: Some("33.20260927.4.1".to_owned()),
            api_level: Some(31),
        };
        for daemon in ["", r#", "daemon_version": null"#] {
            let output = format!(
                r#"{{"tool_version": {{"commit_hash": "abcdef01", "build_version": "33.20260927.4.1",
                    "abi_revision": 18226564421796955434, "api_level": 31}}{daemon}}}"#
            );
            assert_eq!(FfxVersion::parse(&output), expected);
        }
    }

    #[test]
    fn incomplete_version_has_unknown_parts() {
        for output in [
            "",
            "{}",
            "33.20260927.4.1",
            r#"{"tool_version": {"api_level": null}}"#,
        ] {
            assert_eq!(FfxVersion::parse(output), FfxVersion::default(), "{output}");
        }
    }
}
